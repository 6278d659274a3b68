"""A folder of tables with the same columns, such as ``train-00000-of-00002.parquet``, as the rows of one table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import CatalogueError
from ..types import Skipped
from .rows import TABLE_SUFFIXES, Row, Rows, open_rows

__all__ = ["STRIDE", "ShardedRows", "shards_in"]

STRIDE = 10**9
"""A row's number is that of its shard times this, and its own number in there."""


def shards_in(folder: Path) -> list[Path]:
    """Return the tables of a folder, by name, if it has two or more of one suffix and none of another."""
    suffixes = TABLE_SUFFIXES - {".json"}  # which often holds something else than a table
    tables = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.is_file())
    return tables if len(tables) > 1 and len({path.suffix.lower() for path in tables}) == 1 else []


class ShardedRows:
    """The rows of several tables, one after another. Implements ``rows.Rows``.

    Args:
        paths: of the tables, two or more.

    Raises:
        CatalogueError: one can't be read, or their columns differ.
    """

    def __init__(self, paths: list[Path]) -> None:
        self._shards: list[tuple[Path, Rows]] = [(path, open_rows(path)) for path in paths]
        first = self._shards[0][1]
        for path, rows in self._shards[1:]:
            if set(rows.columns) != set(first.columns):
                raise CatalogueError(
                    f"{path} has other columns than {paths[0].name}, so they are no parts of one table: give one of "
                    "them, or each in a folder of its own"
                )
        self.unit, self.columns = first.unit, first.columns

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns that can't be attributes, see ``rows.Rows``."""
        return tuple(dict.fromkeys(name for _, rows in self._shards for name in rows.left_out))

    def read(self, raw_columns: Collection[str]) -> Iterator[Row | Skipped]:
        """Stream the rows, see ``rows.Rows``."""
        for place, (path, rows) in enumerate(self._shards):
            for row in rows.read(raw_columns):
                if isinstance(row, Skipped):
                    yield replace(row, where=f"{path.name} {row.where}", reason=f"{path.name} {row.reason}")
                else:
                    yield place * STRIDE + row[0], row[1]

    def locate(self, number: int) -> tuple[Path, int]:
        """Return the shard of a row's number, and the row's number in there."""
        return self._shards[number // STRIDE][0], number % STRIDE
