"""Chance that falls the same way on every machine.

``numpy.random.Generator`` may change its distributions between versions of numpy and ``random`` its
``shuffle`` between versions of Python. The bits of PCG64 may not, so everything here is made of them.
Source: NEP 19, "Random number generator policy": bit generators keep their streams.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dice", "deck"]

T = TypeVar("T")


class Dice:
    """A stream of chance named by a key; the same key gives the same stream.

    Args:
        key: numbers and words; a part of the picture takes its own key, so that drawing one part
            differently leaves every other part as it was.
    """

    def __init__(self, *key: int | str) -> None:
        words = [zlib.crc32(str(part).encode()) for part in key]
        self._bits = np.random.PCG64(np.random.SeedSequence(words))

    def unit(self) -> float:
        """Return the next number, evenly from [0, 1)."""
        return float(int(self._bits.random_raw()) >> 11) * 2.0**-53

    def between(self, low: float, high: float) -> float:
        """Return the next number, evenly from [low, high)."""
        return low + (high - low) * self.unit()

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, each equally likely."""
        return options[int(self.unit() * len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """Return the options in a random order (Fisher and Yates)."""
        cards = list(options)
        for last in range(len(cards) - 1, 0, -1):
            other = int(self.unit() * (last + 1))
            cards[last], cards[other] = cards[other], cards[last]
        return cards

    def noise(self, height: int, width: int) -> NDArray[np.uint8]:
        """Return white noise, uint8 (height, width), 0 to 255."""
        words = self._bits.random_raw((height * width + 7) // 8)
        return np.asarray(words, "<u8").view(np.uint8)[: height * width].reshape(height, width)


def deck(dice: Dice, options: Sequence[T]) -> Iterator[T]:
    """Deal the options for ever: each comes once before any comes again.

    >>> cards = deck(Dice("doc"), "abc")
    >>> sorted(next(cards) for _ in range(3))
    ['a', 'b', 'c']
    """
    while True:
        yield from dice.shuffled(options)
