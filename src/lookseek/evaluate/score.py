"""Scores: of photos by comparing vectors, of classes by the votes of the nearest photos."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from ..types import Metric, Vectors
from .rank import Scorer
from .task import Task

__all__ = ["compared", "milliseconds", "voted"]

NEIGHBOURS = 10
"""Photos that vote on a photo's classes, each alike; chosen on val (docs/decisions/evaluation.md)."""


def compared(asked: Vectors, shown: Vectors, metric: Metric) -> Scorer:
    """Scores by comparing vectors: the cosine of unit vectors, or minus the Euclidean distance."""
    if metric == "cosine":
        return lambda rows: asked[rows] @ shown.T
    lengths = (shown**2).sum(axis=1)

    def scores(rows: slice) -> NDArray[np.float32]:
        some = asked[rows]
        squares = (some**2).sum(axis=1)[:, None] + lengths - 2 * (some @ shown.T)
        distance: NDArray[np.float32] = -np.sqrt(np.maximum(squares, 0))
        return distance

    return scores


def voted(scorer: Scorer, task: Task) -> Scorer:
    """Scores of classes: how many of the nearest photos have them.

    A class that no neighbour has comes after all others, the more frequent ones first.
    """
    assert task.classes is not None
    classes = task.classes.astype(np.float32)
    usual = classes.mean(axis=0) / 2  # below one vote
    place = {photo: row for row, photo in enumerate(task.gallery)}
    own = np.array([place.get(question.photo, -1) for question in task.questions])

    def scores(rows: slice) -> NDArray[np.float32]:
        near = scorer(rows).copy()
        there = np.flatnonzero(own[rows] >= 0)
        near[there, own[rows][there]] = -np.inf
        count = min(NEIGHBOURS, near.shape[1])
        nearest = np.argpartition(-near, count - 1, axis=1)[:, :count]
        voting = np.isfinite(np.take_along_axis(near, nearest, axis=1))
        votes: NDArray[np.float32] = (classes[nearest] * voting[..., None]).sum(axis=1) + usual
        return votes

    return scores


def milliseconds(asked: Vectors, shown: Vectors, metric: Metric, k: int) -> NDArray[np.float64]:
    """How long each question takes when it is asked alone, to its first ``k`` in order, milliseconds."""
    scorer, took = compared(asked, shown, metric), np.empty(len(asked))
    k = min(k, len(shown))
    for row in range(len(asked)):
        began = time.perf_counter()
        scores = -scorer(slice(row, row + 1))[0]
        some = np.argpartition(scores, k - 1)[:k]
        some[np.argsort(scores[some])]
        took[row] = (time.perf_counter() - began) * 1000
    return took
