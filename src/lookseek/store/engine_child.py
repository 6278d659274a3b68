"""What the process of ``engine_process.py`` runs: a store of the engine, whose methods the parent calls through a pipe.

It lives as long as the parent's end of the pipe. Signals that a terminal or a service manager sends to the parent's
whole group are ignored: the parent closes the store when it has ended its own work.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import count, islice
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from pathlib import Path
from typing import Any

from ..errors import LookseekError
from ..types import Point
from .base import Restriction
from .edge import EdgeStore
from .schema import Layout

__all__ = ["PAGE", "main"]

PAGE = 256
"""Points of one answer of a scan."""
_METHODS = (
    "add",
    "delete",
    "get",
    "search",
    "score",
    "recommend",
    "count",
    "facet",
    "declare",
    "set_keys",
    "same_content",
    "optimise",
)


class _Open:
    """The store that is open, and the scans that go on over it."""

    def __init__(self, store: EdgeStore, lock: int | None) -> None:
        self._store, self._lock = store, lock
        self._scans: dict[int, Iterator[Point]] = {}
        self._numbers = count(1)

    def call(self, method: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> object:
        """Return what a method of the store returns; a scan is a number, with which its pages are had."""
        own = {"scan": self._scan, "more": self._more, "stop": self._stop}
        if method not in own and method not in _METHODS:
            raise ValueError(f"{method} is no method of a store")
        function: Any = own.get(method) or getattr(self._store, method)
        return function(*arguments, **named)

    def close(self) -> None:
        """Release the files, then the lock that says so."""
        self._scans.clear()
        try:
            self._store.close()
        finally:
            if self._lock is not None:
                os.close(self._lock)

    def _scan(self, restriction: Restriction, *, vectors: bool) -> int:
        number = next(self._numbers)
        self._scans[number] = self._store.scan(restriction, vectors=vectors)
        return number

    def _more(self, number: int) -> list[Point]:
        return list(islice(self._scans[number], PAGE))

    def _stop(self, number: int) -> None:
        self._scans.pop(number, None)


def main(pipe: int) -> None:
    """Answer calls until the parent closes its end; then end without a word."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    with closing(Connection(pipe)) as calls:
        opened: _Open | None = None
        while True:
            try:
                method, arguments, named = calls.recv()
            except EOFError:
                os._exit(0)  # what is open is left as kill -9 of the parent would leave it
            try:
                if method in ("create", "open"):
                    opened = _begin(method, *arguments, lock=recv_handle(calls) if named["shares_lock"] else None)
                    answer: object = None
                elif opened is None:
                    raise RuntimeError(f"{method} was called of a store that is not open")
                elif method == "close":
                    closed, opened, answer = opened, None, None
                    closed.close()
                else:
                    answer = opened.call(method, arguments, named)
            except LookseekError as error:
                answer = error
            except Exception as error:
                error.add_note("in the process of the engine:\n" + traceback.format_exc())
                answer = error
            try:
                calls.send(answer)
            except OSError:  # the parent was killed meanwhile
                os._exit(0)


def _begin(method: str, folder: Path, layout: Layout, *, lock: int | None) -> _Open:
    try:
        make = EdgeStore.create if method == "create" else EdgeStore
        return _Open(make(folder, layout), lock)
    except BaseException:
        if lock is not None:
            os.close(lock)
        raise
