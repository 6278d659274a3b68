"""Names and rules that every store shares: its vectors and how they are compared, point ids, what may be written."""

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

RESPONSE_COLOUR = "response_colour"
"""The mean colour where the model's map responds most, compared by cosine; only in an index that asked for it. Another
way to compute it would take another name."""

GARMENTS = "garments"
"""The model's embedding of each garment of a photo, several an item, compared by cosine; only in an index that asked
for it. A photo in which none was found has one, of all of it."""

FieldType: TypeAlias = Literal["words", "number", "boolean"]

_NAMESPACE = uuid.UUID("6a6f4a52-9d0a-5d53-9a52-6c6f6f6b7365")


MOST_NUMBERS = 1 << 20
"""Numbers that the vectors of one name may have together in one item: 1,024 vectors of 1,024, 2 MB as float16. It
bounds what comparing with one item can cost."""
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, slots=True)
class VectorSpec:
    """How one named vector is kept and compared.

    Args:
        dim: numbers of a vector, 1 or more.
        metric: what compares two vectors.
        multi: an item has any number of vectors of this name, also none, compared by MaxSim: the sum, over the query's
            vectors, of the greatest cosine with any of the item's. Source: O. Khattab, M. Zaharia, "ColBERT",
            SIGIR 2020, section 3.3.

    Raises:
        ValueError: a value outside its range, or ``multi`` with another metric than cosine.
    """

    dim: int
    metric: Metric
    multi: bool = False

    def __post_init__(self) -> None:
        if type(self.dim) is not int or self.dim < 1 or self.metric not in ("cosine", "euclidean"):
            raise ValueError(f"a vector has 1 or more numbers and metric cosine or euclidean, not {self}")
        if type(self.multi) is not bool or (self.multi and self.metric != "cosine"):
            raise ValueError(f"several vectors an item are compared by cosine alone, not as {self}")

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> VectorSpec:
        """Make a spec from plain JSON values: the reverse of ``to_dict``.

        Raises:
            TypeError, ValueError: it describes no vector.
        """
        return cls(**stored)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: dim, metric, and multi where it is true, so that a reader who knows none refuses it."""
        return {"dim": self.dim, "metric": self.metric} | ({"multi": True} if self.multi else {})


Layout: TypeAlias = Mapping[str, VectorSpec]


def further_vectors(layout: Layout) -> dict[str, VectorSpec]:
    """Return the vectors of a layout beside those that photos are encoded to."""
    return {name: spec for name, spec in layout.items() if name not in (LOOK, LOOK_EUCLIDEAN, COLOUR)}


@lru_cache(maxsize=1 << 16)  # a query asks for the same few hundred several times, at 8 µs each
def point_id(item_id: str) -> uuid.UUID:
    """Return the engine's id of an item: uuid5 of the item's id, since the engine takes no other strings."""
    return uuid.uuid5(_NAMESPACE, item_id)


def field_types(values: Attributes) -> dict[str, FieldType]:
    """Return the type of each attribute of an item."""
    return {
        name: "boolean" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "words"
        for name, value in values.items()
    }


def check_points(points: Sequence[Point], layout: Layout) -> dict[str, Point]:
    """Points by id, the last of each id, after the checks that ``Store.add`` promises."""
    for point in points:
        for name, spec in layout.items():
            vector = point.vectors.get(name)
            if vector is None:
                raise QueryError(f"item {point.id!r} has no vector {name!r}: this store keeps {', '.join(layout)}")
            check_vector(vector, name, spec, f"item {point.id!r}")
    return {point.id: point for point in points}


def check_vector(vector: Vector, name: str, spec: VectorSpec, whose: str) -> Vector:
    """Return the vector as float32 in C order, or raise a QueryError that says what is wrong with it.

    Args:
        vector: (dim,); (n, dim) where the spec is of several vectors an item.
        name: the vector's.
        spec: how it is kept.
        whose: the beginning of the message.
    """
    vector = np.ascontiguousarray(vector, dtype=np.float32)
    if vector.shape[spec.multi :] != (spec.dim,):
        kept = f"(n, {spec.dim})" if spec.multi else f"({spec.dim},)"
        raise QueryError(f"{whose}: vector {name!r} has shape {vector.shape}, the index keeps {kept}")
    if vector.size > MOST_NUMBERS:
        raise QueryError(f"{whose}: vector {name!r} has {len(vector):,} rows, {MOST_NUMBERS // spec.dim:,} are allowed")
    if not np.isfinite(vector).all():
        raise QueryError(f"{whose}: vector {name!r} holds NaN or infinity; encode the photo again")
    if spec.metric == "cosine" and not vector.any(axis=-1).all():
        raise QueryError(f"{whose}: vector {name!r} is zero, so it has no direction to compare by cosine")
    return vector


def require_float16(vector: Vector, whose: str, keeper: str) -> None:
    """Raise a QueryError where a vector holds a number beyond float16.

    Args:
        vector: as it is kept, of any shape.
        whose: the beginning of the message.
        keeper: what keeps it, for the message.
    """
    if vector.size and (largest := float(np.abs(vector).max())) > _LARGEST:
        raise QueryError(f"{whose} holds {largest:,.0f}; {keeper} keeps numbers up to {_LARGEST:,.0f}: scale it down")


def check_query(layout: Layout, using: str, vector: Vector) -> tuple[VectorSpec, Vector]:
    """Return how the vector ``using`` is kept, and a query as it is compared with it.

    Args:
        layout: the store's.
        using: the name.
        vector: (dim,); also (m, dim), m >= 1, where the name keeps several vectors an item.

    Returns:
        The spec, and float32 (dim,), or (m, dim) where the name keeps several.

    Raises:
        QueryError: an unknown name, or a vector that can't be compared.
    """
    spec = spec_of(layout, using)
    vector = check_vector(np.atleast_2d(vector) if spec.multi else vector, using, spec, "the query")
    if not len(vector):
        raise QueryError(f"the query: vector {using!r} has no rows: give one or more of {spec.dim} numbers")
    return spec, vector


def spec_of(layout: Layout, using: str) -> VectorSpec:
    """Return the spec of a named vector, or raise a QueryError that lists the names."""
    try:
        return layout[using]
    except KeyError:
        raise QueryError(f"there is no vector {using!r} in this index; it keeps {', '.join(layout)}") from None
