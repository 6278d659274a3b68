"""Chooses the queries that a report shows, and collects their answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..outcome import Outcome
from ..task import EvaluationQuery

__all__ = ["Answer", "AnsweredQuery", "answered_query", "extremes"]

_TARGETS = 3
"""Right answers that are named where none was found."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: rank from 1, id of its photo, score, and whether it is right."""

    rank: int
    id: str
    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class AnsweredQuery:
    """A query with its answers.

    Args:
        query: the query.
        metric, value: the task's first metric, for this query.
        first: rank of the first right answer; 0 where none was found.
        answers: the first of them, best first.
        targets: ids of some right answers, if ``answers`` has none of them.
    """

    query: EvaluationQuery
    metric: str
    value: float
    first: int
    answers: tuple[Answer, ...]
    targets: tuple[str, ...]


def extremes(outcome: Outcome, count: int) -> tuple[list[int], list[int]]:
    """Return rows of the queries answered best and worst, by the task's first metric.

    Equal values are told apart by the score of the right answer, then by its rank, then by their order in the task,
    so the choice is the same every time. No query is both.

    Args:
        outcome: of a task with queries.
        count: how many of each at the most.

    Returns:
        The best, best first; the worst, worst first. Of an odd few the best have one more.
    """
    values = next(iter(outcome.values.values()))
    ranks = np.where(outcome.first > 0, outcome.first, np.iinfo(np.int64).max)
    order = np.lexsort((ranks, -_right_scores(outcome), -values)).tolist()  # stable: then by row
    best = order[: min(count, (len(order) + 1) // 2)]
    return best, order[len(best) :][::-1][:count]


def _right_scores(outcome: Outcome) -> NDArray[np.float64]:
    """Score of each query's first right answer, (queries,); -inf where it is not among the answers kept."""
    right = outcome.grades > 0
    scores = np.take_along_axis(outcome.scores, right.argmax(axis=1)[:, None], axis=1)[:, 0].astype(np.float64)
    return np.where(right.any(axis=1), scores, -np.inf)


def answered_query(outcome: Outcome, row: int) -> AnsweredQuery:
    """Return a query of a task that ranks photos with its answers."""
    task = outcome.task
    metric, values = next(iter(outcome.values.items()))
    found = zip(outcome.best[row].tolist(), outcome.scores[row].tolist(), outcome.grades[row].tolist(), strict=True)
    answers = tuple(
        Answer(rank, task.gallery[place], score, grade > 0)
        for rank, (place, score, grade) in enumerate(found, 1)
        if place >= 0
    )
    targets: tuple[str, ...] = ()
    if not any(answer.right for answer in answers):
        grades = task.truth.grades(slice(row, row + 1))[0]
        best = np.argsort(-grades, kind="stable")[:_TARGETS]
        targets = tuple(task.gallery[place] for place in best if grades[place] > 0)
    return AnsweredQuery(task.queries[row], metric, float(values[row]), int(outcome.first[row]), answers, targets)
