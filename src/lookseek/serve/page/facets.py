"""Values that results can be narrowed to, counted under what is chosen already."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from ...errors import LookseekError
from ...filters import And, Compare, Condition, In, Or, to_text
from ...index.folder import OpenIndex
from ...store import FieldKind, Restriction
from ...types import Value
from ..photo_shape import Shape, most_common_shape

__all__ = ["Choice", "Facet", "Facets", "condition_of", "filter_of", "number_range"]

_LOOKED_AT = 20_000
"""Items that ranges and examples are made from: enough for quarters."""

_MOST_FIELDS, _MOST_VALUES = 10, 40
_TELLING = 12
"""Values that a field of many must be told by: half of the items have one of them, else it is a name or a number."""
_SAMPLE = 24
_REMEMBERED = 100
"""Sets of choices whose counts are kept: most questions have none, and these change with the index alone."""

_FIRST = ("category", "label", "type", "gender", "colour", "color", "brand", "pattern", "material", "size", "price")
"""Names of fields that people narrow by first; others follow as the index has them."""

Chosen: TypeAlias = Mapping[str, tuple[str, ...]]
_Stamp: TypeAlias = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that can be chosen: as the address has it, how many items have it, and whether it is chosen."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A field and its values."""

    field: str
    kind: FieldKind
    choices: tuple[Choice, ...]
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Outline:
    """What stays the same for an index as it is: fields that are offered, with ranges, and examples and their shape."""

    stamp: _Stamp
    fields: Mapping[str, tuple[str, ...]]
    sample: tuple[str, ...]
    shape: Shape


