"""Comma, semicolon or tab separated text.

All cells are text, so the type of a column is inferred from all of them: ``true``/``false`` in any case are booleans,
JSON numbers are integers or floats, anything else makes the column text. ``007`` is no JSON number and stays text, as
does an integer beyond 64 bits. An empty cell is a missing value; in a column of numbers or booleans the words of
``MISSING`` are too.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from ..errors import CatalogueError
from ..types import Skipped, Value
from .lines import read_lines

__all__ = ["CsvRows"]

MISSING = frozenset(("", "-", "n/a", "na", "nan", "none", "null"))
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][+-]?[0-9]{1,2})?|[eE][+-]?[0-9]{1,2})")

CellType: TypeAlias = Literal["bool", "int", "float", "text"]


class CsvRows:
    """Comma, semicolon or tab separated text, the first line naming the columns."""

    unit = "line"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._delimiter = _delimiter(path)
        self._header: list[str] = []
        rows = self._cells()
        line, header = next(rows, (0, []))
        if isinstance(header, str):
            raise CatalogueError(f"{path} line {line}, which names the columns: {header}")
        self._header = [cell.strip() for cell in header]
        self.columns = tuple(name for name in self._header if name)
        repeated = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if repeated:
            raise CatalogueError(f"{path} names the column {repeated[0]!r} more than once: rename one")
        types: list[CellType | None] = [None] * len(header)
        self._count = 0
        for _, cells in rows:
            self._count += 1
            if isinstance(cells, list) and len(cells) == len(types):
                for number, type_ in enumerate(types):
                    if type_ != "text":
                        types[number] = _common_type(type_, cells[number].strip())
        self._types = dict(zip(self._header, types, strict=True))

    def __len__(self) -> int:
        return self._count

    def read(self, raw_columns: Collection[str]) -> Iterator[tuple[int, dict[str, object]] | Skipped]:
        """Stream the rows, see ``rows.Rows``."""
        convert = [str if name in raw_columns else CONVERT[self._types[name] or "text"] for name in self._header]
        rows = self._cells()
        next(rows)
        for line, cells in rows:
            if isinstance(cells, str):
                yield Skipped(f"line {line}", "broken row", f"line {line}: {cells}")
            elif len(cells) != len(self._header):
                reason = f"line {line} has {len(cells)} cells, the header {len(self._header)}: put text with"
                yield Skipped(f"line {line}", "ragged row", f"{reason} {self._delimiter!r} in quotes")
            else:
                columns = zip(self._header, convert, map(str.strip, cells), strict=True)
                yield line, {name: converter(cell) for name, converter, cell in columns if name and cell}

    def _cells(self) -> Iterator[tuple[int, list[str] | str]]:
        """Yield the line number and cells of each row that is not blank; of a broken row what is wrong with it."""
        reader = csv.reader(read_lines(self._path), delimiter=self._delimiter, strict=True)
        while True:
            start = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "expected after" not in str(error):  # the reader can't resume: an open quote, bare \r
                    raise CatalogueError(
                        f"{self._path} can't be read from line {start} on ({error}): close the quote that "
                        "opens there, or save the file as CSV UTF-8"
                    ) from error
                yield start, f"text follows a closing quote ({error}): double the quotes inside quoted text"
                continue
            while 0 < len(self._header) < len(cells) and not cells[-1].strip():
                cells.pop()
            if any(cell.strip() for cell in cells):
                yield start, cells


def _delimiter(path: Path) -> str:
    """Return the delimiter that splits the first line into the most cells; a comma if none does."""
    first = next((line for line in read_lines(path) if line.strip()), "")
    delimiters = "\t,;" if path.suffix.lower() == ".tsv" else ",;\t"
    return max(delimiters, key=lambda delimiter: _count_cells(first, delimiter))


def _count_cells(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0  # reading the file raises the error


def _common_type(column: CellType | None, cell: str) -> CellType | None:
    """Return the type of a column of a type (None: no cells yet) and one more cell."""
    low = cell.lower()
    if low in MISSING:
        return column
    own: CellType = "text"
    if low in ("true", "false"):
        own = "bool"
    elif INTEGER.fullmatch(cell):
        own = "int"
    elif FLOAT.fullmatch(cell):
        own = "float"
    if column is None or column == own:
        return own
    return "float" if {column, own} == {"int", "float"} else "text"


def _boolean(cell: str) -> Value | None:
    return None if cell.lower() in MISSING else cell.lower() == "true"


def _integer(cell: str) -> Value | None:
    return None if cell.lower() in MISSING else int(cell)


def _real(cell: str) -> Value | None:
    return None if cell.lower() in MISSING else float(cell)


CONVERT: dict[CellType, Callable[[str], Value | None]] = {
    "bool": _boolean,
    "int": _integer,
    "float": _real,
    "text": str,
}
