"""The photos that an exported graph is compared on."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import images
from ...catalogue.drawn import DrawnCatalogue
from ...encode.prepare import Preprocessing, min_side, resize_to_input
from ...errors import ItemError
from ...progress import Progress
from ...types import Photo, Skipped

__all__ = ["drawn_photos", "prepare_photos"]

DESIGNS = 8
"""Drawn garments, in eight views each: 64 photos."""


def prepare_photos(photos: Iterable[Photo], how: Preprocessing, most: int, progress: Progress) -> NDArray[np.uint8]:
    """Return the first photos that can be used, as the tower takes them.

    Args:
        photos: any number; those that are missing or broken are reported and left out.
        how: the tower's settings.
        most: how many are wanted.
        progress: notified of what is left out.

    Returns:
        uint8 (n, height, width, 3), n <= most.
    """

    def usable() -> Iterable[NDArray[np.uint8]]:
        for photo in photos:
            try:
                yield resize_to_input(images.decode(photo, min_side(how)), how)
            except ItemError as error:
                name = photo.name if isinstance(photo, Path) else "a photo"
                progress.skipped(Skipped(name, "unusable photo", str(error)))

    rows = list(islice(usable(), most))
    return np.stack(rows) if rows else np.empty((0, how.height, how.width, 3), np.uint8)


def drawn_photos(count: int) -> list[Photo]:
    """Return photos of drawn garments, the same every time, up to 64."""
    return [item.image for item in islice(DrawnCatalogue(DESIGNS, 8), count) if item.image is not None]
