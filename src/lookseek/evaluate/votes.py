"""Classes by votes: a photo's classes are those of the photos nearest to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .rank import by_id, nearest
from .retrieval import Scorer

__all__ = ["NEIGHBOURS", "neighbours", "vote_scores"]

NEIGHBOURS = 10
"""Photos that vote on a photo's classes, each alike; chosen on val (docs/decisions/evaluation.md)."""

_TIE = 1000
"""What breaks a tie is this many times smaller than a vote."""


def neighbours(scorer: Scorer, own: NDArray[np.int64], gallery: Sequence[str]) -> NDArray[np.int64]:
    """Return the nearest photos of each query, never itself.

    Args:
        scorer: scores of the gallery's photos.
        own: the row of each query's own photo in the gallery, -1 where it is not there, (queries,).
        gallery: ids, for the order of equally near photos.

    Returns:
        int64 (queries, at most ``NEIGHBOURS``), rows of the gallery, nearest first; -1 where there are no more.
    """
    return nearest(scorer, own, by_id(gallery), min(NEIGHBOURS, len(gallery)))


def vote_scores(nearest: NDArray[np.int64], classes: NDArray[np.bool_]) -> Scorer:
    """Return scores of classes: how many of the nearest photos have them.

    Of classes with as many votes that of the nearer photos comes first; of those that no neighbour has, which come
    last, the more frequent.

    Args:
        nearest: of each query, as ``neighbours`` returns it.
        classes: which classes each photo of the gallery has, (gallery, classes).
    """
    nearer = np.arange(nearest.shape[1], 0, -1, dtype=np.float32) / _TIE  # all together below one vote
    frequency = classes.mean(axis=0, dtype=np.float32) / (2 * _TIE)  # below the least difference of those

    def scores(rows: slice) -> NDArray[np.float32]:
        some = nearest[rows]
        counted: NDArray[np.float32] = np.einsum("qn,qnc->qc", (some >= 0) * (1 + nearer), classes[some]) + frequency
        return counted

    return scores
