"""What came out: one task measured, and a whole evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..types import Photo, Pixels
from .result import Result
from .task import Loaded, Task

__all__ = ["KEPT", "Evaluation", "Outcome"]

KEPT = 10
"""Answers that are kept of each query, for pictures and tables."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One task, measured.

    Args:
        task: what was asked.
        values: metric to its value for each query, float64 (queries,).
        best: the first ``KEPT`` answers, rows of the gallery (of the classes, if the task ranks those), (queries,
            KEPT); -1 where the gallery has no more.
        scores: theirs, float32, same shape, descending; nan where there is none.
        grades: theirs, int8, same shape; 0 where there is none.
        first: rank of the first right answer, (queries,), from 1; 0 where none was found.
    """

    task: Task
    values: Mapping[str, NDArray[np.float64]]
    best: NDArray[np.int64]
    scores: NDArray[np.float32]
    grades: NDArray[np.int8]
    first: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A benchmark, measured.

    Args:
        result: its figures.
        loaded: what was asked; photos that could not be had are in no task.
        outcomes: one a task, in order.
        seen: a photo as the model saw it, uint8 (height, width, 3); None where nobody knows, e.g. of vectors that
            came from elsewhere.
    """

    result: Result
    loaded: Loaded
    outcomes: tuple[Outcome, ...]
    seen: Callable[[Photo], Pixels] | None
