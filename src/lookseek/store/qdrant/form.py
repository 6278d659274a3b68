"""Conditions and points as objects of Qdrant's client."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from qdrant_client import models

from ...errors import QueryError
from ...types import Point
from ..base import Restriction
from ..qdrant_filter import compile_filter
from ..qdrant_payload import payload_to_engine, vectors_to_engine
from ..schema import Layout, point_id, require_float16

__all__ = ["batches", "filter_of", "key_of", "point_to_server"]

_MOST_NUMBERS = 1 << 20
"""Numbers of all vectors in a request, some 12 MB as JSON: a server takes 32 MB unless it is told otherwise."""


class _ClientConditions:
    """See ``ConditionMaker``."""

    def filter(self, *, must: Sequence[Any] = (), should: Sequence[Any] = (), must_not: Sequence[Any] = ()) -> Any:
        return models.Filter(must=list(must) or None, should=list(should) or None, must_not=list(must_not) or None)

    def any_of(self, path: str, texts: Sequence[str]) -> Any:
        return models.FieldCondition(key=path, match=models.MatchAny(any=list(texts)))

    def within(self, path: str, **bounds: float) -> Any:
        return models.FieldCondition(key=path, range=models.Range(**bounds))

    def dated(self, path: str, **bounds: datetime) -> Any:
        return models.FieldCondition(key=path, range=models.DatetimeRange(**bounds))

    def of_ids(self, ids: Collection[UUID]) -> Any:
        return models.HasIdCondition(has_id=list(map(str, ids)))


_CONDITIONS = _ClientConditions()


def filter_of(restriction: Restriction) -> models.Filter | None:
    """Return a restriction as a filter of the client; None for all points."""
    found: models.Filter | None = compile_filter(restriction, _CONDITIONS)
    return found


def key_of(item: str) -> str:
    """Return the server's id of an item."""
    return str(point_id(item))


def point_to_server(point: Point, layout: Layout) -> models.PointStruct:
    """Return a point as the client takes it.

    Raises:
        QueryError: a number that float16 or JSON can't hold, or a text that UTF-8 can't.
    """
    payload = payload_to_engine(point)
    try:
        json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise QueryError(
            f"item {point.id!r} holds what JSON can't ({error}): leave it out, or write it anew"
        ) from error
    vectors = vectors_to_engine(point, layout)
    for name, vector in vectors.items():
        if layout[name].metric == "euclidean":  # under cosine the server keeps them with length 1
            require_float16(vector, f"item {point.id!r}: vector {name!r}", "Qdrant")
    return models.PointStruct(
        id=key_of(point.id), vector={name: np.asarray(v).tolist() for name, v in vectors.items()}, payload=payload
    )


def batches(points: Sequence[Point], layout: Layout) -> list[list[models.PointStruct]]:
    """Return points as the client takes them, as many together as a request may hold; raises as ``point_to_server``."""
    made: list[list[models.PointStruct]] = []
    room = 0
    for point in points:
        size = sum(point.vectors[name].size for name in layout)
        if not made or size > room:
            made.append([])
            room = _MOST_NUMBERS
        made[-1].append(point_to_server(point, layout))
        room -= size
    return made
