"""A shard of the embedded engine whose errors are lookseek's, and which may be opened through a private copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qdrant_edge as engine

from ..errors import IndexDamaged, IndexFolderError, IndexFull
from .private_copy import PrivateCopy

__all__ = ["Shard"]

_NO_ROOM = ("No space left", "Disk quota", "os error 28", "os error 122")
_FORBIDDEN = ("ermission denied", "ead-only file system")


class Shard:
    """An open shard. Its methods are those of ``qdrant_edge.EdgeShard``.

    Args:
        folder: the shard's.
        config: what it is opened with.
        read_only: opens a private copy, so that the folder stays as it is.

    Raises:
        IndexFull: there is no room for the copy, or for what the engine writes.
        IndexDamaged: it can't be opened.
    """

    def __init__(self, folder: Path, config: engine.EdgeConfig, *, read_only: bool = False) -> None:
        self._folder = folder
        self._copy: PrivateCopy | None = None
        try:
            if read_only:
                self._copy = PrivateCopy(folder)
            opened = folder if self._copy is None else self._copy.folder
            self._shard = engine.EdgeShard.load(str(opened), config)
        except BaseException as error:
            self._remove_copy()
            _raise_ours(folder, error, "can't be opened")
            raise

    @staticmethod
    def create(folder: Path, config: engine.EdgeConfig) -> None:
        """Make an empty shard in a folder that is there."""
        try:
            engine.EdgeShard.create(str(folder), config).close()
        except BaseException as error:
            _raise_ours(folder, error, "can't be made")
            raise

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._shard, name)

        def call(*arguments: Any) -> Any:
            try:
                return method(*arguments)
            except BaseException as error:
                _raise_ours(self._folder, error, "can't be read or written")
                raise

        return call

    def close(self) -> None:
        """Release the files."""
        try:
            self._shard.close()
        finally:
            self._remove_copy()

    def _remove_copy(self) -> None:
        if self._copy is not None:
            self._copy.close()
            self._copy = None


def _raise_ours(folder: Path, error: BaseException, what: str) -> None:
    """Raise the error that stands for one of the engine's, which are plain Exceptions or panics of Rust."""
    message = str(error)
    if not (type(error) is Exception or isinstance(error, OSError) or type(error).__name__ == "PanicException"):
        return
    if any(sign in message for sign in _NO_ROOM):
        full = f"{folder} {what}, since there is no room on the disk ({message}): make room"
        raise IndexFull(full) from error
    if any(sign in message for sign in _FORBIDDEN):
        raise IndexFolderError(f"{folder} {what} ({message}): give this user the right to it") from error
    raise IndexDamaged(
        f"{folder} {what} ({message[:300]}): lookseek check says what is damaged; bring it back from a copy, "
        "or index the catalogue again into a new folder"
    ) from error
