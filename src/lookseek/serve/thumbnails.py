"""Small pictures of items: made anew from their photos, sized, and kept in memory."""

from __future__ import annotations

import contextlib
import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from .. import images
from ..catalogue.photos import photos_at
from ..encode.coalesce import Together
from ..errors import ItemError
from ..types import Photo, Pixels, Point

__all__ = ["SIZES", "Shape", "Thumbnails", "fitted", "nearest", "usual_shape"]

SIZES = (160, 320, 640, 1280)
"""Longer sides, pixels: few, so that one picture serves many pages."""

Shape: TypeAlias = Literal["tall", "square", "wide"]
"""Of the boxes that a page shows pictures in."""

_SHAPES: Mapping[Shape, float] = {"tall": 3 / 4, "square": 1.0, "wide": 4 / 3}
"""Width by height."""

_ENLARGED = 2
"""A small photo is shown at up to twice its size: beyond that it is a blur."""

_QUALITY = 85

_AT_ONCE = 200
"""Photos that are looked up at once; of a table they are all held in memory for a moment."""


class Thumbnails:
    """Pictures by what they show and their size."""

    def __init__(self, room: int = 64 * 2**20) -> None:
        """Begin empty; ``room`` is in bytes."""
        self._room = room
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        # a photo inside a table costs reading the table: those that a page asks for at once are read at once
        self._photo: Together[str, Photo | None] = Together(photos_at, runs=1, most=_AT_ONCE)

    def get(self, point: Point, side: int) -> bytes:
        """A JPEG of an item's photo, its longer side at most ``side`` and at most twice the photo's.

        Raises:
            ItemError: the photo can't be had any more, or not decoded.
        """
        key = point.hash, side
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept
        photo = self._photo(point.source)
        if photo is None:
            raise ItemError(f"the photo of item {point.id!r} can't be had any more: index its catalogue again")
        made = images.to_jpeg(fitted(images.decode(photo, min_side=side), side, _ENLARGED), _QUALITY)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._bytes += len(made)
            while self._bytes > self._room:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return made


def usual_shape(points: Sequence[Point]) -> Shape:
    """The shape that most of some items' photos come nearest to; tall where none can be had."""
    counts: Counter[Shape] = Counter()
    for photo in photos_at([point.source for point in points]):
        with contextlib.suppress(ItemError):
            if photo is not None:
                width, height = images.size(photo)
                counts[min(_SHAPES, key=lambda shape: abs(math.log(_SHAPES[shape] * height / width)))] += 1
    return counts.most_common(1)[0][0] if counts else "tall"


def nearest(side: int) -> int:
    """The size that is made for one that is asked for."""
    return next((size for size in SIZES if size >= side), SIZES[-1])


def fitted(pixels: Pixels, side: int, enlarged: int = 1) -> Pixels:
    """A picture whose longer side is ``side`` pixels; one that is smaller at most ``enlarged`` times its size."""
    height, width = pixels.shape[:2]
    scale = min(side / max(height, width), enlarged)
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    return pixels if (wide, high) == (width, height) else images.resize(pixels, wide, high)
