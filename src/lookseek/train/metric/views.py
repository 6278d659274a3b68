"""What chance does to a training photo, in numbers alone: cropped, mirrored, in other light, before a street.

It is done to decoded pixels without torch, in any thread, so that the views of a photo can be encoded like photos.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ... import images
from ...catalogue.drawn.chance import Dice
from ...errors import ItemError, TrainError
from ...evaluate.distortions.clutter import LEAST, MOST, backdrop, composite, scene
from ...types import Photo, Pixels
from ..trainer.seeds import derive_seed
from .settings import View

__all__ = ["ViewedPhotos", "look_at", "street_photos"]

SMALLEST = {"crops": 0.08, "strong": 0.4, "street": 0.4}
"""Least share of a photo that a crop keeps. Source of the first: torchvision's RandomResizedCrop, which the preset
deep-fashion is about."""

ASPECT = (3 / 4, 4 / 3)
"""Width to height of a crop. Source: as above."""

LIGHT = 0.3
"""Share by which brightness, contrast and saturation change at the most; hues stay, since they are part of an item."""

STREET_SHARE = 0.5
"""Share of the views ``street`` that are cut out and put before another background."""


def street_photos(folder: str) -> tuple[Path, ...]:
    """Return the photos of a folder, sorted.

    Raises:
        TrainError: it holds none.
    """
    found = tuple(sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")))
    if not found:
        raise TrainError(f"{folder} holds no photo (.jpg, .png, .webp) to put behind garments: give another --street")
    return found


def look_at(pixels: Pixels, view: View, size: int, seed: int, street: Sequence[Photo] = ()) -> Pixels:
    """Return a view of a photo.

    Args:
        pixels: uint8 (height, width, 3).
        view: what chance does; ``none`` returns the photo as it is.
        size: pixels a side of what comes out, but of ``none``.
        seed: of that chance.
        street: photos to put behind garments; () draws rooms.

    Returns:
        uint8 (size, size, 3).
    """
    if view == "none":
        return pixels
    dice = Dice("view", seed)
    if view == "street" and dice.unit() < STREET_SHARE:
        pixels = _moved(pixels, dice, street)
    pixels = images.resize(_cropped(pixels, SMALLEST[view], dice), size, size)
    if dice.unit() < 0.5:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels if view == "crops" else _lit(pixels, dice))


def _cropped(pixels: Pixels, smallest: float, dice: Dice) -> Pixels:
    height, width = pixels.shape[:2]
    for _ in range(10):
        area = dice.between(smallest, 1.0) * height * width
        aspect = math.exp(dice.between(math.log(ASPECT[0]), math.log(ASPECT[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(dice.unit() * (width - w + 1)), int(dice.unit() * (height - h + 1))
            return pixels[top : top + h, left : left + w]
    return pixels


def _lit(pixels: Pixels, dice: Dice) -> Pixels:
    brightness, contrast, saturation = (dice.between(1 - LIGHT, 1 + LIGHT) for _ in range(3))
    light = pixels.astype(np.float32) * brightness
    grey = light.mean(axis=2, keepdims=True)
    light = grey + (light - grey) * saturation
    light = light.mean() + (light - light.mean()) * contrast
    return np.asarray(np.clip(light + 0.5, 0, 255), np.uint8)


def _moved(pixels: Pixels, dice: Dice, street: Sequence[Photo]) -> Pixels:
    """Return a garment before another background; the photo as it is where it can't be told from its own."""
    behind = backdrop(pixels)
    if not LEAST <= behind.mean() <= MOST:
        return pixels
    height, width = pixels.shape[:2]
    place = scene(height, width, dice.unit() or 0.5, dice)
    if street:
        try:
            photo = images.decode(dice.pick(street), max(height, width))
            place = images.resize(_cropped(photo, 0.1, dice), width, height)
        except ItemError:
            pass  # a broken background leaves the drawn one
    return composite(pixels, behind, place)


class ViewedPhotos(Mapping[str, bytes]):
    """Views of photos as PNG, by the id ``PHOTO#VIEW``: each is made when it is read, the same every time.

    Args:
        photos: id to photo.
        count: views of each, numbered from 1.
        view: what chance does.
        size: pixels a side.
        seed: of the training.
        street: photos to put behind garments.
    """

    def __init__(
        self, photos: Mapping[str, Photo], count: int, view: View, size: int, seed: int, street: Sequence[Photo] = ()
    ) -> None:
        self._photos, self._count, self._street = photos, count, street
        self._view, self._size, self._seed = view, size, seed

    @staticmethod
    def key(id: str, number: int) -> str:
        """Return the id of a view."""
        return f"{id}#{number}"

    def __getitem__(self, key: str) -> bytes:
        id, _, number = key.rpartition("#")
        pixels = images.decode(self._photos[id], self._size)
        seed = derive_seed(self._seed, int(number), *id.encode())
        return images.to_png(look_at(pixels, self._view, self._size, seed, self._street))

    def __iter__(self) -> Iterator[str]:
        return (self.key(id, number) for id in self._photos for number in range(1, self._count + 1))

    def __len__(self) -> int:
        return self._count * len(self._photos)
