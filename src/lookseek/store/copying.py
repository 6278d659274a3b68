"""Files that are mostly holes: their data alone read, and copied with the holes."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["BLOCK", "copy_sparse", "copy_tree", "nonzero_blocks"]

BLOCK = 1 << 16
"""Bytes read at a time."""
_ZEROS = bytes(BLOCK)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder with all that is below it; what is copied may be written whatever the source allows.

    Args:
        source: the folder.
        target: must not exist.

    Raises:
        OSError: the first error of a file or folder; what was copied until then stays.
    """
    target.mkdir()
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            copy_tree(entry, target / entry.name)
        else:
            copy_sparse(entry, target / entry.name)


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file and leave holes as holes: the engine's files are mostly empty at first, 30 MB that take 100 KB."""
    with target.open("wb") as write:
        for at, block in nonzero_blocks(source):
            write.seek(at)
            write.write(block)
        write.truncate(source.stat().st_size)


def nonzero_blocks(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the blocks of a file that are not all zeros, each with its offset, a multiple of ``BLOCK``.

    What is a hole and what zeros makes no difference, but holes are not read.
    """
    with file.open("rb", buffering=0) as read:
        size, at = os.fstat(read.fileno()).st_size, 0
        while at < size:
            begin = _next_data(read.fileno(), at, size)
            at = max(at, begin // BLOCK * BLOCK)
            read.seek(at)
            block = read.read(BLOCK)
            if begin >= size or not block:
                return
            if block != _ZEROS[: len(block)]:
                yield at, block
            at += BLOCK


def _next_data(file: int, at: int, size: int) -> int:
    """Return where the next bytes are that are no hole; the file's size where there are none."""
    if not hasattr(os, "SEEK_DATA"):
        return at
    try:
        return os.lseek(file, at, os.SEEK_DATA)
    except OSError as error:
        return size if error.errno == errno.ENXIO else at  # else a file system that tells no holes
