"""Directions that tell photos with a fact from photos without it.

Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936, with a ridge on the covariance and
one covariance for all facts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...types import Vectors
from ...vectors import unit
from ..words.fact_table import FactTable, Marks
from ..words.lexicon import Lexicon

__all__ = ["fact_directions", "phrase_rows"]


def fact_directions(
    vectors: Vectors, have: Marks, lack: Marks, *, least: int, ridge: float
) -> tuple[NDArray[np.intp], Vectors]:
    """Return the facts that enough photos have and enough lack, and their directions.

    Args:
        vectors: of photos, float32 (n, dim), each of length 1.
        have: bool (n, facts).
        lack: bool (n, facts); what is neither is unknown.
        least: photos on each side.
        ridge: share of the mean variance that is added to every variance, > 0.

    Returns:
        Columns of ``have``, (m,), and float32 (m, dim), each of length 1.
    """
    told = np.flatnonzero((have.sum(0) >= least) & (lack.sum(0) >= least))
    exact = vectors.astype(np.float64)
    covariance = np.cov(exact.T)
    covariance += ridge * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    apart = np.array([exact[have[:, fact]].mean(0) - exact[lack[:, fact]].mean(0) for fact in told])
    if not len(told):
        return told, np.empty((0, vectors.shape[1]), np.float32)
    return told, unit(np.linalg.solve(covariance, apart.T).T)


def phrase_rows(lexicon: Lexicon, facts: FactTable, told: NDArray[np.intp]) -> Mapping[str, tuple[int, ...]]:
    """Return the lexicon's words of training that mean a fact with a direction, in both languages.

    Args:
        lexicon: the words; those that are held from training are left out.
        facts: the columns.
        told: columns that have a direction, in its rows' order.

    Returns:
        Phrase to rows of the directions.
    """
    row = {facts.facts[column]: place for place, column in enumerate(told)}
    found: dict[str, set[int]] = {}
    for entry in lexicon.entries:
        if entry.use == "train" and (entry.field, entry.value) in row:
            found.setdefault(entry.word, set()).add(row[entry.field, entry.value])
    return {phrase: tuple(sorted(places)) for phrase, places in sorted(found.items())}
