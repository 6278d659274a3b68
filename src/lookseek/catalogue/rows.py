"""Opens table files as rows, whatever their format.

A table is read through once when it is opened, so that an error of the file as a whole is raised at once; then its
rows can be streamed any number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

from ..errors import CatalogueError
from ..types import Skipped
from .delimited import CsvRows
from .json_lines import JsonRows
from .parquet import ParquetRows

__all__ = ["TABLE_SUFFIXES", "Row", "Rows", "open_rows"]

Row: TypeAlias = tuple[int, dict[str, object]]
"""The number of a line (text files) or row (Parquet), from 1, and its cells by column."""


class Rows(Protocol):
    """A table that can be streamed any number of times."""

    unit: str
    """What ``Row`` counts: line or row."""

    columns: tuple[str, ...]

    def __len__(self) -> int:
        """How many rows there are, broken ones included."""

    def read(self, raw_columns: Collection[str]) -> Iterator[Row | Skipped]:
        """Stream the rows; cells of ``raw_columns`` stay as the file has them: not converted, and also if bytes."""


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
