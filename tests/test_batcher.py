"""Photos of several callers, encoded together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers.waiting import until

from lookseek.encode.batcher import Batcher, BatchingEncoder
from lookseek.encode.encoder import Prepared
from lookseek.types import Pixels, Vectors


class Slow:
    """An encoder of two numbers that takes its time and remembers its batches."""

    name, dim, min_side = "look", 2, 0

    def __init__(self, callers: int = 0) -> None:
        """Of a number of callers the first are held until all of them have called."""
        self.batches: list[int] = []
        self.at_once = self.most_at_once = 0
        self.called: list[float] = []
        self._callers, self._lock = callers, threading.Lock()

    def prepare(self, pixels: Pixels) -> Prepared:
        return pixels

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        with self._lock:
            self.batches.append(len(batch))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        until(lambda: len(self.called) >= self._callers, "the last caller")
        with self._lock:
            self.at_once -= 1
        if any(float(one.sum()) < 0 for one in batch):
            raise ValueError("a photo below zero")
        return np.array([[one.sum(), -one.sum()] for one in batch], np.float32)


def one(value: float) -> Prepared:
    return np.full(3, value, np.float32)


@pytest.mark.parametrize("runs", [1, 2])
def test_everybody_gets_the_vector_of_the_own_photo(runs: int) -> None:
    inner = Slow(24)
    encoder = BatchingEncoder(inner, runs)

    def asked(n: int) -> Vectors:
        inner.called.append(n)
        return encoder.encode([one(n)])

    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(asked, range(120)))
    assert [vector.tolist() for vector in found] == [[[3.0 * n, -3.0 * n]] for n in range(120)]
    assert sum(inner.batches) == 120
    assert len(inner.batches) < 120, "some went together"
    assert max(inner.batches) <= 8
    assert inner.most_at_once <= runs


def test_a_photo_alone_waits_for_nobody_and_many_go_as_they_are() -> None:
    inner = Slow()
    encoder = BatchingEncoder(inner, 1)
    assert encoder.encode([one(1)]).shape == (1, 2)
    assert encoder.encode([one(n) for n in range(20)]).shape == (20, 2)
    assert encoder.encode([]).shape[0] == 0
    assert inner.batches == [1, 20, 0]


def test_an_error_reaches_those_whose_batch_it_was_and_nobody_after() -> None:
    inner = Slow(6)
    encoder = BatchingEncoder(inner, 1)

    def asked(n: int) -> str:
        inner.called.append(n)
        try:
            encoder.encode([one(n)])
        except ValueError as error:
            return str(error)
        return "fine"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(asked, [-1, 1, 2, -3, 4, 5]))
    assert said[0] == said[3] == "a photo below zero"
    assert asked(7) == "fine"


def test_anything_can_be_done_together() -> None:
    asked: list[int] = []
    called: list[int] = []

    def squares(numbers: Sequence[int]) -> list[int]:
        asked.append(len(numbers))
        until(lambda: len(called) >= 20, "the last of the first callers")
        return [number * number for number in numbers]

    square = Batcher(squares, runs=1, max_batch=50)

    def call(number: int) -> int:
        called.append(number)
        return square(number)

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(call, range(40))) == [n * n for n in range(40)]
    assert sum(asked) == 40
    assert len(asked) < 40, "some went together"
