"""Photos that people upload to search with: in memory alone, for a while, so that a page's address works again."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from typing import NamedTuple

from .. import images
from ..errors import ImageTooLarge
from ..types import Photo
from .settings import MAX_PIXELS
from .thumbnails import scale_to_fit

__all__ = ["Upload", "Uploads", "check_pixel_limit", "normalise_upload"]

SIDE = 1600
"""Pixels of the longer side at most: enough to crop well, and far more than any model reads."""

_QUALITY = 90


class Upload(NamedTuple):
    """A normalised photo: a JPEG encoded here, upright, without anything else of the uploaded file."""

    data: bytes
    width: int
    height: int


def normalise_upload(photo: Photo, side: int = SIDE) -> Upload:
    """Decode an untrusted photo and encode it anew: none of its bytes, and no EXIF, is left.

    Args:
        photo: as it was uploaded.
        side: pixels of the longer side at most.

    Raises:
        ItemError: it can't be used.
    """
    # The shorter side of a camera's 4:3: the JPEG is decoded near to that size, four times as fast.
    pixels = scale_to_fit(images.decode(photo, min_side=side * 3 // 4), side)
    height, width = pixels.shape[:2]
    return Upload(images.to_jpeg(pixels, _QUALITY), width, height)


def check_pixel_limit(*photos: bytes) -> None:
    """Refuse a request's photos whose decoding would take long, before it begins.

    Raises:
        ImageError: together they have too many pixels, or one is no picture.
    """
    pixels = 0
    for photo in photos:
        width, height = images.size(photo)
        pixels += width * height
        if pixels > MAX_PIXELS:
            before = f", with those before it {pixels:,}" if pixels > width * height else ""
            raise ImageTooLarge(
                f"the picture has {width:,} x {height:,} pixels{before}, {MAX_PIXELS:,} are taken here: send it smaller"
            )


class Uploads:
    """Uploads by random tokens. The least recently used go when memory is full, or when they expire.

    Args:
        max_bytes: of all uploads.
        seconds: after its last use that an upload is kept.
    """

    def __init__(self, max_bytes: int = 128 * 2**20, seconds: float = 3600.0) -> None:
        self._max_bytes, self._seconds = max_bytes, seconds
        self._uploads: OrderedDict[str, tuple[float, Upload]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, upload: Upload) -> str:
        """Keep an upload and return its token."""
        token = secrets.token_urlsafe(12)
        with self._lock:
            self._uploads[token] = time.monotonic(), upload
            self._bytes += len(upload.data)
            self._evict()
        return token

    def get(self, token: str) -> Upload | None:
        """Return the upload of a token, or None where it is unknown or has expired."""
        with self._lock:
            self._evict()
            entry = self._uploads.get(token)
            if entry is None:
                return None
            self._uploads[token] = time.monotonic(), entry[1]
            self._uploads.move_to_end(token)
            return entry[1]

    def sweep(self) -> None:
        """Delete what has expired. Called now and then, so that nothing outlives its time where nobody searches."""
        with self._lock:
            self._evict()

    def _evict(self) -> None:
        now = time.monotonic()
        while self._uploads:
            token, (last_used, upload) = next(iter(self._uploads.items()))
            if self._bytes <= self._max_bytes and now - last_used <= self._seconds:
                return
            del self._uploads[token]
            self._bytes -= len(upload.data)
