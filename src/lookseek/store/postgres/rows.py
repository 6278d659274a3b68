"""A point as a row of PostgreSQL, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from pgvector import HalfVector
from psycopg.types.json import Jsonb

from ...errors import QueryError
from ...types import Attributes, AttributeValue, Point, Vector, Vectors
from ...vectors import unit
from ..payload import from_payload, to_payload
from ..schema import Layout, VectorSpec, require_float16
from .tables import vector_columns
from .texts import text_from_server, text_to_server

__all__ = ["columns_of", "half_vector", "point_from_row", "row_of"]

_BESIDE = ("item", "attributes", "hash", "source", "fingerprint", "regions")


def columns_of(layout: Layout, *, vectors: bool) -> tuple[str, ...]:
    """Return the columns of a point, as ``row_of`` fills and ``point_from_row`` reads them."""
    columns = vector_columns(layout)
    return (*_BESIDE, *((columns[name] for name in layout) if vectors else ()))


def row_of(point: Point, layout: Layout) -> list[Any]:
    """Return the values of a point's columns.

    Raises:
        QueryError: a number that float16 or JSON can't hold.
    """
    payload = to_payload(point)
    regions = payload.get("regions")
    return [
        text_to_server(point.id),
        Jsonb(_attributes_to_server(point.id, point.attributes)),
        point.hash,
        text_to_server(point.source),
        point.fingerprint,
        None if regions is None else Jsonb([{**one, "label": text_to_server(one["label"])} for one in regions]),
        *(_stored(point.vectors[name], spec, f"item {point.id!r}: vector {name!r}") for name, spec in layout.items()),
    ]


def point_from_row(row: Sequence[Any], layout: Layout, *, vectors: bool) -> Point:
    """Return the point of a row."""
    item, attributes, hash, source, fingerprint, regions, *stored = row
    named = dict(zip(layout, stored, strict=True)) if vectors else {}
    payload = {
        "id": text_from_server(item),
        "attributes": {text_from_server(name): _from_server(value) for name, value in attributes.items()},
        "hash": hash,
        "source": text_from_server(source),
        "fingerprint": fingerprint,
        "regions": [{**one, "label": text_from_server(one["label"])} for one in regions or ()],
    }
    return from_payload(payload, {name: _loaded(kept, layout[name]) for name, kept in named.items()})


def half_vector(vector: Vector, spec: VectorSpec, whose: str) -> HalfVector:
    """Return a vector (dim,) as the server keeps and compares it: with length 1 under cosine, in float16.

    Raises:
        QueryError: a number is beyond float16.
    """
    row = unit(np.asarray(vector, np.float32)) if spec.metric == "cosine" else np.asarray(vector, np.float32)
    require_float16(row, whose, "PostgreSQL")
    return HalfVector(row)


def _stored(vector: Vector | Vectors, spec: VectorSpec, whose: str) -> HalfVector | list[HalfVector]:
    if spec.multi:
        return [half_vector(row, spec, whose) for row in vector]
    return half_vector(vector, spec, whose)


def _loaded(kept: HalfVector | list[HalfVector], spec: VectorSpec) -> Vector | Vectors:
    if isinstance(kept, list):
        rows = [one.to_numpy() for one in kept]
        return np.array(rows, np.float32).reshape(len(rows), spec.dim)
    return kept.to_numpy().astype(np.float32)


def _attributes_to_server(id: str, attributes: Attributes) -> dict[str, Any]:
    for name, value in attributes.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise QueryError(f"item {id!r} has {name} = {value}: PostgreSQL keeps finite numbers alone, leave it out")
    return {text_to_server(name): _to_server(value) for name, value in attributes.items()}


def _to_server(value: AttributeValue) -> Any:
    if isinstance(value, tuple):
        return [text_to_server(text) for text in value]
    return text_to_server(value) if isinstance(value, str) else value


def _from_server(value: Any) -> Any:
    if isinstance(value, list):
        return [text_from_server(text) for text in value]
    return text_from_server(value) if isinstance(value, str) else value
