"""Comma, semicolon, tab or pipe separated text, as programs and spreadsheets write it.

All cells are text; ``column_types`` says what they stand for. Before the line that names the columns there may be
Excel's ``sep=;`` and lines with a title in one cell.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from ..errors import CatalogueError
from ..types import Skipped
from .bounds import check_columns
from .lines import read_lines
from .names import name_key

__all__ = ["CsvRows"]

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)
_TITLES = 10
"""Lines before the names of the columns."""
_FREE_TEXT = frozenset(("productdisplayname", "description", "title", "caption", "text"))
"""Columns of prose. As a table's last column they take what an unquoted separator cut off."""


class CsvRows:
    """Comma, semicolon or tab separated text, the first line naming the columns."""

    unit = "line"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._delimiter, self._before = _delimiter(path)
        self._header: list[str] = []
        rows = self._cells()
        line, header = next(rows, (0, []))
        if isinstance(header, str):
            raise CatalogueError(f"{path} line {line}, which names the columns: {header}")
        check_columns(path, len(header))
        self._header = [cell.strip() for cell in header]
        self.columns = tuple(name for name in self._header if name)
        self._nameless = set[int]()  # columns without a name that hold something
        repeated = sorted(name for name, count in Counter(self.columns).items() if count > 1)
        if repeated:
            raise CatalogueError(f"{path} names the column {repeated[0]!r} more than once: rename one")
        self._open_end = bool(self._header) and name_key(self._header[-1]) in _FREE_TEXT

    @property
    def left_out(self) -> tuple[str, ...]:
        """The columns without a name in which something was found so far."""
        return tuple(f"column {place + 1}, which has no name" for place in sorted(self._nameless))

    def read(self, raw_columns: Collection[str]) -> Iterator[tuple[int, dict[str, object]] | Skipped]:
        """Stream the rows, see ``rows.Rows``."""
        width = len(self._header)
        nameless = [place for place, name in enumerate(self._header) if not name]
        rows = self._cells()
        next(rows, None)
        for line, cells in rows:
            if isinstance(cells, str):
                yield Skipped(f"line {line}", "broken row", f"line {line}: {cells}", line)
                continue
            if self._open_end and len(cells) > width:
                cells[width - 1 :] = [self._delimiter.join(cells[width - 1 :])]
            if len(cells) != width:
                reason = f"line {line} has {len(cells)} cells, the header {width}: put text with"
                yield Skipped(f"line {line}", "ragged row", f"{reason} {self._delimiter!r} in quotes", line)
            else:
                self._nameless.update(place for place in nameless if cells[place].strip())
                columns = zip(self._header, map(str.strip, cells), strict=True)
                yield line, {name: cell for name, cell in columns if name and cell}

    def _cells(self) -> Iterator[tuple[int, list[str] | str]]:
        """Yield the line number and cells of each row that is not blank; of a broken row what is wrong with it."""
        lines = islice(read_lines(self._path), self._before, None)
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while True:
            start = self._before + reader.line_num + 1
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


def _delimiter(path: Path) -> tuple[str, int]:
    """Return the delimiter, and how many lines stand before the one that names the columns.

    It is the one that Excel's ``sep=`` line names, else the one that splits the first line into the most cells; a comma
    if none does.
    """
    start = list(islice(read_lines(path), _TITLES))
    blank = next((number for number, line in enumerate(start) if line.strip()), 0)
    first = start[blank] if start else ""
    if (named := _SEPARATOR_LINE.fullmatch(first.strip())) and len(start) > blank + 1:
        return named[1], blank + 1
    delimiters = "\t,;|" if path.suffix.lower() == ".tsv" else ",;\t|"
    delimiter = max(delimiters, key=lambda sign: _count_cells(first, sign))
    return delimiter, _title_lines(start, delimiter)


def _title_lines(lines: list[str], delimiter: str) -> int:
    """Return how many lines with at most one filled cell of several stand before one whose cells are all filled."""
    widths = [_filled(line, delimiter) for line in lines]
    for number, (filled, width) in enumerate(widths):
        if filled < 0:
            return 0  # reading the file raises the error
        if filled > 1:
            whole = filled == width and all(above < 2 <= cells or not cells for above, cells in widths[:number])
            return number if whole else 0
    return 0


def _filled(line: str, delimiter: str) -> tuple[int, int]:
    """Return how many cells of a line are filled and how many there are; 0, 0 of a blank line, -1, 0 of a broken."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return -1, 0
    return (sum(1 for cell in cells if cell.strip()), len(cells)) if line.strip() else (0, 0)


def _count_cells(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0  # reading the file raises the error
