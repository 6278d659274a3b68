"""Files that are there whole or not at all, also after the process was killed or the power was cut.

One way for all of lookseek: written beside its place, brought to the disk, renamed, and the folder brought to the disk,
since a rename lasts only once its folder does.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["DISK_FULL", "move", "replacing", "sync_file", "sync_folder", "write_bytes", "write_text"]

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of an OSError that say that there is no room: of the disk, or of a quota."""


@contextmanager
def replacing(path: Path, *, shared: bool = False) -> Iterator[BinaryIO]:
    """Write a file that takes its place when the block ends; if the block raises, what was there before stays.

    Args:
        path: the file; its folder must be there.
        shared: True where several processes may write the same file at once: each then writes beside it under a name
            of its own. Otherwise what a killed process left beside the file is written over by the next one.

    Yields:
        The file, open for writing bytes.

    Raises:
        OSError: it can't be written.
    """
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part" if shared else f"{path.name}.part")
    try:
        with beside.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    sync_folder(path.parent)


def write_bytes(path: Path, data: bytes, *, shared: bool = False) -> None:
    """Write a file of bytes as ``replacing`` does; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, shared=shared) as out:
        out.write(data)


def write_text(path: Path, text: str) -> None:
    """Write a file of text as UTF-8, line ends as they are. See ``write_bytes``."""
    write_bytes(path, text.encode("utf-8"))


def move(beside: Path, path: Path) -> None:
    """Put a file or folder that was written beside its place into it, for good."""
    if beside.is_file():
        sync_file(beside)
    beside.replace(path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Bring what was written to a file to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk: new names, and names that are gone. Windows has no such call."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
