"""A point as plain JSON values, and back: what stores keep of it beside its vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..filters.condition import number_of
from ..types import AttributeValue, Box, Point, Region, Value, Vector, Vectors

__all__ = [
    "from_payload",
    "region_from_dict",
    "region_to_dict",
    "to_payload",
    "value_from_json",
    "value_to_json",
]


def to_payload(point: Point) -> dict[str, Any]:
    """Return a point without its vectors, as plain JSON values."""
    payload = {
        "id": point.id,
        "attributes": {name: value_to_json(value) for name, value in point.attributes.items()},
        "hash": point.hash,
        "source": point.source,
        "fingerprint": point.fingerprint,
    }
    return payload | ({"regions": list(map(region_to_dict, point.regions))} if point.regions else {})


def from_payload(payload: Mapping[str, Any], vectors: Mapping[str, Vector | Vectors]) -> Point:
    """Make a point from its payload and vectors: the reverse of ``to_payload``."""
    return Point(
        id=payload["id"],
        vectors=vectors,
        attributes={name: value_from_json(value) for name, value in payload["attributes"].items()},
        hash=payload["hash"],
        source=payload["source"],
        fingerprint=payload["fingerprint"],
        regions=tuple(map(region_from_dict, payload.get("regions", ()))),
    )


def value_to_json(value: AttributeValue) -> Value | list[str]:
    """An attribute's value as a plain JSON value."""
    return list(value) if isinstance(value, tuple) else value


def value_from_json(stored: Value | Sequence[str]) -> AttributeValue:
    """The reverse of ``value_to_json``."""
    return stored if isinstance(stored, str | int | float) else tuple(stored)


def region_to_dict(region: Region) -> dict[str, Any]:
    """Return a region as plain JSON values: box as [x, y, width, height], label, score."""
    box = [float(side) for side in (region.box.x, region.box.y, region.box.width, region.box.height)]
    return {"box": box, "label": region.label, "score": float(region.score)}


def region_from_dict(stored: Mapping[str, Any]) -> Region:
    """Make a region from plain JSON values: the reverse of ``region_to_dict``.

    Raises:
        KeyError, TypeError, QueryError: it describes no region.
    """
    if not isinstance(stored["label"], str):
        raise TypeError(f"a region's label is text, not {stored['label']!r}")
    return Region(Box(*map(_number, stored["box"])), stored["label"], _number(stored["score"]))


def _number(value: Any) -> float:
    number = number_of(value)
    if number is None:
        raise TypeError(f"{value!r} is no number of 64 bits")
    return number
