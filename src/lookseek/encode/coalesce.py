"""Things of several callers done together: under load a batch costs less than its parts one by one.

Nobody waits for company: what comes while a run is free is done alone, at once. What comes while all are busy is taken
together by the next that is free.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from ..types import Pixels, Vector, Vectors
from .encoder import Encoder, Prepared

__all__ = ["Coalescing", "Together"]

A = TypeVar("A")
B = TypeVar("B")

_MOST = 8
"""Photos a run. Source: docs/decisions/encoder.md, more do not fit the cache."""


class _Waiting(Generic[A, B]):
    """One thing that a caller waits for."""

    def __init__(self, given: A) -> None:
        self.given = given
        self.made: list[B] = []
        self.error: BaseException | None = None
        self.ended = threading.Event()


class Together(Generic[A, B]):
    """Work on lists, asked for by many threads, one thing each."""

    def __init__(self, work: Callable[[Sequence[A]], Sequence[B]], *, runs: int, most: int) -> None:
        """Wrap the work.

        Args:
            work: gives as many things as it gets, in order; what it makes of one may not depend on the others.
            runs: that go on at once, >= 1.
            most: things a run, >= 1.
        """
        self._work, self._most = work, most
        self._free = threading.Semaphore(runs)
        self._queue: deque[_Waiting[A, B]] = deque()
        self._lock = threading.Lock()

    def __call__(self, given: A) -> B:
        """What the work makes of one thing. Raises what the work raised for the run that it was in."""
        mine: _Waiting[A, B] = _Waiting(given)
        with self._lock:
            self._queue.append(mine)
        with self._free:
            if not mine.ended.is_set():
                self._run()
        mine.ended.wait()  # another caller's run may have taken it and still be on its way
        if mine.error is not None:
            raise mine.error
        return mine.made[0]

    def _run(self) -> None:
        with self._lock:
            taken = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        if not taken:
            return
        try:
            for one, made in zip(taken, self._work([one.given for one in taken]), strict=True):
                one.made.append(made)
        except BaseException as error:
            for one in taken:
                one.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for one in taken:
                one.ended.set()


class Coalescing:
    """An encoder that many threads ask at once, each for one photo."""

    def __init__(self, encoder: Encoder, runs: int) -> None:
        """Wrap an encoder.

        Args:
            encoder: what encodes; its vectors may not depend on what else is in a batch.
            runs: that go on at once, >= 1.
        """
        self._inner = encoder
        self.name, self.dim, self.min_side = encoder.name, encoder.dim, encoder.min_side
        self._one: Together[Prepared, Vector] = Together(
            lambda photos: list(encoder.encode(photos)), runs=runs, most=_MOST
        )

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return self._inner.prepare(pixels)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder."""
        if len(batch) != 1:
            return self._inner.encode(batch)
        return np.ascontiguousarray(self._one(batch[0])[None])
