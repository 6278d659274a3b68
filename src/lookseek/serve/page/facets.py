"""Facets: the values that results can be narrowed to, each counted under the selection in the other fields."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from ...filters import And, Condition
from ...index.open_index import OpenIndex
from ...index.products import count_products
from ...store import FieldType, Restriction
from ...types import Value
from ..photo_shape import Shape
from .facet_filters import Selected, to_condition, value_condition
from .facet_outline import MAX_VALUES, FacetOutline, IndexVersion, outline_of, version_of

__all__ = ["Facet", "FacetValue", "Facets"]

_CACHED_SELECTIONS = 100
"""Selections whose counts are cached: most queries have none, and counts change with the index alone."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet: as it stands in a URL, how many items have it, and whether it is selected."""

    value: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A field, its type, its values, the selected ones, and of numbers the least and the greatest."""

    field: str
    type: FieldType
    values: tuple[FacetValue, ...]
    selected: tuple[str, ...]
    bounds: tuple[float, float] | None = None


class Facets:
    """Counts the facets of an index, and caches what stays the same until it changes."""

    def __init__(self) -> None:
        self._outline: FacetOutline | None = None
        self._counted: OrderedDict[tuple[IndexVersion, tuple[Any, ...]], tuple[Facet, ...]] = OrderedDict()
        self._totals: OrderedDict[tuple[IndexVersion, tuple[Any, ...]], int] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, index: OpenIndex, selected: Selected) -> tuple[Facet, ...]:
        """Return the facets of an index; a field with a selection is always among them."""
        key = self._outline_of(index).version, tuple(sorted(selected.items()))
        with self._lock:
            facets = self._counted.get(key)
        if facets is None:
            facets = self._count(index, selected)
            with self._lock:
                self._counted[key] = facets
                if len(self._counted) > _CACHED_SELECTIONS:
                    self._counted.popitem(last=False)
        return facets

    def total(self, index: OpenIndex, selected: Selected) -> int:
        """Return how many products, or items, meet a selection."""
        key = self._outline_of(index).version, tuple(sorted(selected.items()))
        with self._lock:
            total = self._totals.get(key)
        if total is None:
            total = count_products(index, Restriction(to_condition(selected, index.manifest.fields)))
            with self._lock:
                self._totals[key] = total
                if len(self._totals) > _CACHED_SELECTIONS:
                    self._totals.popitem(last=False)
        return total

    def sample(self, index: OpenIndex) -> tuple[str, ...]:
        """Return ids of some items, evenly spread over the index."""
        return self._outline_of(index).sample

    def shape(self, index: OpenIndex) -> Shape:
        """Return the shape of its photos."""
        return self._outline_of(index).shape

    def _count(self, index: OpenIndex, selected: Selected) -> tuple[Facet, ...]:
        field_types, offered, facets = index.manifest.fields, self._outline_of(index).fields, []
        for field in (*offered, *(name for name in selected if name in field_types and name not in offered)):
            others = to_condition({name: values for name, values in selected.items() if name != field}, field_types)
            mine = selected.get(field, ())
            counts: dict[str, int] = {}
            if field in offered and field_types[field] != "number":
                found = index.store.facet(field, Restriction(others), limit=MAX_VALUES)
                counts = {_in_url(value): count for value, count in found}
            for value in (*offered.get(field, ()), *mine):
                if value not in counts:
                    counts[value] = _count(index, value_condition(field, (value,), field_types[field]), others)
            values = tuple(
                FacetValue(value, count, value in mine) for value, count in counts.items() if count or value in mine
            )
            if len(values) > 1 or mine:
                facets.append(Facet(field, field_types[field], values, mine, self._outline_of(index).bounds.get(field)))
        return tuple(facets)

    def _outline_of(self, index: OpenIndex) -> FacetOutline:
        with self._lock:
            if self._outline is None or self._outline.version != version_of(index):
                self._outline = outline_of(index)
            return self._outline


def _count(index: OpenIndex, condition: Condition | None, others: Condition | None) -> int:
    if condition is None:  # a value that the field can't have
        return 0
    return index.store.count(Restriction(condition if others is None else And((condition, others))))


def _in_url(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
