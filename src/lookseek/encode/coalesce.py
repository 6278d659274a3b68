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
        self.taken = self.ended = False


class Together(Generic[A, B]):
    """Work on lists, asked for by many threads, one thing each."""

    def __init__(self, work: Callable[[Sequence[A]], Sequence[B]], *, runs: int, most: int) -> None:
        """Wrap the work.

        Args:
            work: gives as many things as it gets, in order; what it makes of one may not depend on the others.
            runs: that go on at once, >= 1.
            most: things a run, >= 1.
        """
        self._work, self._free, self._most = work, runs, most
        self._queue: deque[_Waiting[A, B]] = deque()
        self._changed = threading.Condition()

    def __call__(self, given: A) -> B:
        """What the work makes of one thing. Raises what the work raised for the run that it was in."""
        mine: _Waiting[A, B] = _Waiting(given)
        with self._changed:
            self._queue.append(mine)
        while taken := self._next(mine):
            self._run(taken)
        if mine.error is not None:
            raise mine.error
        return mine.made[0]

    def _next(self, mine: _Waiting[A, B]) -> list[_Waiting[A, B]]:
        """What a caller has to run before its own thing is done: the oldest that wait; nothing once it is done."""
        with self._changed:
            while not mine.ended and (mine.taken or not self._free):
                self._changed.wait()
            return [] if mine.ended else self._take()

    def _take(self) -> list[_Waiting[A, B]]:
        self._free -= 1
        taken = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        for one in taken:
            one.taken = True
        return taken

    def _run(self, taken: Sequence[_Waiting[A, B]]) -> None:
        try:
            for one, made in zip(taken, self._work([one.given for one in taken]), strict=True):
                one.made.append(made)
        except BaseException as error:
            for one in taken:
                one.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            with self._changed:
                self._free += 1
                for one in taken:
                    one.ended = True
                self._changed.notify_all()


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
