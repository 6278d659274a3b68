"""Thumbnails of items: made from their photos, in a few sizes, and cached in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from .. import images
from ..encode.batcher import Batcher
from ..errors import ItemError
from ..types import Photo, Pixels, Point

__all__ = ["SIZES", "Thumbnails", "nearest_size", "scale_to_fit"]

SIZES = (160, 320, 640, 1280)
"""Pixels of the longer side: few, so that one thumbnail serves many pages."""

_MAX_ENLARGEMENT = 2
"""A small photo is shown at up to twice its size: beyond that it is a blur."""

_QUALITY = 85

_MAX_LOOKUPS = 200
"""Photos that are looked up together; those of a table are all in memory for a moment."""


class Thumbnails:
    """A cache of thumbnails by photo and size.

    Args:
        photos: returns the photos of sources, as ``Place.photos`` does.
        max_bytes: of all thumbnails in memory.
    """

    def __init__(self, photos: Callable[[Sequence[str]], list[Photo | None]], max_bytes: int = 64 * 2**20) -> None:
        self._max_bytes = max_bytes
        self._thumbnails: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        # A photo inside a table costs a pass over the table: photos that a page requests together are read together.
        self._photo: Batcher[str, Photo | None] = Batcher(photos, runs=1, max_batch=_MAX_LOOKUPS)

    def get(self, point: Point, side: int) -> bytes:
        """Return a JPEG of an item's photo, its longer side at most ``side`` and at most twice the photo's.

        Raises:
            ItemError: the photo can't be found any more, or not decoded.
        """
        key = point.hash, side
        with self._lock:
            if (cached := self._thumbnails.get(key)) is not None:
                self._thumbnails.move_to_end(key)
                return cached
        photo = self._photo(point.source)
        if photo is None:
            raise ItemError(f"the photo of item {point.id!r} can't be had any more: index its catalogue again")
        thumbnail = images.to_jpeg(scale_to_fit(images.decode(photo, min_side=side), side, _MAX_ENLARGEMENT), _QUALITY)
        with self._lock:
            if key not in self._thumbnails:
                self._thumbnails[key] = thumbnail
                self._bytes += len(thumbnail)
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._thumbnails.popitem(last=False)[1])
        return thumbnail


def nearest_size(side: int) -> int:
    """Return the smallest size of ``SIZES`` that is at least ``side``, or the largest of all."""
    return next((size for size in SIZES if size >= side), SIZES[-1])


def scale_to_fit(pixels: Pixels, side: int, max_enlargement: int = 1) -> Pixels:
    """Return a picture whose longer side is ``side`` pixels, enlarged at most so many times."""
    height, width = pixels.shape[:2]
    scale = min(side / max(height, width), max_enlargement)
    new_width, new_height = max(1, round(width * scale)), max(1, round(height * scale))
    unchanged = (new_width, new_height) == (width, height)
    return pixels if unchanged else images.resize(pixels, new_width, new_height)
