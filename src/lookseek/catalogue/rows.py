"""Opens table files as rows, whatever their format.

``survey.survey_table`` goes through a table once when it is opened, so that an error of the file as a whole is raised
at once; then its rows can be streamed any number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

from ..errors import CatalogueError
from ..types import Skipped
from .delimited import CsvRows
from .json_file import JsonFileRows
from .json_lines import JsonRows
from .parquet import ParquetRows
from .webdataset import TarRows
from .xml_feed import XmlRows

__all__ = ["TABLE_SUFFIXES", "Row", "Rows", "open_rows"]

Row: TypeAlias = tuple[int, dict[str, object]]
"""The number of a line (text files) or row (Parquet), from 1, and its cells by column."""


class Rows(Protocol):
    """A table that can be streamed any number of times."""

    unit: str
    """What ``Row`` counts: line or row."""

    columns: tuple[str, ...]

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns that are read only where they are named, since they can't be attributes: bytes, vectors."""

    def read(self, raw_columns: Collection[str]) -> Iterator[Row | Skipped]:
        """Stream the rows; of the columns that can't be attributes those of ``raw_columns`` alone.

        Cells of text files are texts without blanks around them, and empty ones are left out.
        """


def open_rows(path: Path) -> Rows:
    """Open a table by its suffix, one of ``TABLE_SUFFIXES``.

    Raises:
        CatalogueError: the file can't be read.
    """
    try:
        return OPENERS[path.suffix.lower()](path)
    except OSError as error:
        raise CatalogueError(f"{path} can't be read ({error.strerror or error})") from error


OPENERS: dict[str, Callable[[Path], Rows]] = {
    ".csv": CsvRows,
    ".tsv": CsvRows,
    ".json": JsonFileRows,
    ".jsonl": JsonRows,
    ".ndjson": JsonRows,
    ".parquet": ParquetRows,
    ".tar": TarRows,
    ".xml": XmlRows,
}
TABLE_SUFFIXES = frozenset(OPENERS)
