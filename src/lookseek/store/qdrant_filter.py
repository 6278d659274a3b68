"""Conditions in the terms of Qdrant, which the embedded engine and a server share; each library has its own objects."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from ..filters import And, Compare, Condition, In, Not, Or, plain_values
from ..types import Value
from .base import Restriction
from .qdrant_payload import ROUTE, field_path, value_to_engine
from .schema import point_id

__all__ = ["ConditionMaker", "compile_filter"]

_BOUNDS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


class ConditionMaker(Protocol):
    """Makes the conditions of one library of Qdrant."""

    def filter(self, *, must: Sequence[Any] = (), should: Sequence[Any] = (), must_not: Sequence[Any] = ()) -> Any:
        """Return a filter of conditions and filters: all of ``must``, one of ``should``, none of ``must_not``."""

    def any_of(self, path: str, texts: Sequence[str]) -> Any:
        """Return the condition that a field holds one of these texts."""

    def within(self, path: str, **bounds: float) -> Any:
        """Return the condition that a field holds a number within bounds named ``lt``, ``lte``, ``gt``, ``gte``."""

    def dated(self, path: str, **bounds: datetime) -> Any:
        """Return the condition that a field holds a date within bounds."""

    def of_ids(self, ids: Collection[UUID]) -> Any:
        """Return the condition that a point has one of these ids."""


def compile_filter(restriction: Restriction, make: ConditionMaker) -> Any:
    """Return a restriction as a filter of a library; None for all points."""
    must: list[Any] = []
    if restriction.condition is not None:
        must.append(_tree(restriction.condition, make))
    if restriction.among is not None:
        must.append(make.of_ids({point_id(id_) for id_ in restriction.among}))
    if restriction.within is not None:
        kind, keys = restriction.within
        must.append(make.any_of(f"{ROUTE}.{kind}", list(keys)))
    return make.filter(must=must) if must else None


def _tree(condition: Condition, make: ConditionMaker) -> Any:
    """Return a condition as a filter; ``lookseek.filters.condition`` says what it must mean."""
    match condition:
        case And(parts):
            return make.filter(must=[_tree(part, make) for part in parts])
        case Or(parts):
            return make.filter(should=[_tree(part, make) for part in _merged(parts)])
        case Not(part):
            return make.filter(must_not=[_tree(part, make)])
        case In(field, values, negated):
            found = make.filter(should=_equals(field, values, make))
            return make.filter(must_not=[found]) if negated else found
        case Compare(field, ("=" | "!=") as op, value):
            found = make.filter(should=_equals(field, (value,), make))
            return found if op == "=" else make.filter(must_not=[found])
        case Compare(field, date=(op, instant)):
            return make.filter(must=[make.dated(field_path(field), **{_BOUNDS[op]: instant})])
        case Compare(field, op, value):
            return make.filter(must=[make.within(field_path(field), **{_BOUNDS[op]: float(value)})])


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


def _equals(field: str, values: Sequence[Value], make: ConditionMaker) -> list[Any]:
    """Return the conditions of which a point must meet one to equal one of some values.

    Where no index of the engine helps, as for numbers in a field of words, it reads a point's attributes anew for each
    condition, in some 12 microseconds: so there is one for all texts, and one before those of the numbers. These stand
    in a filter of their own, since the engine looks at ``should`` before ``must``.
    """
    path = field_path(field)
    plain = list(dict.fromkeys((type(one), one) for value in values for one in plain_values(value)))
    texts = [str(value_to_engine(one)) for _, one in plain if isinstance(one, str | bool)]
    numbers = [float(one) for _, one in plain if not isinstance(one, str | bool)]
    found: list[Any] = []
    if texts:
        found.append(make.any_of(path, texts))
    if numbers:
        each = [make.within(path, gte=one, lte=one) for one in numbers]
        nearby = make.within(path, gte=min(numbers), lte=max(numbers))
        found.append(each[0] if len(each) == 1 else make.filter(must=[nearby, make.filter(should=each)]))
    return found
