"""Conditions over columns: which of many items meet one, by numpy, exactly as ``matches`` decides for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..types import AttributeValue, Value
from .condition import And, Compare, Condition, In, Not, Or, meets_date, number_of, plain_values

__all__ = ["Column", "Mask", "column_of", "mask"]

Mask: TypeAlias = NDArray[np.bool_]
"""bool (n,): True for the items that are kept."""

_ORDERINGS: Mapping[str, np.ufunc] = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one attribute over n items.

    Args:
        numbers: float64 (n,), NaN for an item whose value is no number.
        codes: int32 (n,), the place in ``values`` of an item's text or boolean, -1 for an item that has neither.
        values: the texts and booleans that items have, each once.
        list_rows, list_codes: int32 (m,) both: an item that has a list, and the place in ``values`` of one of its
            texts; an entry for each text.
    """

    numbers: NDArray[np.float64]
    codes: NDArray[np.int32]
    values: Mapping[str | bool, int]
    list_rows: NDArray[np.int32]
    list_codes: NDArray[np.int32]

    def counts(self, keep: Mask | None) -> list[tuple[str | bool, int]]:
        """Return the texts and booleans of the items that are kept, each with its number of items, in any order."""
        codes = self.codes if keep is None else self.codes[keep]
        listed = self.list_codes if keep is None else self.list_codes[keep[self.list_rows]]
        counts = np.bincount(np.concatenate([codes, listed]) + 1, minlength=len(self.values) + 1)[1:].tolist()
        return [(value, counts[code]) for value, code in self.values.items() if counts[code]]


def column_of(values: Sequence[AttributeValue | None]) -> Column:
    """Return the column of one attribute: a value for each item, None where an item has none."""
    numbers = np.full(len(values), np.nan)
    codes = np.full(len(values), -1, np.int32)
    places: dict[str | bool, int] = {}
    listed: list[tuple[int, int]] = []
    for row, value in enumerate(values):
        if isinstance(value, str | bool):
            codes[row] = places.setdefault(value, len(places))
        elif isinstance(value, tuple):
            listed += ((row, places.setdefault(text, len(places))) for text in value)
        elif (number := number_of(value)) is not None:
            numbers[row] = number
    rows, texts = np.array(listed, np.int32).reshape(len(listed), 2).T
    return Column(numbers, codes, places, rows, texts)


def mask(condition: Condition, column: Callable[[str], Column]) -> Mask:
    """Return which items meet a condition.

    Args:
        condition: any.
        column: gives the column of an attribute by its name, also of one that no item has.

    Returns:
        bool (n,): what ``matches`` returns for each item's attributes.
    """
    match condition:
        case And(parts):
            return np.asarray(np.logical_and.reduce([mask(part, column) for part in parts]))
        case Or(parts):
            return np.asarray(np.logical_or.reduce([mask(part, column) for part in parts]))
        case Not(part):
            return ~mask(part, column)
        case In(field, values, negated):
            found = _equal(column(field), values)
            return ~found if negated else found
        case Compare(field, ("=" | "!=") as op, value):
            found = _equal(column(field), (value,))
            return found if op == "=" else ~found
        case Compare(field, date=(op, instant)):
            return _where(
                column(field), [code for text, code in column(field).values.items() if meets_date(text, op, instant)]
            )
        case Compare(field, op, value):
            return np.asarray(_ORDERINGS[op](column(field).numbers, number_of(value)))  # NaN meets no ordering


def _where(column: Column, codes: Sequence[int]) -> Mask:
    """Return which items have a text or boolean of these places in ``values``, alone or in a list."""
    wanted = np.zeros(len(column.values) + 1, np.bool_)  # the last place is that of code -1
    wanted[list(codes)] = True
    found: Mask = wanted[column.codes]
    found[column.list_rows[wanted[column.list_codes]]] = True
    return found


def _equal(column: Column, values: Iterable[Value]) -> Mask:
    """Return which items are equal to any of these literals."""
    codes, numbers = [], []
    for value in values:
        for plain in plain_values(value):
            if not isinstance(plain, str | bool):
                numbers.append(float(plain))
            elif plain in column.values:
                codes.append(column.values[plain])
    found = _where(column, codes)
    for number in set(numbers):
        found |= column.numbers == number
    return found
