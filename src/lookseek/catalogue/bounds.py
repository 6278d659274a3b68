"""How wide a table and how long a cell may be, so that a small file can't fill the memory or take hours."""

from __future__ import annotations

from pathlib import Path

from ..errors import CatalogueError

__all__ = ["MAX_CELL", "MAX_COLUMNS", "check_columns"]

MAX_COLUMNS = 1_000
"""Columns of a table, those of objects in its cells among them: tables of shops have up to some 100."""
MAX_CELL = 131_072
"""Characters of a text in a cell; Python's csv module has the same limit."""


def check_columns(table: Path | str, count: int) -> None:
    """Refuse a table with more columns than ``MAX_COLUMNS``.

    Args:
        table: what the message names.
        count: columns that it has, at the least.

    Raises:
        CatalogueError: too many.
    """
    if count > MAX_COLUMNS:
        raise CatalogueError(
            f"{table} has {count:,} columns or more, up to {MAX_COLUMNS:,} are read: leave out those that are no "
            "attributes; vectors come as arrays (lookseek export-vectors shows how)"
        )
