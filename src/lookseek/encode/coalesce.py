"""Photos of several callers encoded together: under load a batch costs less than its photos one by one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from ..types import Pixels, Vector, Vectors
from .encoder import Encoder, Prepared

__all__ = ["Coalescing"]

_MOST = 8
"""Photos a run. Source: docs/decisions/encoder.md, more do not fit the cache."""


class _Waiting:
    """One photo that a caller waits for."""

    def __init__(self, photo: Prepared) -> None:
        self.photo = photo
        self.vector: Vector | None = None
        self.error: BaseException | None = None
        self.ended = threading.Event()


class Coalescing:
    """An encoder that many threads ask at once, each for one photo.

    Nobody waits for company: a photo that comes while a run is free is encoded alone, at once. Those that come while
    all are busy are taken together by the next that is free.
    """

    def __init__(self, encoder: Encoder, runs: int) -> None:
        """Wrap an encoder.

        Args:
            encoder: what encodes; its vectors may not depend on what else is in a batch.
            runs: that go on at once, >= 1.
        """
        self._inner = encoder
        self.name, self.dim, self.min_side = encoder.name, encoder.dim, encoder.min_side
        self._free = threading.Semaphore(runs)
        self._queue: deque[_Waiting] = deque()
        self._lock = threading.Lock()

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return self._inner.prepare(pixels)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder."""
        if len(batch) != 1:
            return self._inner.encode(batch)
        mine = _Waiting(batch[0])
        with self._lock:
            self._queue.append(mine)
        with self._free:
            if not mine.ended.is_set():
                self._run()
        mine.ended.wait()  # another caller's run may have taken it and still be on its way
        if mine.error is not None:
            raise mine.error
        if mine.vector is None:
            raise RuntimeError("a photo was taken and never encoded")
        return mine.vector[None]

    def _run(self) -> None:
        with self._lock:
            taken = [self._queue.popleft() for _ in range(min(_MOST, len(self._queue)))]
        if not taken:
            return
        try:
            vectors = self._inner.encode([one.photo for one in taken])
            for one, vector in zip(taken, vectors, strict=True):
                one.vector = vector
        except BaseException as error:
            for one in taken:
                one.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for one in taken:
                one.ended.set()
