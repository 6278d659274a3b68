"""The one order of every store: scores rounded, equal ones by id, also where the cut falls between equal scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .base import ScoredId

__all__ = ["TIE", "nearest", "ranked"]

TIE = 6
"""Decimals to which scores are rounded before they are ordered: float32 dot products of equal rows differ by their
place in a matrix, in the seventh."""


def ranked(scored: Iterable[tuple[str, float]]) -> list[ScoredId]:
    """Return ids and their scores, rounded, by descending score, then by id.

    >>> [hit.id for hit in ranked([("b", 0.5), ("a", 0.50000001), ("c", 0.9)])]
    ['c', 'a', 'b']
    """
    return [ScoredId(id_, -score) for score, id_ in sorted((-round(score, TIE), id_) for id_, score in scored)]


def nearest(fetch: Callable[[int], Sequence[ScoredId]], k: int) -> list[ScoredId]:
    """Return the k best of an engine that orders equal scores as it likes.

    Points that tie with the k-th may lie beyond the cut, so more are read until the order by id decides.

    Args:
        fetch: returns that many of the best, or all that there are, in the order of ``ranked``.
        k: at the most this many.
    """
    take = k + 1
    while True:
        found = fetch(take)
        if len(found) < take or found[-1].score < found[k - 1].score:
            return list(found[:k])
        take *= 2
