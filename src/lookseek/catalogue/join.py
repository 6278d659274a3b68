"""A table with the columns of a second one, whose rows belong to its own by an id that both have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ..errors import CatalogueError
from ..types import Skipped
from .cells import to_id
from .columns import ID_NAMES, find_column, resolve_column
from .rows import Row, Rows, open_rows

__all__ = ["JoinedRows"]


class JoinedRows:
    """The rows of a table with the cells of another. Implements ``rows.Rows``.

    The other table is kept in memory: 100,000 rows of ten short texts are some 100 MB. Of a column that both have the
    first table's cells count, of several rows of one id the first.

    Args:
        rows: of the first table.
        path: of the second.
        on: the column that both have; "" to find that of the ids by its name.

    Raises:
        CatalogueError: the second table can't be read, or one of them lacks the column.
    """

    def __init__(self, rows: Rows, path: Path, on: str = "") -> None:
        if not path.is_file():
            raise CatalogueError(f"--join {path}: there is no such file: give a table (.csv, .tsv, .jsonl, .parquet)")
        others = open_rows(path)
        self._rows, self.unit = rows, rows.unit
        self._on = _column(rows.columns, on, "the first table")
        self._cells = _by_key(others, _column(others.columns, on, str(path)))
        new = [name for name in others.columns if name not in rows.columns and name not in others.left_out]
        self.columns = (*rows.columns, *new)
        self._others = others

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns of both that can't be attributes, see ``rows.Rows``."""
        return (*self._rows.left_out, *self._others.left_out)

    def read(self, raw_columns: Collection[str]) -> Iterator[Row | Skipped]:
        """Stream the rows, see ``rows.Rows``."""
        for row in self._rows.read({*raw_columns, self._on}):
            if isinstance(row, Skipped):
                yield row
            else:
                number, cells = row
                yield number, {**self._cells.get(to_id(cells.get(self._on)), {}), **_filled(cells)}


def _by_key(rows: Rows, column: str) -> dict[str, Mapping[str, object]]:
    found: dict[str, Mapping[str, object]] = {}
    for row in rows.read((column,)):
        if not isinstance(row, Skipped):
            cells = dict(row[1])
            key = to_id(cells.pop(column, None))
            if key:
                found.setdefault(key, _filled(cells))
    return found


def _filled(cells: Mapping[str, object]) -> dict[str, object]:
    return {name: cell for name, cell in cells.items() if cell is not None}


def _column(columns: tuple[str, ...], on: str, table: str) -> str:
    column = resolve_column(columns, on) if on else find_column(columns, ID_NAMES)
    if column is None:
        raise CatalogueError(
            f"{table} has no column called id or the like to join by: name one that both tables have with --on. There "
            f"are: {', '.join(columns)}"
        )
    return column
