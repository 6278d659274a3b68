"""What a filter costs: comparisons for which the store has no index read an item's attributes, some 12 microseconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...errors import QueryError
from ...filters import And, Compare, Condition, In, Not, Or
from ...index.manifest import Manifest, declared_fields
from ...store import FieldType
from ...types import Value
from ..settings import MAX_SCANNED, MIN_COMPARISONS

__all__ = ["check_filter_cost", "slow_comparisons"]


def check_filter_cost(condition: Condition, manifest: Manifest) -> None:
    """Refuse a filter that would read the attributes of too many items too often.

    Args:
        condition: the filter.
        manifest: of the index that is searched.

    Raises:
        QueryError: ``MAX_SCANNED`` comparisons of an item are exceeded by more than ``MIN_COMPARISONS`` an item.
    """
    slow = slow_comparisons(condition, manifest)
    if slow > MIN_COMPARISONS and slow * manifest.items > MAX_SCANNED:
        raise QueryError(
            f"the filter has {slow:,} comparisons that no index helps with, of {manifest.items:,} items each; "
            f"{max(MIN_COMPARISONS, MAX_SCANNED // max(1, manifest.items)):,} are taken: compare words with "
            'texts ("38") and numbers with <, <=, >, >=, or use fewer'
        )


def slow_comparisons(condition: Condition, manifest: Manifest) -> int:
    """Return how often a filter reads the attributes of an item at the most.

    Args:
        condition: the filter.
        manifest: of the index: its attributes, of which the store has an index for some.
    """
    quick = declared_fields(manifest.fields, manifest.roles)
    return _comparisons(condition, {name: manifest.fields[name] for name in quick})


def _comparisons(condition: Condition, quick: Mapping[str, FieldType]) -> int:
    """Return the same for those attributes that the store has an index for."""
    match condition:
        case And(parts):
            return sum(_comparisons(part, quick) for part in parts)
        case Or(parts):
            equal: dict[str, list[Value]] = {}
            rest = 0
            for part in parts:
                if isinstance(part, (Compare, In)) and (values := list(_equalled(part))):
                    equal.setdefault(part.field, []).extend(values)
                else:
                    rest += _comparisons(part, quick)
            return rest + sum(_slow(field, values, quick) for field, values in equal.items())
        case Not(part):
            return _comparisons(part, quick)
        case In(field, values):
            return _slow(field, values, quick)
        case Compare(field, "=" | "!=", value):
            return _slow(field, [value], quick)
        case Compare(field):
            return 0 if quick.get(field) == "number" else 1


def _equalled(part: Compare | In) -> Iterator[Value]:
    """Yield the values that an item's is to equal; none of another comparison."""
    if isinstance(part, In):
        yield from () if part.negated else part.values
    elif part.op == "=":
        yield part.value


def _slow(field: str, values: list[Value] | tuple[Value, ...], quick: Mapping[str, FieldType]) -> int:
    numbers = sum(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if field not in quick:
        return 1 + (numbers + 1 if numbers else 0)
    return 1 if numbers or quick[field] == "number" else 0
