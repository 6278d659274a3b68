"""Photos that people asked with: in memory alone, for a while, so that a page's address works again."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from typing import NamedTuple

from .. import images
from ..errors import ImageTooLarge
from ..types import Photo
from .thumbnails import fitted

__all__ = ["Upload", "Uploads", "check_size", "taken_in"]

SIDE = 1600
"""Pixels of the longer side at the most: what a person can crop well, and far more than any model sees."""

_QUALITY = 90

_PIXELS = 50_000_000
"""Pixels of a photo that is sent: those of any phone's usual photo."""


class Upload(NamedTuple):
    """A photo as it is kept: a JPEG made anew, upright, with nothing else of the file that came."""

    data: bytes
    width: int
    height: int


def taken_in(photo: Photo, side: int = SIDE) -> Upload:
    """Decode a photo that came from outside and make it anew: nothing of its bytes, and no EXIF, is left.

    Raises:
        ItemError: it can't be used.
    """
    # the shorter side of a camera's 4:3, which a JPEG is then decoded near to, four times as fast
    pixels = fitted(images.decode(photo, min_side=side * 3 // 4), side)
    height, width = pixels.shape[:2]
    return Upload(images.to_jpeg(pixels, _QUALITY), width, height)


def check_size(photo: bytes) -> None:
    """Refuse a photo whose decoding would take long, before it begins.

    Raises:
        ImageError: it has too many pixels, or is none.
    """
    width, height = images.size(photo)
    if width * height > _PIXELS:
        raise ImageTooLarge(
            f"the picture has {width:,} x {height:,} pixels, {_PIXELS:,} are taken here: send it smaller"
        )


class Uploads:
    """Photos by random names that nobody can guess. The oldest go when there is no more room, or after a while."""

    def __init__(self, room: int = 128 * 2**20, seconds: float = 3600.0) -> None:
        """Begin empty.

        Args:
            room: bytes.
            seconds: that a photo is kept after it was last asked for.
        """
        self._room, self._seconds = room, seconds
        self._kept: OrderedDict[str, tuple[float, Upload]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, upload: Upload) -> str:
        """Keep a photo; returns its name."""
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[name] = time.monotonic(), upload
            self._bytes += len(upload.data)
            self._tidy()
        return name

    def get(self, name: str) -> Upload | None:
        """The photo of a name, or None where it is gone."""
        with self._lock:
            self._tidy()
            found = self._kept.get(name)
            if found is None:
                return None
            self._kept[name] = time.monotonic(), found[1]
            self._kept.move_to_end(name)
            return found[1]

    def _tidy(self) -> None:
        now = time.monotonic()
        while self._kept:
            name, (used, upload) = next(iter(self._kept.items()))
            if self._bytes <= self._room and now - used <= self._seconds:
                return
            del self._kept[name]
            self._bytes -= len(upload.data)
