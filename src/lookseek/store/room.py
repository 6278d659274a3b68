"""Room on a disk, asked for before it is needed: a mapped file for which there is none ends the process by a signal."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..errors import IndexFull

__all__ = ["MARGIN", "require_room", "size_of_holes", "size_on_disk"]

MARGIN = 16 * 2**20
"""Bytes that stay free beyond what is estimated: the engine writes its own files meanwhile, and others write too."""


def require_room(folder: Path, size: int) -> None:
    """Refuse to begin what the disk has no room for.

    Args:
        folder: on the disk that is written, or a folder that will be made; its nearest parent is there.
        size: bytes that will be written, about.

    Raises:
        IndexFull: less than that and ``MARGIN`` is free.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < size + MARGIN:
        raise IndexFull(
            f"there is no room on the disk of {folder}: {size / 1e6:,.1f} MB are needed and {MARGIN / 1e6:,.0f} MB "
            f"beside them, {free / 1e6:,.1f} MB are free: make room, run it again. What was published is whole "
            "and answers"
        )


def size_on_disk(folder: Path) -> int:
    """Return the bytes that the files below a folder take, holes not counted."""
    stats = (path.stat() for path in folder.rglob("*"))
    return sum(getattr(stat, "st_blocks", stat.st_size // 512) * 512 for stat in stats)


def size_of_holes(folder: Path) -> int:
    """Return the bytes that the files below a folder may still take on the disk without becoming longer.

    Writing into a hole of a mapped file takes room, and on a disk in memory reading it does too.
    """
    stats = (path.stat() for path in folder.rglob("*") if not path.is_dir())
    return sum(max(0, stat.st_size - getattr(stat, "st_blocks", stat.st_size // 512) * 512) for stat in stats)
