"""The engine's store for writing: every method runs in a process of its own, see ``engine_process.py``."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..types import Point, RouterType, Value, Vector
from .base import UNRESTRICTED, Restriction, ScoredId
from .engine_process import EngineProcess
from .schema import FieldType, Layout

__all__ = ["EdgeWriter", "end_idle"]


class EdgeWriter:
    """Points in Qdrant Edge, written by another process. See ``Store`` for what each method promises.

    Args:
        folder: the store's.
        layout: the named vectors.
        lock: a descriptor of a lock, which stays held until that process has closed the store or has ended.

    Raises:
        LookseekError: as ``EdgeStore`` does; any method raises IndexFull where the disk ran full under the engine.
    """

    def __init__(self, folder: Path, layout: Layout, *, lock: int | None = None, _begin: str = "open") -> None:
        self.layout = layout
        self._folder = folder
        self._process: EngineProcess | None = _idle.take()
        try:
            self._process.begin(_begin, folder, layout, lock)
        except BaseException:  # e.g. Ctrl-C: it may have opened the store all the same, and would keep the lock
            self._process.end()
            raise

    @classmethod
    def create(cls, folder: Path, layout: Layout, *, lock: int | None = None) -> EdgeWriter:
        """Make an empty store; the folder must not exist."""
        return cls(folder, layout, lock=lock, _begin="create")

    def add(self, points: Sequence[Point]) -> None:
        self._call("add", list(points))

    def delete(self, ids: Iterable[str]) -> int:
        return int(self._call("delete", list(ids)))

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        found: list[Point] = self._call("get", list(ids), vectors=vectors)
        return found

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        found: list[ScoredId] = self._call("search", using, vector, k, restriction)
        return found

    def score(self, using: str, vector: Vector, ids: Sequence[str]) -> list[ScoredId]:
        found: list[ScoredId] = self._call("score", using, vector, list(ids))
        return found

    def recommend(
        self,
        using: str,
        like: Sequence[str],
        unlike: Sequence[str],
        k: int,
        restriction: Restriction = UNRESTRICTED,
    ) -> list[ScoredId]:
        found: list[ScoredId] = self._call("recommend", using, list(like), list(unlike), k, restriction)
        return found

    def scan(self, restriction: Restriction = UNRESTRICTED, *, vectors: bool = False) -> Iterator[Point]:
        number = self._call("scan", restriction, vectors=vectors)
        try:
            while points := self._call("more", number):
                yield from points
        finally:
            if self._process is not None:
                self._process.post(self._folder, "stop", number)

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        return int(self._call("count", restriction))

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        counted: Sequence[tuple[Value, int]] = self._call("facet", field, restriction, limit=limit)
        return counted

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        self._call("declare", dict(fields))

    def set_keys(self, kind: RouterType, keys: Mapping[str, str]) -> None:
        self._call("set_keys", kind, dict(keys))

    def same_content(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = self._call("same_content")
        return groups

    def optimise(self, *, graph: bool) -> None:
        try:
            self._call("optimise", graph=graph)
        except BaseException:  # e.g. Ctrl-C: it may have minutes to go
            if self._process is not None:
                self._process.end()
            raise

    def close(self) -> None:
        try:
            if self._process is not None and self._process.alive:
                self._call("close")
        finally:
            self._release()

    def _call(self, method: str, *arguments: Any, **named: Any) -> Any:
        if self._process is None:
            raise RuntimeError(f"{method} was called of the closed store {self._folder}")
        return self._process.call(self._folder, method, arguments, named)

    def _release(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _idle.give_back(process)


class _Idle:
    """At most one process that has no store open: starting one takes .4 s, and a service edits often."""

    def __init__(self) -> None:
        self._process: EngineProcess | None = None
        self._lock = threading.Lock()

    def take(self) -> EngineProcess:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            if process.alive:
                return process
            process.end()
        return EngineProcess()

    def give_back(self, process: EngineProcess) -> None:
        if process.alive:
            with self._lock:
                if self._process is None:
                    self._process = process
                    return
        process.end()

    def end(self) -> None:
        """End the process, as this one ends."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.end()

    def forget(self) -> None:
        """In a process that was forked from this one: what is idle is the parent's."""
        self._process, self._lock = None, threading.Lock()


_idle = _Idle()


def end_idle() -> None:
    """End the process that waits for the next store, if there is one; that store then starts another."""
    _idle.end()


atexit.register(end_idle)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.forget)
