"""Whether another process holds a lock file, found out without writing to it."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["is_locked"]


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
