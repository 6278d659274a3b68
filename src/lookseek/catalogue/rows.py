"""Rows of table files: what comma separated values, JSON lines and Parquet have in common.

A table is gone through once when it is opened, so that what is wrong with the file as a whole is told at
once, and then streamed as often as wanted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

from ..errors import CatalogueError
from ..types import Skipped
from .delimited import CsvRows
from .lines import lines
from .parquet import ParquetRows

__all__ = ["TABLE_SUFFIXES", "Row", "Rows", "open_rows"]

Row: TypeAlias = tuple[int, dict[str, object]]
"""Number of a line (text files) or row (Parquet), from 1, and what it holds by column."""


class Rows(Protocol):
    """A table that can be streamed any number of times."""

    unit: str
    """What ``Row`` counts: line or row."""

    columns: tuple[str, ...]

    def __len__(self) -> int:
        """How many rows there are, broken ones included."""

    def read(self, plain: Collection[str]) -> Iterator[Row | Skipped]:
        """Stream the rows; the columns in ``plain`` come as the file has them: no types, and with bytes."""


class JsonRows:
    """One JSON object a line."""

    unit = "line"

    def __init__(self, path: Path) -> None:
        self._path = path
        names: dict[str, None] = {}
        self._count = 0
        for row in self.read(()):
            self._count += 1
            if not isinstance(row, Skipped):
                names.update(dict.fromkeys(row[1]))
        self.columns = tuple(names)

    def __len__(self) -> int:
        return self._count

    def read(self, plain: Collection[str]) -> Iterator[Row | Skipped]:
        """Stream the rows, see ``Rows``."""
        for number, line in enumerate(lines(self._path), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Skipped(f"line {number}", "broken row", f"line {number} is no JSON ({error}): mend it")
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                kind = type(row).__name__
                reason = f"line {number} holds a JSON {kind}: write one object with the columns' names a line"
                yield Skipped(f"line {number}", "broken row", reason)


def open_rows(path: Path) -> Rows:
    """Open a table by its suffix, one of ``TABLE_SUFFIXES``.

    Raises:
        CatalogueError: the file can't be read as a whole, or has no rows.
    """
    try:
        rows = OPENERS[path.suffix.lower()](path)
    except OSError as error:
        raise CatalogueError(f"{path} can't be read ({error.strerror or error})") from error
    if not len(rows):
        raise CatalogueError(f"{path} has no rows: it needs at least one item")
    return rows


OPENERS: dict[str, Callable[[Path], Rows]] = {
    ".csv": CsvRows,
    ".tsv": CsvRows,
    ".jsonl": JsonRows,
    ".ndjson": JsonRows,
    ".parquet": ParquetRows,
}
TABLE_SUFFIXES = frozenset(OPENERS)
