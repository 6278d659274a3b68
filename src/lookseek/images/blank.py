"""Whether a picture shows anything: a wall, a covered lens and an even ramp of light show nothing."""

from __future__ import annotations

import numpy as np

from ..types import Pixels

__all__ = ["is_blank"]

_CELLS = 8
"""Cells a side whose mean colours are compared: noise of the sensor goes away within one."""

_SIDE = 64
"""Rows and columns that are looked at, at the least, of a larger picture; fewer than twice as many."""

_SPREAD = 1.5
"""Levels of 255: standard deviation of the cells' means about the plane that fits them best, where it is largest.
Of 3,508 photos of val (every fourth of myntra, every second of clothing) the two evenest have 1.7 and 3.0, one in a
hundred has less than 11; one colour, grain and ramps have 0 to .2."""


def is_blank(pixels: Pixels) -> bool:
    """Return whether a picture is of one colour, or of a smooth ramp, up to noise.

    Args:
        pixels: uint8 (height, width, 3).

    >>> is_blank(np.full((60, 40, 3), 250, np.uint8))
    True
    """
    down, right = (max(1, side // _SIDE) for side in pixels.shape[:2])
    pixels = pixels[::down, ::right]  # a large photo costs no more than a small one
    height, width = pixels.shape[:2]
    rows, columns = (np.unique(np.arange(_CELLS) * side // _CELLS) for side in (height, width))
    sums = np.add.reduceat(np.add.reduceat(pixels, rows, 0, dtype=np.int64), columns, 1)
    tall, wide = np.diff(rows, append=height), np.diff(columns, append=width)
    means = (sums / np.outer(tall, wide)[..., None]).reshape(-1, 3)
    plane = np.array([(1.0, y, x) for y in rows + (tall - 1) / 2 for x in columns + (wide - 1) / 2])
    fitted = plane @ np.linalg.lstsq(plane, means, rcond=None)[0]
    return bool((means - fitted).std(axis=0).max() < _SPREAD)
