"""How a point looks inside Qdrant, in the embedded engine and on a server alike, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..types import AttributeValue, Point, Value
from .payload import from_payload, to_payload
from .schema import Layout

__all__ = [
    "ROUTE",
    "field_path",
    "payload_to_engine",
    "point_from_engine",
    "value_from_engine",
    "value_to_engine",
    "vectors_to_engine",
]

ROUTE = "route"
"""Where in the payload a point's routing keys stand, beside its attributes, so that no filter reaches them."""
_MARK = "\x1f"
_BOOLEANS = {True: f"{_MARK}true", False: f"{_MARK}false"}
"""How booleans are kept: qdrant-edge-py 0.9.0 turns the True of a condition into the number 1. A text that begins with
the mark gets a second one."""


def point_from_engine(record: Any, layout: Layout, vectors: bool) -> Point:
    """A point as the engine gave it; ``vectors`` says whether it was asked for them."""
    stored = record.vector or {}
    named = {name: np.array(vector, np.float32) for name, vector in stored.items()}
    if vectors:  # the engine keeps no empty list of vectors
        none = (name for name, spec in layout.items() if spec.multi and name not in stored)
        named |= {name: np.empty((0, layout[name].dim), np.float32) for name in none}
    payload = dict(record.payload)
    kept = payload["attributes"].items()
    payload["attributes"] = {_field_from_engine(name): _attribute(value) for name, value in kept}
    return from_payload(payload, named)


def vectors_to_engine(point: Point, layout: Layout) -> dict[str, Any]:
    """What the engine keeps as the vectors of a point."""
    named = {name: np.ascontiguousarray(point.vectors[name], np.float32) for name in layout}
    return {name: vector for name, vector in named.items() if len(vector)}


def payload_to_engine(point: Point) -> dict[str, Any]:
    """What the engine keeps of a point beside its vectors."""
    kept = {_field_to_engine(name): value_to_engine(value) for name, value in point.attributes.items()}
    return to_payload(point) | {"attributes": kept}


def value_to_engine(value: AttributeValue) -> Value | list[str]:
    """What the engine keeps as an attribute's value."""
    if isinstance(value, bool):
        return _BOOLEANS[value]
    if isinstance(value, str):
        return _text_to_engine(value)
    return list(map(_text_to_engine, value)) if isinstance(value, tuple) else value


def _text_to_engine(text: str) -> str:
    return _MARK + text if text.startswith(_MARK) else text


def value_from_engine(kept: Value) -> Value:
    """The value that the engine keeps in this form."""
    if kept in _BOOLEANS.values():
        return kept == _BOOLEANS[True]
    return kept[len(_MARK) :] if isinstance(kept, str) and kept.startswith(2 * _MARK) else kept


def _attribute(kept: Value | list[str]) -> AttributeValue:
    """The reverse of ``value_to_engine``."""
    return tuple(str(value_from_engine(text)) for text in kept) if isinstance(kept, list) else value_from_engine(kept)


def field_path(field: str) -> str:
    """The engine's path to an attribute."""
    return f'attributes."{_field_to_engine(field)}"'


def _field_to_engine(field: str) -> str:
    """An attribute's name as the engine keeps it: its paths take no quotation marks and backslashes."""
    return field.replace("%", "%25").replace('"', "%22").replace("\\", "%5C")


def _field_from_engine(name: str) -> str:
    """The reverse of ``_field_to_engine``."""
    return name.replace("%5C", "\\").replace("%22", '"').replace("%25", "%")
