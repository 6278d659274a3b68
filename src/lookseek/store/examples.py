"""Search by examples: items that are liked, items that are not, and the one vector that stands for them.

Source: Qdrant documentation, Explore the data, "Average vector strategy": the mean of the liked ones, moved away from
the mean of the others by as much as the two differ. Unlike its other strategies it is one search, as fast as any.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import QueryError
from ..types import Vector
from .base import Restriction, ScoredId, Store
from .schema import spec_of

__all__ = ["average_vector", "recommend_by_search"]

_VANISHED = 1e-3
"""Length of an average of unit vectors below which it is what rounding left of it."""

_MOST_LISTED = 100
"""Ids between commas that a name may stand for, at the most; see ``_several_ids``."""


def average_vector(store: Store, using: str, like: Sequence[str], unlike: Sequence[str]) -> Vector:
    """Return the query vector of examples: 2 x mean of the liked ones - mean of the others.

    Args:
        store: that holds them.
        using: the name of the vector.
        like: ids, at least one.
        unlike: ids, may be empty.

    Returns:
        float32 (dim,).

    Raises:
        QueryError: nothing is liked, an id that the store does not have, examples that cancel each other, or a name
            that keeps several vectors an item.
    """
    spec = spec_of(store.layout, using)
    if spec.multi:
        names = ", ".join(name for name, other in store.layout.items() if not other.multi)
        raise QueryError(f"items have several vectors {using!r}, and those of examples have no average: use {names}")
    if not like:
        raise QueryError("nothing is liked: give the id of at least one item that the others should be like")
    there = {point.id: point for point in store.get([*like, *unlike])}
    missing = [id_ for id_ in dict.fromkeys([*like, *unlike]) if id_ not in there]
    if missing:
        if split := _several_ids(store, missing[0]):
            raise QueryError(f"the index has no item {missing[0]!r}, but {' and '.join(split)}: give each by itself")
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise QueryError(f"the index has no item {', '.join(map(repr, missing[:3]))}{more}: give ids as a search shows")
    liked, others = (
        np.mean([there[id_].vectors[using] for id_ in ids], axis=0, dtype=np.float64)
        for ids in (like, unlike or like)  # with nothing to move away from, it is the mean of the liked ones
    )
    vector = 2 * liked - others
    if spec.metric == "cosine" and np.linalg.norm(vector) < _VANISHED:
        raise QueryError("these examples cancel each other, nothing is left to look for: leave one out")
    return np.asarray(vector, np.float32)


def recommend_by_search(
    store: Store, using: str, like: Sequence[str], unlike: Sequence[str], k: int, restriction: Restriction
) -> list[ScoredId]:
    """Implement ``Store.recommend`` by searches, for any store."""
    examples = {*like, *unlike}
    found = store.search(using, average_vector(store, using, like, unlike), k + len(examples), restriction)
    return [scored for scored in found if scored.id not in examples][:k]


def _several_ids(store: Store, text: str) -> list[str]:
    """Return the ids that a text lists between commas, if there are items of all of them."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not 1 < len(parts) <= _MOST_LISTED:
        return []
    return parts if len(store.get(parts, vectors=False)) == len(set(parts)) else []
