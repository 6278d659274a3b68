"""Weighted sums of a query's vectors: as one direction to search with, and as shares of one score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexDamaged, QueryError
from ..store import ScoredId, Store
from ..types import Vector
from ..vectors import unit

__all__ = ["WeightedVector", "shares_of", "unique_labels", "weighted_sum"]

_VANISHED = 1e-3
"""Length of a sum, as a share of its parts' weights, below which it is what rounding left of it."""


@dataclass(frozen=True, slots=True)
class WeightedVector:
    """One part of a sum.

    Args:
        label: what its share is called.
        weight: not 0; below 0 for what is taken away.
        vector: float32 (dim,), any length but 0; its direction is what counts.
    """

    label: str
    weight: float
    vector: Vector


def weighted_sum(parts: Sequence[WeightedVector]) -> Vector:
    """Return the sum of the parts' directions, each times its weight.

    Args:
        parts: at least one.

    Returns:
        float32 (dim,), of length 1.

    Raises:
        QueryError: the parts cancel each other, or one is all zeros.
    """
    total = np.sum([part.weight * direction for part, direction in zip(parts, _directions(parts), strict=True)], axis=0)
    length = float(np.linalg.norm(total))
    if not length > _VANISHED * sum(abs(part.weight) for part in parts):
        labels = ", ".join(part.label for part in parts)
        raise QueryError(f"the parts of the query cancel each other ({labels}): leave one out, or change a weight")
    return np.asarray(total / length, np.float32)


def shares_of(
    store: Store, using: str, parts: Sequence[WeightedVector], found: Sequence[ScoredId]
) -> dict[str, dict[str, float]]:
    """Return each part's share of the scores of its ``weighted_sum``: weight x cosine / length of the sum.

    Args:
        store: that was searched.
        using: the vector that was searched.
        parts: of the sum, each with a label of its own.
        found: hits.

    Returns:
        Id to label to share; an id's shares sum to its score.

    Raises:
        IndexDamaged: a stored vector can't be compared.
    """
    ids = [scored.id for scored in found]
    directions = _directions(parts)
    length = float(np.linalg.norm(np.sum([p.weight * d for p, d in zip(parts, directions, strict=True)], axis=0)))
    shares: dict[str, dict[str, float]] = {id_: {} for id_ in ids}
    for part in parts if ids else ():
        for id_, cosine in store.score(using, part.vector, ids):
            shares[id_][part.label] = part.weight * cosine / length
    for scored in found:
        own = shares[scored.id]
        if len(own) < len(parts):
            raise IndexDamaged("some stored vectors can't be compared: lookseek check says which files are damaged")
        left = (scored.score - sum(own.values())) / len(own)  # stores round scores, and queries to their precision
        own.update((label, share + left) for label, share in own.items())
    return shares


def unique_labels(labels: Sequence[str]) -> list[str]:
    """Return the labels, with a number behind those that were there before: "+red", "+red (2)".

    >>> unique_labels(["+red", "+red", "-red", "+red"])
    ['+red', '+red (2)', '-red', '+red (3)']
    """
    made: dict[str, None] = {}
    for label in labels:
        fresh, number = label, 1
        while fresh in made:
            number += 1
            fresh = f"{label} ({number})"
        made[fresh] = None
    return list(made)


def _directions(parts: Sequence[WeightedVector]) -> list[NDArray[np.float64]]:
    directions = []
    for part in parts:
        if not part.vector.any():
            raise QueryError(f"the vector of {part.label} is all zeros, so it has no direction to add: leave it out")
        directions.append(unit(part.vector, out=np.float64))
    return directions
