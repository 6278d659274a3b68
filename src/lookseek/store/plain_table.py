"""The points of the numpy store in memory, and the arrays that searches read: made when first needed, then kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..filters.columns import Column, Mask, column_of, mask
from ..types import Point
from .base import Restriction, RoutingFilter
from .changes import Change
from .schema import Layout
from .scoring import Embeddings, Rows

__all__ = ["Table"]


class Table:
    """All points in the order in which they were first added.

    Args:
        layout: the named vectors that every point has.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.points: dict[str, Point] = {}
        self.keys: dict[str, dict[str, str]] = {}  # kind to id to routing key
        self._derived = _Derived()

    def __len__(self) -> int:
        return len(self.points)

    def copy(self) -> Table:
        """Return a table of the same points and keys, which changes without this one."""
        other = Table(self._layout)
        other.points = dict(self.points)
        other.keys = {kind: dict(keys) for kind, keys in self.keys.items()}
        return other

    def apply(self, change: Change) -> None:
        """Take points away, add points or put them in the place of those of their ids, and give keys."""
        if change.clear:
            self.points.clear()
            self.keys.clear()
        for id_ in (*change.gone, *(point.id for point in change.fresh)):
            for keys in self.keys.values():
                keys.pop(id_, None)
        for id_ in change.gone:
            self.points.pop(id_, None)
        self.points.update((point.id, point) for point in change.fresh)
        for kind, some in change.keys.items():
            self.keys.setdefault(kind, {}).update(some)
        if change.clear or change.fresh or change.gone:
            self._derived = _Derived()
        self._derived.cells.clear()

    def ids(self) -> list[str]:
        """Return the id of each row."""
        if not self._derived.ids:
            self._derived.ids = list(self.points)
        return self._derived.ids

    def rows_of(self, ids: Iterable[str]) -> Rows:
        """Return the rows of these ids, each once, in their order; ids that are not there are passed over."""
        if not self._derived.places:
            self._derived.places = {id_: row for row, id_ in enumerate(self.points)}
        places = self._derived.places
        return np.array([places[id_] for id_ in dict.fromkeys(ids) if id_ in places], np.intp)

    def embeddings(self, using: str) -> Embeddings:
        """Return the vectors of one name."""
        kept, spec = self._derived.embeddings, self._layout[using]
        if using not in kept:
            stored = [point.vectors[using] for point in self.points.values()]
            if spec.multi:
                counts = np.array([len(rows) for rows in stored], np.intp)
                kept[using] = Embeddings(np.concatenate([np.empty((0, spec.dim), np.float32), *stored]), counts)
            else:
                kept[using] = Embeddings(np.array(stored, np.float32).reshape(len(stored), spec.dim), None)
        return kept[using]

    def column(self, name: str) -> Column:
        """Return the values of one attribute."""
        columns = self._derived.columns
        if name not in columns:
            columns[name] = column_of([point.attributes.get(name) for point in self.points.values()])
        return columns[name]

    def mask(self, restriction: Restriction) -> Mask | None:
        """Return a mask of the points that a restriction keeps; None for all."""
        parts: list[Mask] = []
        if restriction.condition is not None:
            parts.append(mask(restriction.condition, self.column))
        if restriction.among is not None:
            parts.append(self._mask_of([self.rows_of(restriction.among)]))
        if restriction.within is not None:
            parts.append(self._mask_of(self._rows_within(restriction.within)))
        return np.logical_and.reduce(parts) if parts else None

    def _rows_within(self, within: RoutingFilter) -> list[Rows]:
        if within.kind not in self._derived.cells:
            keys = self.keys.get(within.kind, {})
            rows: dict[str, list[int]] = defaultdict(list)
            for row, id_ in enumerate(self.points):
                if id_ in keys:
                    rows[keys[id_]].append(row)
            self._derived.cells[within.kind] = {key: np.array(some, np.intp) for key, some in rows.items()}
        cells = self._derived.cells[within.kind]
        return [cells[key] for key in within.keys if key in cells]

    def _mask_of(self, parts: Sequence[Rows]) -> Mask:
        kept = np.zeros(len(self.points), np.bool_)
        for rows in parts:
            kept[rows] = True
        return kept


@dataclass
class _Derived:
    """What was made of the points; dropped when they change."""

    ids: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)  # id to row
    embeddings: dict[str, Embeddings] = field(default_factory=dict)  # by name of the vector
    columns: dict[str, Column] = field(default_factory=dict)  # by attribute
    cells: dict[str, Mapping[str, Rows]] = field(default_factory=dict)  # kind to routing key to rows
