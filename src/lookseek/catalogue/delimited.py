"""Comma, semicolon or tab separated text.

Everything in it is text, so a column has a type by what all its cells look like: ``true``/``false`` in any
case make booleans, JSON numbers make integers or floats, anything else makes the column text. ``007`` is
no JSON number and stays as it is, as does an integer beyond 64 bits. An empty cell is a missing value; in a
column that is otherwise numbers or booleans the ``MISSING`` words are too.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from ..errors import CatalogueError
from ..types import Skipped, Value
from .lines import lines

__all__ = ["CsvRows"]

MISSING = frozenset(("", "-", "n/a", "na", "nan", "none", "null"))
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][+-]?[0-9]{1,2})?|[eE][+-]?[0-9]{1,2})")

Kind: TypeAlias = Literal["bool", "int", "float", "text"]


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
        kinds: list[Kind | None] = [None] * len(header)
        self._count = 0
        for _, cells in rows:
            self._count += 1
            if isinstance(cells, list) and len(cells) == len(kinds):
                for place, kind in enumerate(kinds):
                    if kind != "text":
                        kinds[place] = _common(kind, cells[place].strip())
        self._kinds = dict(zip(self._header, kinds, strict=True))

    def __len__(self) -> int:
        return self._count

    def read(self, plain: Collection[str]) -> Iterator[tuple[int, dict[str, object]] | Skipped]:
        """Stream the rows, see ``rows.Rows``."""
        convert = [str if name in plain else CONVERT[self._kinds[name] or "text"] for name in self._header]
        rows = self._cells()
        next(rows)
        for line, cells in rows:
            if isinstance(cells, str):
                yield Skipped(f"line {line}", "broken row", f"line {line}: {cells}")
            elif len(cells) != len(self._header):
                reason = f"line {line} has {len(cells)} cells, the header {len(self._header)}: put text with"
                yield Skipped(f"line {line}", "ragged row", f"{reason} {self._delimiter!r} in quotes")
            else:
                found = zip(self._header, convert, map(str.strip, cells), strict=True)
                yield line, {name: make(cell) for name, make, cell in found if name and cell}

    def _cells(self) -> Iterator[tuple[int, list[str] | str]]:
        """First line and cells of each row that is not blank; what is wrong in place of the cells."""
        reader = csv.reader(lines(self._path), delimiter=self._delimiter, strict=True)
        while True:
            start = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "expected after" not in str(error):  # the reader lost its way: an open quote, bare \r
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
    """The sign that cuts the first line into most cells; a comma if none does."""
    first = next((line for line in lines(path) if line.strip()), "")
    signs = "\t,;" if path.suffix.lower() == ".tsv" else ",;\t"
    return max(signs, key=lambda sign: _width(first, sign))


def _width(line: str, sign: str) -> int:
    """Cells of a line that is cut at ``sign``."""
    try:
        return len(next(csv.reader([line], delimiter=sign), []))
    except csv.Error:
        return 0  # going through the file will say what is wrong


def _common(kind: Kind | None, cell: str) -> Kind | None:
    """The type of a column of type ``kind`` (None: nothing yet) that has this cell too."""
    low = cell.lower()
    if low in MISSING:
        return kind
    now: Kind = "text"
    if low in ("true", "false"):
        now = "bool"
    elif INTEGER.fullmatch(cell):
        now = "int"
    elif FLOAT.fullmatch(cell):
        now = "float"
    if kind is None or kind == now:
        return now
    return "float" if {kind, now} == {"int", "float"} else "text"


def _boolean(cell: str) -> Value | None:
    return None if cell.lower() in MISSING else cell.lower() == "true"


def _integer(cell: str) -> Value | None:
    return None if cell.lower() in MISSING else int(cell)


def _real(cell: str) -> Value | None:
    return None if cell.lower() in MISSING else float(cell)


CONVERT: dict[Kind, Callable[[str], Value | None]] = {
    "bool": _boolean,
    "int": _integer,
    "float": _real,
    "text": str,
}
