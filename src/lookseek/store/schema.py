"""Names and rules that every store shares: vectors, payload, point ids, what may be written."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np

from ..errors import QueryError
from ..types import Attributes, Metric, Point, Vector

LOOK = "look"
"""The model's embedding, compared by cosine."""
LOOK_EUCLIDEAN = "look_euclidean"
"""The same embedding as the model gave it, compared by distance; only in an index that asked for it."""
COLOUR = "colour"
"""The colour encoder's histogram, compared by cosine."""

FieldKind: TypeAlias = Literal["words", "number", "boolean"]

_NAMESPACE = uuid.UUID("6a6f4a52-9d0a-5d53-9a52-6c6f6f6b7365")


@dataclass(frozen=True, slots=True)
class VectorSpec:
    """How one named vector is kept: its dimension and what compares it."""

    dim: int
    metric: Metric


Layout: TypeAlias = Mapping[str, VectorSpec]


@lru_cache(maxsize=1 << 16)  # a query asks for the same few hundred several times, at 8 µs each
def point_id(item_id: str) -> uuid.UUID:
    """The engine's id of an item: uuid5 of the item's id, since the engine takes no other strings."""
    return uuid.uuid5(_NAMESPACE, item_id)


def to_payload(point: Point) -> dict[str, Any]:
    """A point without its vectors, as plain JSON values."""
    return {
        "id": point.id,
        "attributes": dict(point.attributes),
        "hash": point.hash,
        "source": point.source,
        "fingerprint": point.fingerprint,
    }


def from_payload(payload: Mapping[str, Any], vectors: Mapping[str, Vector]) -> Point:
    """The reverse of ``to_payload``."""
    return Point(
        id=payload["id"],
        vectors=vectors,
        attributes=payload["attributes"],
        hash=payload["hash"],
        source=payload["source"],
        fingerprint=payload["fingerprint"],
    )


def kind_of(values: Attributes) -> dict[str, FieldKind]:
    """The kind of each attribute of one item."""
    return {
        name: "boolean" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "words"
        for name, value in values.items()
    }


def checked(points: Sequence[Point], layout: Layout) -> dict[str, Point]:
    """Points by id, the last of each id, after the checks that ``Store.add`` promises."""
    for point in points:
        for name, spec in layout.items():
            vector = point.vectors.get(name)
            if vector is None:
                raise QueryError(f"item {point.id!r} has no vector {name!r}: this store keeps {', '.join(layout)}")
            usable(vector, name, spec, f"item {point.id!r}")
    return {point.id: point for point in points}


def usable(vector: Vector, name: str, spec: VectorSpec, whose: str) -> Vector:
    """The vector as float32 (dim,), C order, or a QueryError that says what is wrong with it."""
    vector = np.ascontiguousarray(vector, dtype=np.float32)
    if vector.shape != (spec.dim,):
        raise QueryError(f"{whose}: vector {name!r} has shape {vector.shape}, the index keeps ({spec.dim},)")
    if not np.isfinite(vector).all():
        raise QueryError(f"{whose}: vector {name!r} holds NaN or infinity; encode the photo again")
    if spec.metric == "cosine" and not vector.any():
        raise QueryError(f"{whose}: vector {name!r} is zero, so it has no direction to compare by cosine")
    return vector


def spec_of(layout: Layout, using: str) -> VectorSpec:
    """The spec of a named vector, or a QueryError that lists the names there are."""
    try:
        return layout[using]
    except KeyError:
        raise QueryError(f"there is no vector {using!r} in this index; it keeps {', '.join(layout)}") from None
