"""What a Parquet file may take in memory: a few kilobytes of one can declare gigabytes.

What a row group takes is read from the file's footer before any of it is decoded.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..errors import CatalogueError

__all__ = ["Leaf", "check_batch", "check_row_group", "leaves_of", "rows_at_once"]

_ROWS_OF_BYTES, _ROWS_OF_WORDS = 64, 1024
"""Rows decoded at once, with columns of bytes and without."""
_BATCH_BYTES = 32 * 2**20
"""Bytes that are decoded at once: of photos on average, of values that rows share in the file at the most."""
_MAX_BATCH = 256 * 2**20
"""Bytes of a batch's other columns."""
_FREE = 64 * 2**20
"""Bytes of a row group that no ratio is asked of."""
_MAX_RATIO = 200
"""Bytes in memory for a byte in the file: photos have 1, words 2 to 30."""
_MAX_VALUES = 20_000_000
"""Values of a column in a row group: lists may have more of them than there are rows."""
_PAGE_HEADER = 64
"""Bytes of a file in which the sizes of a page stand."""


class Leaf(NamedTuple):
    """A column of plain values, of which an object has several."""

    number: int
    path: str
    column: str
    """The column of the table that it belongs to."""


def leaves_of(metadata: Any, columns: Collection[str]) -> list[Leaf]:
    """Return the leaves of some columns of a file.

    Args:
        metadata: pyarrow's, of the file.
        columns: names of the table's columns.
    """
    leaves = []
    for number in range(metadata.num_columns):
        schema = metadata.schema.column(number)
        path = str(schema.path)
        owners = [name for name in columns if path == name or path.startswith(f"{name}.")]
        if owners:
            leaves.append(Leaf(number, path, max(owners, key=len)))
    return leaves


def check_row_group(path: Path, group: Any, leaves: Sequence[Leaf]) -> None:
    """Refuse a row group that would be far larger in memory than it is in the file.

    Args:
        path: of the file.
        group: pyarrow's metadata of the row group.
        leaves: that will be read.

    Raises:
        CatalogueError: too large, or a column with too many values.
    """
    chunks = [(leaf, group.column(leaf.number)) for leaf in leaves]
    size = sum(chunk.total_uncompressed_size for _, chunk in chunks)
    stored = sum(chunk.total_compressed_size for _, chunk in chunks)
    if size > _FREE and size > _MAX_RATIO * stored:
        raise CatalogueError(
            f"{path} has a row group of {size:,} bytes that are {stored:,} in the file, {_MAX_RATIO} times as many are "
            "taken: write it anew with smaller row groups"
        )
    for leaf, chunk in chunks:
        if chunk.num_values > _MAX_VALUES:
            raise CatalogueError(
                f"{path} has {chunk.num_values:,} values of {leaf.column!r} in a row group, {_MAX_VALUES:,} are read: "
                "write it anew with smaller row groups"
            )


def rows_at_once(path: Path, group: Any, leaves: Sequence[Leaf], light: Collection[str]) -> int:
    """Return how many rows of a row group are decoded at once: fewer where photos are large or texts may be.

    Args:
        path: of the file.
        group: pyarrow's metadata of the row group.
        leaves: that will be read.
        light: columns that hold no bytes, objects or vectors.
    """
    heavy = [leaf for leaf in leaves if leaf.column not in light]
    photos = sum(group.column(leaf.number).total_uncompressed_size for leaf in heavy) / max(1, group.num_rows)
    with path.open("rb") as file:
        repeated = max((_dictionary_size(file, group.column(leaf.number)) for leaf in leaves), default=0)
    most = _ROWS_OF_BYTES if heavy else _ROWS_OF_WORDS
    return int(max(1, min(most, _BATCH_BYTES / max(1.0, photos, repeated))))


def _dictionary_size(file: BinaryIO, chunk: Any) -> int:
    """Return the bytes of the values that a chunk's rows refer to, and so of the longest at the most; 0 without any.

    They stand in the page's header, Thrift in its compact form: three numbers of 32 bits, the kind of the page, its
    bytes in memory and in the file.
    """
    if not chunk.has_dictionary_page or chunk.physical_type != "BYTE_ARRAY":
        return 0
    file.seek(chunk.dictionary_page_offset)
    head, at, numbers = file.read(_PAGE_HEADER), 0, list[int]()
    while len(numbers) < 2 and head[at : at + 1] == b"\x15":
        number, shift, at = 0, 0, at + 1
        while at < len(head) and shift < 35:
            number, shift, at = number | (head[at] & 0x7F) << shift, shift + 7, at + 1
            if not head[at - 1] & 0x80:
                break
        numbers.append(number >> 1)
    return numbers[1] if len(numbers) == 2 else int(chunk.total_uncompressed_size)


def check_batch(path: Path, batch: Any, light: Collection[str]) -> None:
    """Refuse a batch whose columns of words and lists are too large to become Python objects.

    Args:
        path: of the file.
        batch: pyarrow's, decoded.
        light: columns that hold no bytes, objects or vectors.

    Raises:
        CatalogueError: more than 256 MB.
    """
    for name in batch.schema.names:
        if name in light and (size := batch.column(name).nbytes) > _MAX_BATCH:
            raise CatalogueError(
                f"{path} has {size:,} bytes of {name!r} in {batch.num_rows:,} rows, {_MAX_BATCH:,} are read: leave the "
                "column out"
            )