class Facets:
    """Counts of an index; remembers what stays the same until it changes."""

    def __init__(self) -> None:
        self._outline: _Outline | None = None
        self._counted: OrderedDict[tuple[_Stamp, tuple[Any, ...]], tuple[Facet, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, index: OpenIndex, chosen: Chosen) -> tuple[Facet, ...]:
        """The facets, each counted under the choices of the others; a field that is chosen by is always among them."""
        key = self._of(index).stamp, tuple(sorted(chosen.items()))
        with self._lock:
            counted = self._counted.get(key)
        if counted is None:
            counted = self._count(index, chosen)
            with self._lock:
                self._counted[key] = counted
                if len(self._counted) > _REMEMBERED:
                    self._counted.popitem(last=False)
        return counted

    def sample(self, index: OpenIndex) -> tuple[str, ...]:
        """Ids of some items from all over the index."""
        return self._of(index).sample

    def shape(self, index: OpenIndex) -> Shape:
        """The shape of its photos."""
        return self._of(index).shape

    def _count(self, index: OpenIndex, chosen: Chosen) -> tuple[Facet, ...]:
        kinds, offered, told = index.manifest.fields, self._of(index).fields, []
        for field in (*offered, *(name for name in chosen if name in kinds and name not in offered)):
            others = condition_of({name: values for name, values in chosen.items() if name != field}, kinds)
            mine = chosen.get(field, ())
            counts: dict[str, int] = {}
            if field in offered and kinds[field] != "number":
                found = index.store.facet(field, Restriction(others), limit=_MOST_VALUES)
                counts = {_spoken(value): count for value, count in found}
            for one in (*offered.get(field, ()), *mine):
                if one not in counts:
                    counts[one] = _count(index, _part(field, (one,), kinds[field]), others)
            choices = tuple(Choice(one, count, one in mine) for one, count in counts.items() if count or one in mine)
            if len(choices) > 1 or mine:
                told.append(Facet(field, kinds[field], choices, mine))
        return tuple(told)

    def _of(self, index: OpenIndex) -> _Outline:
        # one that was opened again has changed, perhaps within the second that its manifest names
        stamp = index.manifest.generation, index.manifest.updated, id(index)
        with self._lock:
            if self._outline is None or self._outline.stamp != stamp:
                self._outline = _outlined(index, stamp)
            return self._outline


def condition_of(chosen: Chosen, kinds: Mapping[str, FieldKind]) -> Condition | None:
    """Items that have one of the chosen values of each field; None for all. Fields that nobody has are passed over."""
    parts = [part for field in chosen if (part := _part(field, chosen[field], kinds.get(field))) is not None]
    return And(tuple(parts)) if len(parts) > 1 else next(iter(parts), None)


def filter_of(chosen: Chosen, kinds: Mapping[str, FieldKind]) -> str:
    """The same as a query's filter."""
    condition = condition_of(chosen, kinds)
    return "" if condition is None else to_text(condition)


def number_range(value: str) -> tuple[float | None, float | None] | None:
    """Both ends of "low..high", either of which may be left out; None where it is none.

    >>> number_range("10..25"), number_range("..5"), number_range("a..b")
    ((10.0, 25.0), (None, 5.0), None)
    """
    low, between, high = value.partition("..")
    try:
        ends = tuple(float(end) if end else None for end in (low, high))
    except ValueError:
        return None
    fits = between and any(end is not None for end in ends) and all(end is None or math.isfinite(end) for end in ends)
    return (ends[0], ends[1]) if fits else None


def _part(field: str, values: tuple[str, ...], kind: FieldKind | None) -> Condition | None:
    if kind is None or not values:
        return None
    if kind == "number":
        several = [part for value in values if (part := _between(field, value)) is not None]
        if len(several) < 2:
            return next(iter(several), None)
        return Or(tuple(several))
    if kind == "boolean":
        told: tuple[Value, ...] = tuple(value == "true" for value in values if value in ("true", "false"))
        return In(field, told) if told else None
    return In(field, values)


def _between(field: str, value: str) -> Condition | None:
    ends = number_range(value)
    if ends is None:
        return None
    low, high = ends
    parts: list[Condition] = [] if low is None else [Compare(field, ">=", low)]
    parts += [] if high is None else [Compare(field, "<=", high)]
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def _count(index: OpenIndex, mine: Condition | None, others: Condition | None) -> int:
    if mine is None:  # no value that the field can have
        return 0
    return index.store.count(Restriction(mine if others is None else And((mine, others))))


def _spoken(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _outlined(index: OpenIndex, stamp: _Stamp) -> _Outline:
    kinds, items = index.manifest.fields, index.manifest.items
    numbers: dict[str, list[float]] = {name: [] for name, kind in kinds.items() if kind == "number"}
    ids = []
    for point in islice(index.store.scan(), _LOOKED_AT):
        ids.append(point.id)
        for name, found in numbers.items():
            value = point.attributes.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                found.append(float(value))
    fields: dict[str, tuple[str, ...]] = {}
    for name in sorted(kinds, key=lambda name: _FIRST.index(name.lower()) if name.lower() in _FIRST else len(_FIRST)):
        if kinds[name] == "number":
            ranges = () if name.lower().endswith("id") else _ranges(numbers[name])
            if len(ranges) > 1:
                fields[name] = ranges
        elif _tells(index, name, items):
            fields[name] = ()
        if len(fields) == _MOST_FIELDS:
            break
    step = max(1, len(ids) // _SAMPLE)
    sample = tuple(ids[step // 2 :: step][:_SAMPLE])
    return _Outline(stamp, fields, sample, most_common_shape(index.store.get(sample, vectors=False)))


def _tells(index: OpenIndex, field: str, items: int) -> bool:
    """Whether a field's values are few enough to choose from: a title of each item's own is none."""
    try:
        values = index.store.facet(field, limit=_MOST_VALUES + 1)
    except LookseekError:
        return False  # one of the many that are not declared
    few = len(values) <= _MOST_VALUES or sum(count for _, count in values[:_TELLING]) > items / 2
    return few and len(values) > 1 and values[0][1] > 1


def _ranges(values: list[float]) -> tuple[str, ...]:
    """Quarters of some numbers, between ends that are easy to read."""
    if not values:
        return ()
    values = sorted(values)
    quarters = [_round(values[len(values) * part // 4]) for part in (1, 2, 3)]
    edges = [edge for edge in dict.fromkeys(quarters) if values[0] < edge <= values[-1]]
    if not edges:
        return ()
    whole = all(value.is_integer() for value in values)
    tops = [edge - 1 if whole else edge for edge in edges]
    middle = [f"{_short(low)}..{_short(high)}" for low, high in zip(edges, tops[1:], strict=False)]
    return (f"..{_short(tops[0])}", *middle, f"{_short(edges[-1])}..")


def _round(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, 1 - math.floor(math.log10(abs(value))))


def _short(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
