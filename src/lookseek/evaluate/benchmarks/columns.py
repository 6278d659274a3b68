"""Which columns of a table are attributes that a photo can be asked for, and what their cells say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...errors import CatalogueError
from ...types import AttributeValue
from .anytable import SPLIT, Table
from .instance import ITEM_COLUMNS

__all__ = ["chosen", "words"]

MOST = 200
"""Values of an attribute at the most: the largest group of DeepFashion's attributes has 230 (style), more are no
attribute but names."""

_SEVERAL = re.compile(r"[|;]")
_IDENTIFIER = re.compile(r"(?:^|[\W_])id$|[a-z0-9](?:Id|ID)$")


def words(value: AttributeValue | None) -> tuple[str, ...]:
    """Return the distinct values of a cell: of a list, or of a text in which | or ; separate them.

    >>> words("cotton | silk;cotton"), words(True), words(None)
    (('cotton', 'silk'), ('true',), ())
    """
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("true",) if value else ("false",)
    value = "|".join(value) if isinstance(value, tuple) else value
    return tuple(dict.fromkeys(word for part in _SEVERAL.split(str(value)) if (word := part.strip())))


def chosen(table: Table, by: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the columns that are measured.

    Args:
        table: has them.
        by: names parted by commas: these; "" for all that are attributes.

    Returns:
        Their names, and a sentence for each reason why others are not.

    Raises:
        CatalogueError: a column that was named is not there or has too few or too many values; or none is left.
    """
    if by:
        names = list(dict.fromkeys(filter(None, map(str.strip, by.split(",")))))
        for name in names:
            if reason := _unfit(table.column(name)):
                raise CatalogueError(f"{table.name}: the column {name!r} {reason}: name columns of 2 to {MOST} values")
        return names, ()
    left_out: dict[str, list[str]] = {}
    names = []
    for name, column in table.columns.items():
        if name == SPLIT:
            continue
        if reason := _no_attribute(table, name, column) or _unfit(column):
            left_out.setdefault(reason, []).append(name)
        else:
            names.append(name)
    said = tuple(f"Not measured: {', '.join(some)} ({reason})." for reason, some in left_out.items())
    if not names:
        raise CatalogueError(f"{table.name} has no column of 2 to {MOST} values to ask for. {' '.join(said)}".strip())
    return names, said


def _no_attribute(table: Table, name: str, column: Sequence[AttributeValue | None]) -> str:
    """Return why a column is no attribute by its role, "" if it may be one."""
    if name in ITEM_COLUMNS or _IDENTIFIER.search(name):
        return "names an item or a person; ask for it with --by"
    if any(table.titles) and all(_text(value) == title for value, title in zip(column, table.titles, strict=True)):
        return "is a text"
    if any(isinstance(value, float) for value in column):
        return "holds numbers; ask for it with --by"
    return ""


def _unfit(column: Sequence[AttributeValue | None]) -> str:
    """Return why a column can't be measured, "" if it can."""
    values = {word for value in set(column) for word in words(value)}
    if len(values) > MOST:
        return f"has more than {MOST} values"
    return "has fewer than 2 values" if len(values) < 2 else ""


def _text(value: AttributeValue | None) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value or "")
