"""Scores: of photos by comparing vectors, of classes by the votes of the nearest photos."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..types import Metric, Vectors
from .rank import CELLS, Scorer, by_id, ordered

__all__ = ["compared", "milliseconds", "nearest", "neighbours", "voted"]

NEIGHBOURS = 10
"""Photos that vote on a photo's classes, each alike; chosen on val (docs/decisions/evaluation.md)."""

TIE = 1000
"""What breaks a tie is this many times smaller than a vote."""


def compared(asked: Vectors, shown: Vectors, metric: Metric) -> Scorer:
    """Scores by comparing vectors: the cosine of unit vectors, or minus the Euclidean distance."""
    if metric == "cosine":
        return lambda rows: asked[rows] @ shown.T
    # distances don't change when all points move, and float32 tells them apart best around the origin
    centre = shown.mean(axis=0, dtype=np.float64)
    asked, shown = ((some - centre).astype(np.float32) for some in (asked, shown))
    lengths = (shown**2).sum(axis=1)

    def scores(rows: slice) -> NDArray[np.float32]:
        some = asked[rows]
        squares = (some**2).sum(axis=1)[:, None] + lengths - 2 * (some @ shown.T)
        distance: NDArray[np.float32] = -np.sqrt(np.maximum(squares, 0))
        return distance

    return scores


def neighbours(scorer: Scorer, own: NDArray[np.int64], gallery: Sequence[str]) -> NDArray[np.int64]:
    """The nearest photos of each question, never itself.

    Args:
        scorer: scores of the gallery's photos.
        own: the row of each question's own photo in the gallery, -1 where it is not there, (questions,).
        gallery: ids, for the order of equally near photos.

    Returns:
        int64 (questions, at most ``NEIGHBOURS``), rows of the gallery, nearest first; -1 where there are no more.
    """
    return nearest(scorer, own, by_id(gallery), min(NEIGHBOURS, len(gallery)))


def nearest(scorer: Scorer, own: NDArray[np.int64], places: NDArray[np.int64], depth: int) -> NDArray[np.int64]:
    """As ``neighbours``, so many of them, equal ones in the order of ``places``."""
    step, found = max(1, CELLS // len(places)), []
    for start in range(0, len(own), step):
        scores = scorer(slice(start, start + step))
        barred = np.zeros(scores.shape, np.bool_)
        there = np.flatnonzero(own[start : start + step] >= 0)
        barred[there, own[start : start + step][there]] = True
        found.append(ordered(scores, barred, places, depth))
    return np.concatenate(found)


def voted(nearest: NDArray[np.int64], classes: NDArray[np.bool_]) -> Scorer:
    """Scores of classes: how many of the nearest photos have them.

    Of classes with as many votes that of the nearer photos comes first; of those that no neighbour has, which come
    last, the more frequent.

    Args:
        nearest: of each question, as ``neighbours`` gives it.
        classes: which classes each photo of the gallery has, (gallery, classes).
    """
    nearer = np.arange(nearest.shape[1], 0, -1, dtype=np.float32) / TIE  # all together below one vote
    usual = classes.mean(axis=0, dtype=np.float32) / (2 * TIE)  # below the least difference of those

    def scores(rows: slice) -> NDArray[np.float32]:
        some = nearest[rows]
        votes: NDArray[np.float32] = np.einsum("qn,qnc->qc", (some >= 0) * (1 + nearer), classes[some]) + usual
        return votes

    return scores


def milliseconds(
    asked: Vectors,
    shown: Vectors,
    metric: Metric,
    depths: Sequence[int],
    routed: Callable[[Vectors], Sequence[NDArray[np.intp]]] | None = None,
) -> list[NDArray[np.float64]]:
    """How long each question takes when it is asked alone: to compare it with the gallery, and to sort the first k.

    Args:
        asked: float32 (questions, dim).
        shown: float32 (gallery, dim).
        metric: how vectors are compared.
        depths: each k; one above the gallery sorts all of it.
        routed: a router: gives, for one question, the rows of the gallery that have each key it searches. The router's
            own time counts; the rows of each key lie side by side, as in a store that is made for it.

    Returns:
        For each k milliseconds, float64 (questions,).
    """
    took = np.empty((len(depths), len(asked)))
    whole = compared(asked, shown, metric)
    parts: dict[int, Scorer] = {}
    for row in range(len(asked)):
        began, one = time.perf_counter(), slice(row, row + 1)
        if routed is None:
            scores = -whole(one)[0]
        else:
            found = []
            for rows in routed(asked[one]):
                if id(rows) not in parts:  # laid out once, which is not this question's time
                    laying = time.perf_counter()
                    parts[id(rows)] = compared(asked, shown[rows], metric)
                    began += time.perf_counter() - laying
                found.append(parts[id(rows)](one)[0])
            scores = -np.concatenate(found)
        compared_at = time.perf_counter()
        for place, k in enumerate(depths):
            selecting = time.perf_counter()
            some = np.argpartition(scores, min(k, len(scores)) - 1)[:k] if len(scores) else np.empty(0, np.intp)
            some[np.argsort(scores[some])]
            took[place, row] = (compared_at - began + time.perf_counter() - selecting) * 1000
    return list(took)
