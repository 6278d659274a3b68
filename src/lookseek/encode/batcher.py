"""Batches the single requests of several threads: under load a batch costs less than its parts one by one.

No request waits for others to arrive: while a run is free, a request is run alone and at once. Requests that arrive
while all runs are busy are run together by the next free one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from ..types import Pixels, Vector, Vectors
from .encoder import Encoder, Prepared

__all__ = ["Batcher", "BatchingEncoder"]

A = TypeVar("A")
B = TypeVar("B")

_MAX_BATCH = 8
"""Photos a run. Source: docs/decisions/encoder.md, more do not fit the cache."""


class _Request(Generic[A, B]):
    """One input of a caller, with its output or error once it was run."""

    def __init__(self, value: A) -> None:
        self.value = value
        self.output: list[B] = []
        self.error: BaseException | None = None
        self.started = self.done = False


class Batcher(Generic[A, B]):
    """Makes a function of lists callable for single inputs, by many threads."""

    def __init__(self, function: Callable[[Sequence[A]], Sequence[B]], *, runs: int, max_batch: int) -> None:
        """Wrap a function.

        Args:
            function: returns as many outputs as it gets inputs, in order; an output may not depend on other inputs.
            runs: calls of it at the same time, >= 1.
            max_batch: inputs a call, >= 1.
        """
        self._function, self._free_runs, self._max_batch = function, runs, max_batch
        self._queue: deque[_Request[A, B]] = deque()
        self._changed = threading.Condition()

    def __call__(self, value: A) -> B:
        """Return the output of one input. Raises what the function raised for its batch."""
        request: _Request[A, B] = _Request(value)
        with self._changed:
            self._queue.append(request)
        while batch := self._next_batch(request):
            self._run(batch)
        if request.error is not None:
            raise request.error
        return request.output[0]

    def _next_batch(self, request: _Request[A, B]) -> list[_Request[A, B]]:
        """Return the oldest waiting requests, which this thread runs; nothing once its own request is done."""
        with self._changed:
            while not request.done and (request.started or not self._free_runs):
                self._changed.wait()
            return [] if request.done else self._start_batch()

    def _start_batch(self) -> list[_Request[A, B]]:
        self._free_runs -= 1
        batch = [self._queue.popleft() for _ in range(min(self._max_batch, len(self._queue)))]
        for request in batch:
            request.started = True
        return batch

    def _run(self, batch: Sequence[_Request[A, B]]) -> None:
        try:
            outputs = self._function([request.value for request in batch])
            for request, output in zip(batch, outputs, strict=True):
                request.output.append(output)
        except BaseException as error:
            for request in batch:
                request.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            with self._changed:
                self._free_runs += 1
                for request in batch:
                    request.done = True
                self._changed.notify_all()


class BatchingEncoder:
    """An encoder that many threads call at once, each for one photo."""

    def __init__(self, encoder: Encoder, runs: int) -> None:
        """Wrap an encoder.

        Args:
            encoder: its vectors may not depend on the other photos of a batch.
            runs: batches that it encodes at the same time, >= 1.
        """
        self._encoder = encoder
        self.name, self.dim, self.min_side = encoder.name, encoder.dim, encoder.min_side
        self._encode_one: Batcher[Prepared, Vector] = Batcher(
            lambda photos: list(encoder.encode(photos)), runs=runs, max_batch=_MAX_BATCH
        )

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return self._encoder.prepare(pixels)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder."""
        if len(batch) != 1:
            return self._encoder.encode(batch)
        return np.ascontiguousarray(self._encode_one(batch[0])[None])
