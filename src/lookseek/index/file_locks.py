"""Whether another process holds a lock file, found out without writing to it; and locks that processes share."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["is_locked", "shared_lock", "wait_until_free"]

_LOOK_SECONDS = 0.01
"""Seconds between two looks at a lock."""


@contextmanager
def shared_lock(file: Path, seconds: float) -> Iterator[int | None]:
    """Hold a lock whose descriptor may be given to another process, which then holds it too until it ends.

    Args:
        file: made where it is not there.
        seconds: to wait for it.

    Yields:
        The descriptor; None on Windows, where nothing is locked.

    Raises:
        Timeout: somebody else holds it.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        yield None
        return
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        end = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Timeout(str(file)) from None
                time.sleep(_LOOK_SECONDS)
        yield handle
    finally:
        os.close(handle)


def wait_until_free(file: Path, seconds: float) -> bool:
    """Return whether nobody holds a lock file, or nobody does within so many seconds."""
    end = time.monotonic() + seconds
    while is_locked(file):
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def is_locked(file: Path) -> bool:
    """Return whether somebody holds the lock of ``filelock.FileLock(file)``; a file that is not there is not locked."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        return _is_locked_by_trying(file)
    try:
        handle = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # readers may look at the same time
    except OSError:
        return True
    finally:
        os.close(handle)  # releases it too
    return False


def _is_locked_by_trying(file: Path) -> bool:
    if not file.exists():
        return False
    try:
        with FileLock(file, timeout=0.3):  # another reader may be trying the same
            return False
    except Timeout:
        return True
    except OSError:
        return False  # a folder that may not be written: no writer of ours is there
