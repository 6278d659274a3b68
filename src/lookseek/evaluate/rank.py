"""Ranking a task's gallery for each of its queries, a block of queries at a time.

The order is total, so a figure never depends on chance: by descending score, equal scores by descending id, as
trec_eval sorts (trec_eval, ``form_res_rels.c``), so that a run file written from here gives the same figures there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from .metrics import Ranked
from .retrieval import Scorer
from .task import Task
from .trec import escaped
from .truth import BARRED

__all__ = ["CELLS", "Block", "by_id", "nearest", "ordered", "own_columns", "rank"]

CELLS = 4_000_000
"""Scores that are held at once: with their sort keys some 100 MB."""

_LAST = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some of a task's queries, answered.

    Args:
        rows: which queries.
        order: what was found, best first, columns of the task's truth, int64 (rows, depth); -1 where no more was.
        scores: theirs, float32 (rows, depth); nan where there is none.
        ranked: their grades, ready to be measured.
    """

    rows: slice
    order: NDArray[np.int64]
    scores: NDArray[np.float32]
    ranked: Ranked


def rank(task: Task, columns: tuple[str, ...], scorer: Scorer, depth: int | None) -> Iterator[Block]:
    """Rank for all queries of a task.

    Args:
        task: its queries and truth.
        columns: ids of what is ranked: the gallery's, or the names of classes.
        scorer: gives the scores.
        depth: how many answers of each query are wanted; None for all.

    Yields:
        Blocks of queries, in order.

    Raises:
        QueryError: a score is not a number.
    """
    width = len(columns)
    depth = width if depth is None else min(depth, width)
    step = max(1, CELLS // max(1, width))
    places = by_id(columns)
    for start in range(0, len(task.queries), step):
        rows = slice(start, min(start + step, len(task.queries)))
        scores, grades = scorer(rows), task.truth.grades(rows)
        if np.isnan(scores).any():
            raise QueryError(
                f"a score of {task.queries[start].id!r} or a query near it is not a number: "
                "a vector holds nan or infinity, make the vectors anew"
            )
        order = ordered(scores, grades == BARRED, places, depth)
        found = order >= 0
        there = np.where(found, order, 0)
        answered = np.where(found, np.take_along_axis(grades, there, axis=1), 0).astype(np.int8)
        top = max(1, int(grades.max(initial=0)))
        right = np.stack([(grades == grade).sum(axis=1) for grade in range(1, top + 1)], axis=1)
        sizes = (grades != BARRED).sum(axis=1)
        best = np.where(found, np.take_along_axis(scores, there, axis=1), np.float32(np.nan))
        yield Block(rows, order, best, Ranked(answered, right.astype(np.int64), sizes.astype(np.int64)))


def by_id(columns: Sequence[str]) -> NDArray[np.int64]:
    """Return the columns by descending id, the order of equal scores in a run file."""
    written = [escaped(id) for id in columns]
    return np.array(sorted(range(len(columns)), key=written.__getitem__, reverse=True), np.int64)


def nearest(scorer: Scorer, own: NDArray[np.int64], places: NDArray[np.int64], depth: int) -> NDArray[np.int64]:
    """Return the first columns of each query, never its own.

    Args:
        scorer: gives the scores.
        own: the column of each query itself, -1 where there is none, (queries,).
        places: as ``by_id`` returns them.
        depth: how many, 1 to the number of columns.

    Returns:
        int64 (queries, depth); -1 where there are no more.
    """
    step, found = max(1, CELLS // len(places)), []
    for start in range(0, len(own), step):
        rows = slice(start, min(start + step, len(own)))
        found.append(ordered(scorer(rows), own_columns(own[rows], len(places)), places, depth))
    return np.concatenate(found)


def own_columns(own: NDArray[np.int64], width: int) -> NDArray[np.bool_]:
    """Return where each query's own column is, bool (queries, width)."""
    barred = np.zeros((len(own), width), np.bool_)
    there = np.flatnonzero(own >= 0)
    barred[there, own[there]] = True
    return barred


def ordered(
    scores: NDArray[np.float32], barred: NDArray[np.bool_], places: NDArray[np.int64], depth: int
) -> NDArray[np.int64]:
    """Return the first ``depth`` columns by descending score, equal ones in the order of ``places``.

    Score and place are packed into one integer, so that one sort of plain integers, which numpy does with vector
    instructions, gives the order with its ties.

    Args:
        scores: float32 (rows, columns); -inf: not found.
        barred: bool, same shape: not to be found.
        places: as ``by_id`` gives them.
        depth: 1 to the number of columns.

    Returns:
        int64 (rows, depth); -1 where no more was found.
    """
    bits = (scores[:, places] + np.float32(0)).view(np.uint32)  # + 0: there is but one zero
    rising = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    keys = (~rising).astype(np.uint64) << np.uint64(32)
    lost = barred[:, places] | (scores[:, places] == -np.inf)
    keys[lost] = _LAST << np.uint64(32)
    keys |= np.arange(len(places), dtype=np.uint64)
    if depth < keys.shape[1]:
        keys = np.partition(keys, depth - 1, axis=1)[:, :depth]
    keys.sort(axis=1)
    order = places[(keys & _LAST).astype(np.int64)]
    return np.where(keys >> np.uint64(32) == _LAST, -1, order)
