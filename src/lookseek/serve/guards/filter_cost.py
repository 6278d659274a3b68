"""What a filter costs: comparisons for which the store has no index read an item's attributes, some 12 microseconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...errors import QueryError
from ...filters import And, Compare, Condition, In, Not, Or
from ...index.manifest import Manifest
from ...store import FieldType
from ...types import Value
from ..settings import MAX_SCANNED, MIN_COMPARISONS

__all__ = ["check_filter_cost", "slow_comparisons"]

_INDEXED = 64
"""Attributes that the store has an index for, at the most."""


def check_filter_cost(condition: Condition, manifest: Manifest) -> None:
    """Refuse a filter that would read the attributes of too many items too often.

    Args:
        condition: the filter.
        manifest: of the index that is searched.

    Raises:
        QueryError: ``MAX_SCANNED`` comparisons of an item are exceeded by more than ``MIN_COMPARISONS`` an item.
    """
    slow = slow_comparisons(condition, manifest.fields)
    if slow > MIN_COMPARISONS and slow * manifest.items > MAX_SCANNED:
        raise QueryError(
            f"the filter has {slow:,} comparisons that no index helps with, of {manifest.items:,} items each; "
            f"{max(MIN_COMPARISONS, MAX_SCANNED // max(1, manifest.items)):,} are taken: compare words with "
            'texts ("38") and numbers with <, <=, >, >=, or use fewer'
        )


def slow_comparisons(condition: Condition, fields: Mapping[str, FieldType]) -> int:
    """Return how often a filter reads the attributes of an item at the most.

    Args:
        condition: the filter.
        fields: the index's attributes.
    """
    match condition:
        case And(parts):
            return sum(slow_comparisons(part, fields) for part in parts)
        case Or(parts):
            equal: dict[str, list[Value]] = {}
            rest = 0
            for part in parts:
                if isinstance(part, (Compare, In)) and (values := list(_equalled(part))):
                    equal.setdefault(part.field, []).extend(values)
                else:
                    rest += slow_comparisons(part, fields)
            return rest + sum(_slow(field, values, fields) for field, values in equal.items())
        case Not(part):
            return slow_comparisons(part, fields)
        case In(field, values):
            return _slow(field, values, fields)
        case Compare(field, "=" | "!=", value):
            return _slow(field, [value], fields)
        case Compare(field):
            return 0 if fields.get(field) == "number" and _is_indexed(field, fields) else 1


def _equalled(part: Compare | In) -> Iterator[Value]:
    """Yield the values that an item's is to equal; none of another comparison."""
    if isinstance(part, In):
        yield from () if part.negated else part.values
    elif part.op == "=":
        yield part.value


def _slow(field: str, values: list[Value] | tuple[Value, ...], fields: Mapping[str, FieldType]) -> int:
    numbers = sum(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if not _is_indexed(field, fields):
        return 1 + (numbers + 1 if numbers else 0)
    return 1 if numbers or fields[field] == "number" else 0


def _is_indexed(field: str, fields: Mapping[str, FieldType]) -> bool:
    return field in fields and (len(fields) <= _INDEXED or field in sorted(fields)[:_INDEXED])
