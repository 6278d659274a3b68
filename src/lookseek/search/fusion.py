"""Several vectors, one score: their weighted sum, and the best of a store by it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexDamaged
from ..store import UNRESTRICTED, Restriction, ScoredId, Store
from ..types import Vector, Vectors
from ..vectors import unit
from .candidates import Candidates
from .stages import StageClock

__all__ = ["best_candidates", "fuse", "fused_vectors"]

_DEPTH = 64
"""Entries of each vector's list at first; more are read where the score's bound needs it, so this changes no result.
Fewer are often read twice, more cost their reading. Source: docs/benchmarks/latency.md."""


def fuse(similarities: Mapping[str, NDArray[np.floating]], weights: Mapping[str, float]) -> NDArray[np.floating]:
    """Return the score: the weighted sum of what comparing each vector gave.

    Args:
        similarities: by name of a vector, all of one shape: (candidates,) of one query, or (queries, gallery).
        weights: of the same names.

    Returns:
        Of the same shape and type.
    """
    parts = [weight * similarities[name] if weight != 1 else similarities[name] for name, weight in weights.items()]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def fused_vectors(vectors: Mapping[str, Vectors], weights: Mapping[str, float]) -> Vectors:
    """Return vectors whose cosines are the fused scores of the vectors that they are made of.

    Each of length 1, times the root of its weight, side by side: then products add up as ``fuse`` adds cosines.

    Args:
        vectors: by name, float32 (n, dim), any length but 0.
        weights: of some of these names, which sum to 1.

    Returns:
        float32 (n, sum of dims), of length 1.
    """
    return np.concatenate([np.float32(np.sqrt(weight)) * unit(vectors[name]) for name, weight in weights.items()], 1)


def best_candidates(
    store: Store,
    vectors: Mapping[str, Vector],
    weights: Mapping[str, float],
    count: int,
    restriction: Restriction = UNRESTRICTED,
    clock: StageClock | None = None,
) -> Candidates:
    """Return the best by the weighted sum of their vectors' scores.

    The threshold algorithm: each vector's own best list is read until no item outside all lists can reach the last
    score that is returned, which the lists' last scores bound. So the result is as exact as the lists are.
    Source: R. Fagin, A. Lotem, M. Naor, "Optimal aggregation algorithms for middleware", PODS 2001, section 4.

    Args:
        store: that is searched.
        vectors: the query's, by name.
        weights: the share of each vector in the score, above 0.
        count: at the most this many; fewer where fewer items qualify.
        restriction: which items qualify.
        clock: times the stages ``retrieve`` and ``fuse``.

    Raises:
        IndexDamaged: a stored vector can't be compared.
    """
    clock = StageClock() if clock is None else clock
    depth = count if len(weights) == 1 else max(_DEPTH, 2 * count)
    while True:
        lists = {name: store.search(name, vectors[name], depth, restriction) for name in weights}
        clock.end("retrieve")
        candidates = _fused(store, vectors, weights, lists)
        all_read = any(len(found) < depth for found in lists.values())
        certain = len(weights) == 1 or all_read or candidates.scores[count - 1] >= _bound(lists, weights)
        clock.end("fuse")
        if certain:
            return candidates.first(count)
        depth *= 4


def _fused(
    store: Store, vectors: Mapping[str, Vector], weights: Mapping[str, float], lists: Mapping[str, list[ScoredId]]
) -> Candidates:
    """Return the items of all lists, scored by every vector."""
    ids = list(dict.fromkeys(scored.id for found in lists.values() for scored in found))
    similarities = {}
    for name, found in lists.items():
        scores = dict(found)
        missing = [id_ for id_ in ids if id_ not in scores]
        if missing:
            scores.update(store.score(name, vectors[name], missing))
        if len(scores) < len(ids):
            raise IndexDamaged("some stored vectors can't be compared: lookseek check says which files are damaged")
        similarities[name] = np.array([scores[id_] for id_ in ids], np.float64)
    return Candidates.ranked(ids, np.asarray(fuse(similarities, weights), np.float64), similarities)


def _bound(lists: Mapping[str, list[ScoredId]], weights: Mapping[str, float]) -> float:
    """Return the best score that an item outside all lists can have."""
    return sum(weight * lists[name][-1].score for name, weight in weights.items())
