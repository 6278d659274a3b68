"""Says what was probably meant by a filter that no item meets: a value in another spelling."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import islice

from ..catalogue.column_types import BOOLEANS
from ..catalogue.names import strip_accents
from ..errors import QueryError
from ..filters import And, Compare, Condition, In, Not, Or, parse
from ..filters.tokens import format_field, format_value, read_value
from ..index.open_index import OpenIndex
from ..types import Value

__all__ = ["filter_hints"]

_VALUES = 10_000
"""Values of an attribute that are compared."""
_COMPARED = 4
"""Values of a filter that are looked for: a service answers everybody."""
_NEAR = 3
"""Values that a hint names."""


def filter_hints(index: OpenIndex, filter: str) -> tuple[str, ...]:
    """Return a sentence for each value of a filter that no item has, though some have one that resembles it.

    Values resemble each other that differ by case, accents, leading zeros or a typing error.

    Args:
        index: whose items are looked at.
        filter: an expression that ``filters.parse`` reads.
    """
    fields = index.manifest.fields
    hints = []
    for field, value in islice(dict.fromkeys(_compared(parse(filter))), _COMPARED):
        name, kind = format_field(field), fields.get(field)
        if kind == "number" and isinstance(value, str):
            if isinstance(read_value(value.replace(",", ".")), str):
                hints.append(
                    f"{name} holds numbers, and {format_value(value)} is none; a cell that was kept as text is found "
                    "as it is written, accents included"
                )
        elif kind == "boolean" and (meant := BOOLEANS.get(str(value).casefold())) is not None:
            if not isinstance(value, bool):
                hints.append(f"{name} is true or false: did you mean {name} = {format_value(meant)}?")
        elif kind in ("words", "boolean") and (near := _resembling(index, field, value)):
            options = " or ".join(f"{name} = {format_value(one)}" for one in near)
            hints.append(f"no item has {name} = {format_value(value)}: did you mean {options}?")
    return tuple(hints)


def _compared(condition: Condition) -> Iterator[tuple[str, Value]]:
    """Yield the fields and values that items are to be equal to."""
    match condition:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _compared(part)
        case Not():
            return  # what is excluded is missing rightly
        case In(field, values, negated):
            if not negated:
                yield from ((field, value) for value in values)
        case Compare(field, op, value):
            if op == "=":
                yield field, value


def _resembling(index: OpenIndex, field: str, value: Value) -> list[Value]:
    """Return the values of a field that resemble one that no item has; none where an item has it."""
    try:
        there = [one for one, _ in index.store.facet(field, limit=_VALUES)]
    except QueryError:
        return []  # not counted by value
    texts = {str(one): one for one in there}
    if str(value) in texts or value in there:
        return []
    wanted = _fold(str(value))
    by_fold: dict[str, list[Value]] = {}
    for text, one in texts.items():
        by_fold.setdefault(_fold(text), []).append(one)
    if wanted in by_fold:
        return by_fold[wanted][:_NEAR]
    near = difflib.get_close_matches(wanted, by_fold, n=_NEAR, cutoff=0.75)
    return [one for fold in near for one in by_fold[fold]][:_NEAR]


def _fold(text: str) -> str:
    """Return a text in one case, without accents, double blanks and leading zeros."""
    plain = " ".join(strip_accents(text).casefold().split())
    return plain.lstrip("0") or plain
