"""How points and conditions look inside the embedded engine, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import qdrant_edge as engine

from ..filters import And, Compare, Condition, In, Not, Or, plain_values
from ..types import AttributeValue, Point, Value
from .base import Restriction
from .payload import from_payload, to_payload
from .schema import Layout, point_id

__all__ = [
    "ROUTE",
    "compile_filter",
    "field_path",
    "payload_to_engine",
    "point_from_engine",
    "value_from_engine",
    "vectors_to_engine",
]

ROUTE = "route"
"""Where in the payload a point's routing keys stand, beside its attributes, so that no filter reaches them."""
_MARK = "\x1f"
_BOOLEANS = {True: f"{_MARK}true", False: f"{_MARK}false"}
"""How booleans are kept: qdrant-edge-py 0.9.0 turns the True of a condition into the number 1. A text that begins with
the mark gets a second one."""
_BOUNDS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


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
    kept = {_field_to_engine(name): _value_to_engine(value) for name, value in point.attributes.items()}
    return to_payload(point) | {"attributes": kept}


def _value_to_engine(value: AttributeValue) -> Value | list[str]:
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
    """The reverse of ``_value_to_engine``."""
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


def compile_filter(restriction: Restriction) -> engine.Filter | None:
    """The engine's form of a restriction; None for all points."""
    must: list[Any] = []
    if restriction.condition is not None:
        must.append(_tree(restriction.condition))
    if restriction.among is not None:
        must.append(engine.HasIdCondition({point_id(id_) for id_ in restriction.among}))
    if restriction.within is not None:
        kind, keys = restriction.within
        must.append(engine.FieldCondition(f"{ROUTE}.{kind}", match=engine.MatchAny(list(keys))))
    return engine.Filter(must=must) if must else None


def _tree(condition: Condition) -> engine.Filter:
    """The engine's form of a condition; ``lookseek.filters.condition`` says what it must mean."""
    match condition:
        case And(parts):
            return engine.Filter(must=[_tree(part) for part in parts])
        case Or(parts):
            return engine.Filter(should=[_tree(part) for part in _merged(parts)])
        case Not(part):
            return engine.Filter(must_not=[_tree(part)])
        case In(field, values, negated):
            found = engine.Filter(should=_equals(field, values))
            return engine.Filter(must_not=[found]) if negated else found
        case Compare(field, ("=" | "!=") as op, value):
            found = engine.Filter(should=_equals(field, (value,)))
            return found if op == "=" else engine.Filter(must_not=[found])
        case Compare(field, date=(op, instant)):
            dates = engine.RangeDateTime(**{_BOUNDS[op]: instant.isoformat()})
            return engine.Filter(must=[engine.FieldCondition(field_path(field), range=dates)])
        case Compare(field, op, value):
            limit = {_BOUNDS[op]: float(value)}
            return engine.Filter(must=[engine.FieldCondition(field_path(field), range=engine.RangeFloat(**limit))])


def _merged(parts: Sequence[Condition]) -> list[Condition]:
    """Return the parts of an ``or`` with one ``in`` for all that are to equal the same field."""
    others: list[Condition] = []
    values: dict[str, list[Value]] = {}
    for part in parts:
        match part:
            case Compare(field, "=", value):
                values.setdefault(field, []).append(value)
            case In(field, some, False):
                values.setdefault(field, []).extend(some)
            case _:
                others.append(part)
    return [*others, *(In(field, tuple(some)) for field, some in values.items())]


def _equals(field: str, values: Sequence[Value]) -> list[Any]:
    """Return the conditions of which a point must meet one to equal one of some values.

    Where no index of the engine helps, as for numbers in a field of words, it reads a point's attributes anew for each
    condition, in some 12 microseconds: so there is one for all texts, and one before those of the numbers. These stand
    in a filter of their own, since the engine looks at ``should`` before ``must``.
    """
    path = field_path(field)
    plain = list(dict.fromkeys((type(one), one) for value in values for one in plain_values(value)))
    texts = [str(_value_to_engine(one)) for _, one in plain if isinstance(one, str | bool)]
    numbers = [float(one) for _, one in plain if not isinstance(one, str | bool)]
    found: list[Any] = []
    if texts:
        found.append(engine.FieldCondition(path, match=engine.MatchAny(texts)))
    if numbers:
        each = [engine.FieldCondition(path, range=engine.RangeFloat(gte=one, lte=one)) for one in numbers]
        within = engine.FieldCondition(path, range=engine.RangeFloat(gte=min(numbers), lte=max(numbers)))
        found.append(each[0] if len(each) == 1 else engine.Filter(must=[within, engine.Filter(should=each)]))
    return found
