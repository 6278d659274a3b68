"""What was decided on how a table is read, for people to look at before the job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..types import Value
from .column_types import ColumnType
from .layouts import ColumnRole

__all__ = ["ColumnReading", "Reading", "describe_column"]

_EXAMPLE = 40
"""Characters of an example."""


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """How one column is read.

    Args:
        column: its name.
        role: what it is to lookseek; "" of an attribute alone.
        type: number, boolean, date, list, text, photo or id, with what was found out.
        example: a cell and what becomes of it.
    """

    column: str
    role: ColumnRole | str
    type: str
    example: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table is read.

    Args:
        name: of the table.
        rows: how many it has.
        layout: the layout that was known; "" for none.
        columns: the roles first, then attributes.
        left_out: columns that can't be attributes: bytes, objects in lists, vectors.
        notes: what could be read otherwise, and by which option, a sentence each.
    """

    name: str
    rows: int
    layout: str
    columns: tuple[ColumnReading, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def with_photos_by(self, pattern: str) -> Reading:
        """Return the reading of a table whose photos are found by a pattern."""
        photo = ColumnReading(pattern, "photo", "photo, by its place", "")
        return replace(self, columns=(photo, *self.columns))


def describe_column(name: str, role: str, kind: ColumnType | None, example: object) -> ColumnReading:
    """Return how a column is read, with its first cell as an example.

    Args:
        name: the column's.
        role: its role, "" for none.
        kind: the type of its texts; None where its cells have one of their own.
        example: its first cell that holds anything.
    """
    if role in ("photo", "id"):
        return ColumnReading(name, role, role, _short(example))
    if kind is not None and example is None:
        return ColumnReading(name, role, kind.kind, "")
    if kind is None or not isinstance(example, str):
        return ColumnReading(name, role, _native(example), _short(example))
    cell = kind.read(example)
    words: str = kind.kind
    if kind.kind == "number" and kind.decimal == "comma":
        words += ", decimal comma"
    if kind.codes:
        words = "code, kept as text"
    if kind.currencies:
        words += f", in {', '.join(kind.currencies[:3])}"
    became = f"{cell.value}".lower() if isinstance(cell.value, bool) else _shown(cell.value)
    if cell.currency:
        became += f" {cell.currency}"
    same = cell.value is None or became == _short(example)
    return ColumnReading(name, role, words, _short(example) if same else f"{_short(example)} -> {became}")


def _native(example: object) -> str:
    names: Mapping[type, str] = {
        bool: "boolean",
        int: "number",
        float: "number",
        list: "list",
        tuple: "list",
        str: "text",
    }
    return names.get(type(example), "empty" if example is None else "text")


def _shown(value: Value | tuple[str, ...] | None) -> str:
    return _short(", ".join(value) if isinstance(value, tuple) else value)


def _short(value: object) -> str:
    if isinstance(value, bytes | dict):
        return "(bytes)"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = " ".join(str(value if value is not None else "").split())
    return text if len(text) <= _EXAMPLE else f"{text[: _EXAMPLE - 1]}…"
