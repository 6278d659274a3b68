"""Rows of Parquet files, streamed: memory is bounded by a page of each column, not by its row group.

How many rows a page has is the writer's choice: of photos pyarrow puts 1,024 into one unless its
``write_batch_size`` says fewer. What would be far larger in memory than in the file is read by fewer rows, or refused
(``parquet_bounds.py``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from ..errors import CatalogueError
from ..types import Skipped
from .bounds import check_columns
from .parquet_bounds import check_batch, check_row_group, leaves_of, rows_at_once

__all__ = ["ParquetRows"]

BUFFER = 2**20
"""Bytes read ahead of each column; without a limit pyarrow reads whole column chunks."""


class ParquetRows:
    """A Parquet file; columns of bytes, objects and vectors are read only where they are named."""

    unit = "row"

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._path = path
        with self._as_catalogue_errors(), self._open() as file:
            self._schema = file.schema_arrow
            check_columns(path, len(self._schema.names))
            self._count = int(file.metadata.num_rows)
        self.columns = tuple(self._schema.names)
        if len(set(self.columns)) < len(self.columns):
            raise CatalogueError(f"{path} has two columns of one name: rename one")
        self._light = [field.name for field in self._schema if not _heavy(pa.types, field.type)]
        self.left_out = tuple(name for name in self.columns if name not in self._light)

    def __len__(self) -> int:
        return self._count

    def read(
        self, raw_columns: Collection[str], *, others: bool = True
    ) -> Iterator[tuple[int, dict[str, object]] | Skipped]:
        """Stream the rows.

        Args:
            raw_columns: are read whatever they hold.
            others: False reads only these.
        """
        selected = [name for name in self.columns if name in raw_columns or (others and name in self._light)]
        number = 0
        with self._as_catalogue_errors(), self._open() as file:
            leaves = leaves_of(file.metadata, selected)
            for group in range(file.num_row_groups):
                check_row_group(self._path, file.metadata.row_group(group), leaves)
            for group in range(file.num_row_groups):
                at_once = rows_at_once(self._path, file.metadata.row_group(group), leaves, self._light)
                for batch in file.iter_batches(at_once, row_groups=[group], columns=selected, use_threads=False):
                    check_batch(self._path, batch, self._light)
                    columns = {name: _values(batch.column(name)) for name in batch.schema.names}
                    for place in range(batch.num_rows):
                        number += 1
                        yield number, {name: values[place] for name, values in columns.items()}

    def _open(self) -> Any:
        import pyarrow.parquet as pq

        return pq.ParquetFile(self._path, buffer_size=BUFFER, pre_buffer=False)

    @contextlib.contextmanager
    def _as_catalogue_errors(self) -> Iterator[None]:
        """Convert pyarrow's errors into ours."""
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError, OverflowError, ValueError, MemoryError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise CatalogueError(f"{self._path} can't be read as Parquet ({first}): write it anew") from error


def _heavy(types: Any, kind: Any) -> bool:
    """Return whether a column of this type can't become attributes: bytes, durations, vectors, objects with such."""
    if types.is_struct(kind):
        return any(_heavy(types, kind.field(place).type) for place in range(kind.num_fields))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        inner = kind.value_type
        return bool(types.is_floating(inner) or types.is_nested(inner) or _heavy(types, inner))
    binary = types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    return bool(binary or types.is_binary_view(kind) or types.is_nested(kind) or types.is_duration(kind))


def _values(column: Any) -> list[object]:
    """Return Python values; times in microseconds, Python's precision, and in UTC if they have a zone."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", "UTC" if kind.tz else None), safe=False)
    elif pa.types.is_time64(kind):
        column = column.cast(pa.time64("us"), safe=False)
    return list(column.to_pylist())
