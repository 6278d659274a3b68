"""Copies of an engine's folder that a reader opens in place of the folder, so that reading never writes to an index.

The embedded engine has no way to open a folder for reading alone: it opens most files for writing, rewrites its
settings and lengthens files that it finds short. It gets a copy of what is small. Folders of large files are linked to,
since the engine changes nothing in them unless it is told to; where they may not be opened for writing, as on a
read-only disk, they are copied too.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ..atomic import DISK_FULL
from .copying import copy_sparse
from .room import size_of_holes, size_on_disk

__all__ = ["PrivateCopy"]

_PREFIX = "lookseek-reader-"
_LOCK = "reader.lock"
_OTHER_PLACES = (Path("/dev/shm"),)  # noqa: S108  folders in it are made as mkdtemp makes them, for this user alone
"""Where a copy is made if the disk of temporary files is full: in memory, on Linux."""
_LINKED_FROM = 4 * 2**20
"""Bytes on the disk of a file from which its folder is linked to: copying that many takes some 2 ms. The folder, since
the engine passes over links to files."""


class PrivateCopy:
    """A copy of a folder in the folder of temporary files; ``close`` removes it, a later reader those of the killed.

    Args:
        folder: that is copied.

    Raises:
        OSError: there is no room for the copy, or a file can't be read.
    """

    def __init__(self, folder: Path) -> None:
        places = [Path(tempfile.gettempdir()), *(place for place in _OTHER_PLACES if place.is_dir())]
        # A disk in memory fills the holes of what is read from it; where there is no room for them it ends the process.
        filled = size_on_disk(folder) + size_of_holes(folder)
        places.sort(key=lambda place: shutil.disk_usage(place).free < filled)
        for place in places:
            _sweep(place)
            try:
                self._make(folder, place)
                return
            except OSError as error:  # an index answers on a full disk too
                if error.errno not in DISK_FULL or place == places[-1]:
                    raise

    def _make(self, folder: Path, place: Path) -> None:
        top = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        lock = FileLock(top / _LOCK, thread_local=False)  # a reader may be closed by another thread than opened it
        # also where a reader is let go of without being closed, as a service does with a generation that was replaced
        self._finalizer = weakref.finalize(self, _remove, top, lock)
        try:
            lock.acquire()
            if not (top / _LOCK).exists():  # another reader took it for one of the killed before it was locked
                self._make(folder, place)
                return
            self.folder = top / folder.name
            _copy_or_link(folder, self.folder)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove the copy."""
        self._finalizer()


def _remove(top: Path, lock: FileLock) -> None:
    lock.release()
    shutil.rmtree(top, ignore_errors=True)


def _copy_or_link(source: Path, target: Path) -> None:
    """Copy a folder, and link to those below it that hold large files."""
    entries = list(source.iterdir())
    files = [entry for entry in entries if not entry.is_dir()]
    if os.name == "posix" and any(map(_is_large, files)) and all(os.access(file, os.R_OK | os.W_OK) for file in files):
        target.symlink_to(source.resolve(), target_is_directory=True)
        return
    target.mkdir()
    for entry in entries:
        (_copy_or_link if entry.is_dir() else copy_sparse)(entry, target / entry.name)


def _is_large(file: Path) -> bool:
    stat = file.stat()
    return getattr(stat, "st_blocks", stat.st_size // 512) * 512 >= _LINKED_FROM


def _sweep(place: Path) -> None:
    """Remove the copies of processes that were killed."""
    for left in place.glob(f"{_PREFIX}*"):
        lock = FileLock(left / _LOCK, timeout=0)
        with suppress(OSError, Timeout):
            if not (left / _LOCK).is_file():
                continue  # another reader is just making it
            with lock:
                shutil.rmtree(left, ignore_errors=True)
