"""A service's file of API keys, read again when it changes: a key whose line was deleted opens nothing more."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from ...errors import KeysError
from .api_keys import Keys, read_keys

__all__ = ["KeysFile"]

log = logging.getLogger("lookseek.serve")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What was read, and the file's state from just before."""

    state: tuple[int, int, int] | None
    keys: Keys


class KeysFile:
    """The keys of a service as its file has them now.

    A change never opens what was closed: where reading needed a key when the service started, or since, it needs one
    until the service is started anew, so that a file that an editor empties for a moment opens nothing. A line that
    can't be used is logged and passed over; where the file can't be read at all no key is valid.

    Args:
        file: of keys; None for a service without keys.

    Raises:
        KeysError: the file, or a line of it, can't be read now.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._loaded = _Loaded(self._state(), Keys() if file is None else read_keys(file))
        self._reads_open = self._loaded.keys.reads_open

    def current(self) -> Keys:
        """Return the keys; looks whether the file has changed, which takes microseconds."""
        if self._file is not None and self._state() != self._loaded.state:
            self.reload()
        return self._loaded.keys

    @property
    def reads_open(self) -> bool:
        """Whether reading needs no key."""
        return self._reads_open

    def reload(self) -> None:
        """Read the file again."""
        if self._file is None:
            return
        state = self._state()
        try:
            keys = read_keys(self._file, lambda error: log.error("%s", error))
        except KeysError as error:
            log.error("%s: no key is valid until it can be read", error)
            keys, self._reads_open = Keys(), False
        self._reads_open = self._reads_open and keys.reads_open
        self._loaded = _Loaded(state, keys)

    def _state(self) -> tuple[int, int, int] | None:
        if self._file is None:
            return None
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns
