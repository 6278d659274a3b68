"""Filters of the values that a reader selects in facets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from ...filters import And, Compare, Condition, In, Or, to_text
from ...store import FieldType
from ...types import Value

__all__ = ["Selected", "number_range", "to_condition", "to_filter", "value_condition"]

Selected: TypeAlias = Mapping[str, tuple[str, ...]]
"""Selected values by field, as they stand in a URL."""


def to_condition(selected: Selected, field_types: Mapping[str, FieldType]) -> Condition | None:
    """Return the condition that an item has one of the selected values of each field.

    Args:
        selected: values; fields and values that can't be are ignored.
        field_types: of the index.

    Returns:
        None where every item meets it.
    """
    conditions = (value_condition(field, values, field_types.get(field)) for field, values in selected.items())
    parts = [condition for condition in conditions if condition is not None]
    return And(tuple(parts)) if len(parts) > 1 else next(iter(parts), None)


def to_filter(selected: Selected, field_types: Mapping[str, FieldType]) -> str:
    """Return the condition of ``to_condition`` as the text of a query's filter; "" for none."""
    condition = to_condition(selected, field_types)
    return "" if condition is None else to_text(condition)


def value_condition(field: str, values: tuple[str, ...], field_type: FieldType | None) -> Condition | None:
    """Return the condition that an item has one of some values of a field; None where no value is valid."""
    if field_type is None or not values:
        return None
    if field_type == "number":
        ranges = [condition for value in values if (condition := _range_condition(field, value)) is not None]
        return Or(tuple(ranges)) if len(ranges) > 1 else next(iter(ranges), None)
    if field_type == "boolean":
        booleans: tuple[Value, ...] = tuple(value == "true" for value in values if value in ("true", "false"))
        return In(field, booleans) if booleans else None
    return In(field, values)


def number_range(value: str) -> tuple[float | None, float | None] | None:
    """Parse "low..high", either of which may be omitted; None where it is invalid.

    >>> number_range("10..25"), number_range("..5"), number_range("a..b")
    ((10.0, 25.0), (None, 5.0), None)
    """
    low, dots, high = value.partition("..")
    try:
        ends = tuple(float(end) if end else None for end in (low, high))
    except ValueError:
        return None
    valid = dots and any(end is not None for end in ends) and all(end is None or math.isfinite(end) for end in ends)
    return (ends[0], ends[1]) if valid else None


def _range_condition(field: str, value: str) -> Condition | None:
    ends = number_range(value)
    if ends is None:
        return None
    low, high = ends
    parts: list[Condition] = [] if low is None else [Compare(field, ">=", low)]
    parts += [] if high is None else [Compare(field, "<=", high)]
    return And(tuple(parts)) if len(parts) > 1 else parts[0]
