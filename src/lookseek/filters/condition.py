"""What a filter means: the tree that ``lookseek.filters.parser`` reads from text and stores compile.

``matches`` is the reference; a store that compiles the tree must agree with it:

- A literal stands for one or more plain values, its ``plain_values``. ``=`` is true where the attribute is
  one of them: text equals text, case and all; numbers compare as 64-bit floats, so ``4`` is ``4.0``
  and integers over 2**53 are rounded; true and false equal booleans alone, never 1 and 0.
- So ``year = 2012`` finds the number 2012 and the text "2012"; ``year = "2012"`` the text alone.
- ``<``, ``<=``, ``>``, ``>=`` with a number find numbers alone, no text and no booleans; with a date (``dates``) they
  find texts that are dates.
- A list is equal to a value where one of its texts is, so ``sizes = M`` finds ``S, M, L``; it is above or below a date
  where one of its texts is, and above or below no number.
- A missing attribute is equal to nothing, in nothing, and neither above nor below anything.
- ``!=``, ``not in`` and ``not`` are plain complements: ``colour != red`` is ``not colour = red`` and
  finds items without a colour too, as ``must_not`` of Qdrant does; so does ``not price < 50``.
"""

from __future__ import annotations

import datetime
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..errors import FilterError
from ..types import Attributes, AttributeValue, Value
from .dates import DateLimit, date_limit, instant_of

__all__ = ["And", "Compare", "Condition", "In", "Not", "Operator", "Or", "field_names", "matches", "plain_values"]

Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]

ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""The operators that need a number or a date."""


@dataclass(frozen=True, slots=True)
class Compare:
    """``field op value``.

    Raises:
        FilterError: no field name, a number that is not finite as a 64-bit float, text that UTF-8
            cannot hold, or an ordering against something that is no number.
    """

    field: str
    op: Operator
    value: Value

    def __post_init__(self) -> None:
        _check_field(self.field)
        _check_value(self.value)
        if self.op in ORDERINGS and number_of(self.value) is None and self.date is None:
            raise FilterError(
                f"{self.field} {self.op} {self.value!r}: {self.op} compares with a number, or a date such as 2026-01-31"
            )

    @property
    def date(self) -> DateLimit | None:
        """What the comparison demands of a date; None where its value is none, or it is no ordering."""
        return date_limit(self.op, self.value) if self.op in ORDERINGS and isinstance(self.value, str) else None


@dataclass(frozen=True, slots=True)
class In:
    """``field in (a, b)``: equal to any of them; with ``negated`` the complement.

    Raises:
        FilterError: as ``Compare``, or no values.
    """

    field: str
    values: tuple[Value, ...]
    negated: bool = False

    def __post_init__(self) -> None:
        _check_field(self.field)
        if not self.values:
            raise FilterError(f"{self.field} in (): give at least one value")
        for value in self.values:
            _check_value(value)


@dataclass(frozen=True, slots=True)
class Not:
    """The complement of ``part``."""

    part: Condition


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more parts."""

    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        _check_parts(self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more parts."""

    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        _check_parts(self.parts)


Condition: TypeAlias = And | Or | Not | Compare | In


def field_names(condition: Condition) -> frozenset[str]:
    """Names of the attributes that a condition looks at."""
    match condition:
        case And(parts) | Or(parts):
            return frozenset().union(*(field_names(part) for part in parts))
        case Not(part):
            return field_names(part)
        case Compare() | In():
            return frozenset((condition.field,))


def plain_values(value: Value) -> tuple[Value, ...]:
    """Return the plain values that a literal is equal to, the literal itself first.

    Catalogues differ in whether they keep a year or a yes as text, so a bare number or boolean
    finds both. Text stands for itself alone.

    >>> plain_values(2012), plain_values(True), plain_values("2012")
    ((2012, '2012'), (True, 'true', 'True', 'TRUE'), ('2012',))
    """
    if isinstance(value, bool):
        word = "true" if value else "false"
        return (value, word, word.title(), word.upper())
    if isinstance(value, str):
        return (value,)
    return (value, str(value))


def matches(condition: Condition, attributes: Attributes) -> bool:
    """Return whether attributes meet a condition; the module's docstring has the rules."""
    match condition:
        case And(parts):
            return all(matches(part, attributes) for part in parts)
        case Or(parts):
            return any(matches(part, attributes) for part in parts)
        case Not(part):
            return not matches(part, attributes)
        case In(field, values, negated):
            have = attributes.get(field)
            return any(_equal(have, value) for value in values) != negated
        case Compare(field, ("=" | "!=") as op, value):
            return _equal(attributes.get(field), value) == (op == "=")
        case Compare(field, date=(op, instant)):
            return meets_date(attributes.get(field), op, instant)
        case Compare(field, op, value):
            have, limit = number_of(attributes.get(field)), number_of(value)
            return have is not None and limit is not None and ORDERINGS[op](have, limit)


def _equal(have: AttributeValue | None, value: Value) -> bool:
    if isinstance(have, tuple):
        return any(_equal(one, value) for one in have)
    if isinstance(have, (str, bool)):
        return any(type(have) is type(plain) and have == plain for plain in plain_values(value))
    number = number_of(have)
    return number is not None and number == number_of(value)


def meets_date(have: AttributeValue | None, op: str, instant: datetime.datetime) -> bool:
    """Return whether a value is a date, or a list with one, that compares so with an instant."""
    if isinstance(have, tuple):
        return any(meets_date(one, op, instant) for one in have)
    found = instant_of(have) if isinstance(have, str) else None
    return found is not None and bool(ORDERINGS[op](found, instant))


def number_of(value: AttributeValue | None) -> float | None:
    """Return a number as a 64-bit float; None for text, lists, booleans and integers that no float can hold."""
    if value is None or isinstance(value, (str, bool, tuple)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _check_field(field: str) -> None:
    if not field:
        raise FilterError("a condition needs the name of a field")
    _check_value(field)


def _check_value(value: Value) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise FilterError(f"{value!r} holds half of a surrogate pair: it is no text that UTF-8 can hold")
    elif not isinstance(value, bool):
        number = number_of(value)
        if number is None or not math.isfinite(number):
            raise FilterError(f"a number in a filter must lie within {-1.8e308} and {1.8e308}")


def _check_parts(parts: tuple[Condition, ...]) -> None:
    if len(parts) < 2:
        raise FilterError(f"and/or join two or more conditions, not {len(parts)}")
