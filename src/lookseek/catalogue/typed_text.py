"""Attributes that come one item at a time, read as the column is read that the index was made of."""

from __future__ import annotations

from collections.abc import Mapping

from ..types import Attributes, AttributeValue
from .column_types import ColumnType
from .table_plan import CURRENCY

__all__ = ["type_texts"]

_SHOWN = 80
"""Characters of a value in a message."""


def type_texts(
    attributes: Attributes, types: Mapping[str, ColumnType]
) -> tuple[dict[str, AttributeValue], tuple[str, ...]]:
    """Read the texts among some attributes as cells of their columns.

    Args:
        attributes: of an item. What is no text, or of no known column, stays as it is.
        types: attribute to the type of its column.

    Returns:
        The attributes, without missing values and with the currency of a price beside it; and a sentence on each text
        that is not of its column's type and stays text.
    """
    typed: dict[str, AttributeValue] = {}
    odd: list[str] = []
    for name, value in attributes.items():
        column = types.get(name)
        if column is None or not isinstance(value, str):
            typed[name] = value
            continue
        cell = column.read(value)
        if cell.value is not None:
            typed[name] = cell.value
        if cell.currency and f"{name}_{CURRENCY}" not in attributes:
            typed[f"{name}_{CURRENCY}"] = cell.currency
        if cell.odd:
            odd.append(f"{name} is {value[:_SHOWN]!r}, which {cell.odd}: it is kept as text")
    return typed, tuple(odd)
