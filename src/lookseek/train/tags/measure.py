"""Mean average precision of attributes: the photos that state an attribute are ranked for each of its values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .labels import LabelledSplit

__all__ = ["average_precision", "mean_ap", "written"]

FEWEST = 5
"""Photos that have a value, from which on it is measured."""


def average_precision(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """Return the mean of the precision at each right photo; equal scores share their ranks' mean precision.

    Args:
        scores: (n,), the higher the earlier.
        truth: (n,), with one right photo at least.
    """
    order = np.argsort(-scores, kind="stable")
    scores, right = scores[order], truth[order]
    last = np.append(scores[1:] < scores[:-1], True)
    hits, ranks = np.cumsum(right)[last], np.flatnonzero(last) + 1
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / ranks).sum() / right.sum())


def mean_ap(
    values: Sequence[tuple[str, str]], scores: NDArray[np.floating], split: LabelledSplit
) -> dict[str, tuple[float, float]]:
    """Return by attribute its mean AP over values, and that of chance, which is the share of photos that have a value.

    Args:
        values: of the columns.
        scores: (n, values), the higher the likelier.
        split: the same photos. Only photos of which the attribute is stated are ranked for it.
    """
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for column, (name, _) in enumerate(values):
        rows = split.stated[:, column]
        truth = split.known[rows, column] == 1
        if truth.sum() >= FEWEST and not truth.all():
            found[name].append((average_precision(scores[rows, column], truth), float(truth.mean())))
    return {name: tuple(np.mean(some, axis=0).tolist()) for name, some in found.items()}


def written(
    probabilities: NDArray[np.float32], limits: Sequence[float | None], split: LabelledSplit
) -> tuple[float, float, int]:
    """Return what thresholds come to, where the truth is known.

    Args:
        probabilities: float32 (n, values).
        limits: of each value; None: never written.
        split: the same photos.

    Returns:
        The share of right values among those written; of all that photos have the share that is written; and how many
        are written.
    """
    at = np.array([np.inf if limit is None else limit for limit in limits])
    sure = (probabilities >= at) & (split.known >= 0)
    right = sure & (split.known == 1)
    return (
        float(right.sum() / max(1, sure.sum())),
        float(right.sum() / max(1, (split.known == 1).sum())),
        int(sure.sum()),
    )
