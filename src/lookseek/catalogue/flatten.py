"""Objects in cells spread into columns: ``attributes: {"colour": "red"}`` is a column ``colour``.

A row with a text that no attribute can be so long is passed over here, whatever kind of table it stands in.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping

from ..types import Skipped
from .bounds import MAX_CELL
from .names import name_key
from .pictures import photos_in
from .rows import Row, Rows
from .shards import STRIDE

__all__ = ["flat_rows"]

_PLAIN = frozenset(("attributes", "attrs", "properties", "metadata", "extra"))
"""Columns whose objects hold attributes by name; of another column's the names become ``column.name``."""


def flat_rows(rows: Rows, raw_columns: Collection[str]) -> Iterator[Row | Skipped]:
    """Stream the rows of a table with the objects in their cells spread into columns of their own.

    A column that the table itself has comes before one of an object.
    """
    for row in rows.read(raw_columns):
        if isinstance(row, Skipped):
            yield row
        else:
            number, cells = row
            if too_long := [name for name, cell in cells.items() if isinstance(cell, str) and len(cell) > MAX_CELL]:
                yield _too_long(rows.unit, number, too_long[0], cells)
                continue
            objects = {name: cell for name, cell in cells.items() if name not in raw_columns and _may_hold(name, cell)}
            yield (number, _spread(cells, objects)) if objects else row


def _too_long(unit: str, number: int, column: str, cells: Mapping[str, object]) -> Skipped:
    length = len(str(cells[column]))
    number %= STRIDE  # of several tables the number tells which as well
    reason = f"{unit} {number}: {column} has {length:,} characters, up to {MAX_CELL:,} are read: shorten it"
    return Skipped(f"{unit} {number}", "cell too long", reason, number, column)


def _may_hold(name: str, cell: object) -> bool:
    if isinstance(cell, dict):
        return not photos_in(cell)
    return bool(isinstance(cell, str) and cell[:1] == "{" and name_key(name) in _PLAIN)


def _spread(cells: Mapping[str, object], objects: Mapping[str, object]) -> dict[str, object]:
    flat = {name: cell for name, cell in cells.items() if name not in objects}
    for name, cell in objects.items():
        found = _object(cell)
        if found is None:
            flat[name] = cell
            continue
        for key, value in found.items():
            flat.setdefault(str(key) if name_key(name) in _PLAIN else f"{name}.{key}", value)
    return flat


def _object(cell: object) -> dict[str, object] | None:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return None
    return cell if isinstance(cell, dict) else None
