"""Scores of stored vectors in memory: cosine, minus the distance, or MaxSim where an item has several vectors."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..types import Metric, Vector, Vectors
from ..vectors import unit

__all__ = ["Embeddings", "Rows", "score_all"]

Rows: TypeAlias = NDArray[np.intp]
"""intp (n,): places of items."""

_COPIED = 0.15
"""Share of the items up to which the vectors of those that were chosen are copied before they are compared: comparing
with all costs less than copying more (docs/decisions/store.md)."""


class Embeddings(NamedTuple):
    """The stored vectors of one name.

    Args:
        vectors: float32 (total, dim), item after item; of length 1 where cosines compare them.
        counts: intp (items,), how many of them each item has; None where each has one.
    """

    vectors: Vectors
    counts: Rows | None

    def of(self, chosen: Rows) -> Embeddings:
        """Return the vectors of some items, in the order of ``chosen``."""
        if self.counts is None:
            return Embeddings(self.vectors[chosen], None)
        starts, counts = np.cumsum(self.counts) - self.counts, self.counts[chosen]
        shifts = starts[chosen] - (np.cumsum(counts) - counts)  # from a row's place here to its place in all
        return Embeddings(self.vectors[np.repeat(shifts, counts) + np.arange(counts.sum())], counts)


def score_all(stored: Embeddings, query: Vector, metric: Metric, chosen: Rows | None, *, half: bool = False) -> Vector:
    """Return the scores of items.

    Args:
        stored: of all items.
        query: float32 (dim,), or (m, dim) where items have several vectors.
        metric: what compares two vectors.
        chosen: which items are scored; None for all.
        half: the query is rounded to float16 first, as the embedded engine rounds what it compares.

    Returns:
        float32 (len(chosen),): higher is better; NaN for an item that has no vector.
    """
    items = len(stored.vectors) if stored.counts is None else len(stored.counts)
    query = unit(query) if metric == "cosine" else query
    query = query.astype(np.float16).astype(np.float32) if half else query
    if chosen is None:
        return _scores(stored, query, metric)
    if len(chosen) <= _COPIED * items:
        return _scores(stored.of(chosen), query, metric)
    return _scores(stored, query, metric)[chosen]


def _scores(stored: Embeddings, query: Vector, metric: Metric) -> Vector:
    if stored.counts is not None:
        return _max_sim(stored.vectors, stored.counts, query)
    if metric == "cosine":
        return np.asarray(stored.vectors @ query)
    return np.asarray(-np.linalg.norm(stored.vectors - query, axis=1))


def _max_sim(vectors: Vectors, counts: Rows, query: Vectors) -> Vector:
    """Return the sum, over the query's vectors, of the greatest cosine with any vector of an item."""
    scores = np.full(len(counts), np.nan, np.float32)
    some = counts > 0
    if some.any():
        starts = (np.cumsum(counts) - counts)[some]  # items without vectors take no rows between others
        scores[some] = np.maximum.reduceat(vectors @ query.T, starts, axis=0).sum(axis=1)
    return scores
