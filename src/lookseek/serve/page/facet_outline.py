"""Which fields of an index the page offers as facets, ranges of numbers, and a sample of items."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from ...errors import LookseekError
from ...index.open_index import OpenIndex
from ...index.products import one_photo_each
from ..photo_shape import Shape, most_common_shape
from ..sorting import newest_field

__all__ = ["MAX_VALUES", "FacetOutline", "IndexVersion", "outline_of", "version_of"]

MAX_VALUES = 40
"""Values of a facet, the most frequent first."""

_SCANNED = 20_000
"""Items from which ranges and the sample are taken: enough for quartiles."""

_MAX_FIELDS = 10
_FREQUENT_VALUES = 12
"""A field with many values is offered only if its so many most frequent ones cover half of the items; else it holds
names or numbers of items."""

_SAMPLE = 24

_FIRST = ("category", "label", "type", "gender", "colour", "color", "brand", "pattern", "material", "size", "price")
"""Fields that are offered first; others follow in the order of their names."""

IndexVersion: TypeAlias = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class FacetOutline:
    """What stays the same for one version of an index.

    Args:
        version: of the index.
        fields: that are offered, with ranges for numbers and none for other fields.
        bounds: least and greatest value of each field of numbers that is offered.
        sample: ids of items, evenly spread.
        shape: of their photos.
    """

    version: IndexVersion
    fields: Mapping[str, tuple[str, ...]]
    bounds: Mapping[str, tuple[float, float]]
    sample: tuple[str, ...]
    shape: Shape


def version_of(index: OpenIndex) -> IndexVersion:
    """Return what changes whenever an index changes, also within the second that its manifest names."""
    return index.manifest.generation, index.manifest.updated, id(index)


def outline_of(index: OpenIndex) -> FacetOutline:
    """Scan an index for its outline: the sample shows a product once."""
    field_types, items = index.manifest.fields, index.manifest.items
    numbers: dict[str, list[float]] = {name: [] for name, type_ in field_types.items() if type_ == "number"}
    points = list(islice(index.store.scan(), _SCANNED))
    ids = [point.id for point in one_photo_each(points, index.manifest.roles.get("product"))]
    for point in points:
        for name, values in numbers.items():
            value = point.attributes.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                values.append(float(value))
    fields: dict[str, tuple[str, ...]] = {}
    roles = index.manifest.roles
    names = {
        roles.get("product"),
        roles.get("title"),
        roles.get("link"),
        newest_field(index.manifest),
    }  # of one product each: nothing to select from
    for name in sorted(field_types.keys() - names, key=lambda field: (_position(field), field)):
        if field_types[name] == "number":
            ranges = () if name.lower().endswith("id") else _ranges(numbers[name])
            if len(ranges) > 1:
                fields[name] = ranges
        elif _is_selective(index, name, items):
            fields[name] = ()
        if len(fields) == _MAX_FIELDS:
            break
    step = max(1, len(ids) // _SAMPLE)
    sample = tuple(ids[step // 2 :: step][:_SAMPLE])
    shape = most_common_shape(index.store.get(sample, vectors=False), index.place.photos)
    bounds = {name: (min(numbers[name]), max(numbers[name])) for name in fields if numbers.get(name)}
    return FacetOutline(version_of(index), fields, bounds, sample, shape)


def _position(field: str) -> int:
    name = field.lower()
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _is_selective(index: OpenIndex, field: str, items: int) -> bool:
    """Return whether a field has few enough values to select from; a title that differs for each item has not."""
    try:
        values = index.store.facet(field, limit=MAX_VALUES + 1)
    except LookseekError:
        return False  # a field beyond those that the store can count
    few = len(values) <= MAX_VALUES or sum(count for _, count in values[:_FREQUENT_VALUES]) > items / 2
    return few and len(values) > 1 and values[0][1] > 1


def _ranges(values: list[float]) -> tuple[str, ...]:
    """Return the ranges between the quartiles of some numbers, with the ends rounded to two digits."""
    if not values:
        return ()
    values = sorted(values)
    quartiles = [_round(values[len(values) * part // 4]) for part in (1, 2, 3)]
    edges = [edge for edge in dict.fromkeys(quartiles) if values[0] < edge <= values[-1]]
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
