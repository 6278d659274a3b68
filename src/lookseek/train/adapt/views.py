"""A strong view of a photo, as people take them: another background, cropped, dark, warm light, small, compressed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ... import images
from ...catalogue.drawn.chance import Dice
from ...evaluate.distortions.clutter import backdrop, cluttered, composite
from ...types import Photo, Pixels

__all__ = ["strong_view"]

_CLUTTERED, _PASTED = 0.25, 0.5
"""Chances, added up: a scene drawn behind the garment; a street photo behind it; else the photo's own background."""

_BACKDROP = 0.05, 0.9
"""Shares of the photo between which a plain backdrop is found well enough to be replaced."""


def strong_view(pixels: Pixels, random: Random, backgrounds: Sequence[Photo]) -> Pixels:
    """Return a photo as another person might have taken it.

    Args:
        pixels: uint8 (height, width, 3).
        random: chooses what is done; the same state gives the same view.
        backgrounds: photos of places, which are put behind a garment on a plain backdrop; may be empty.

    Returns:
        uint8 (height, width, 3), another size.
    """
    chance = random.random()
    if chance < _CLUTTERED:
        pixels = cluttered(pixels, random.uniform(0.2, 0.9), Dice(random.randrange(2**30)))
    elif chance < _PASTED and backgrounds:
        pixels = _pasted(pixels, random, backgrounds)
    pixels = _lit(_cropped(pixels, random), random)
    if random.random() < 0.4:
        pixels = _compressed(pixels, random)
    return np.ascontiguousarray(pixels[:, ::-1] if random.random() < 0.5 else pixels)


def _pasted(pixels: Pixels, random: Random, backgrounds: Sequence[Photo]) -> Pixels:
    """The garment before a part of a street photo, where its own backdrop is plain."""
    behind = backdrop(pixels)
    if not _BACKDROP[0] <= behind.mean() <= _BACKDROP[1]:
        return pixels
    height, width = pixels.shape[:2]
    place = Image.fromarray(images.decode(random.choice(backgrounds)))
    share = random.uniform(0.4, 1)
    across, down = int(place.width * share), int(place.height * share)
    x, y = random.randrange(place.width - across + 1), random.randrange(place.height - down + 1)
    part = place.crop((x, y, x + across, y + down)).resize((width, height))
    part = part.filter(ImageFilter.GaussianBlur(random.uniform(0, 2)))
    return composite(pixels, behind, np.asarray(part))


def _cropped(pixels: Pixels, random: Random) -> Pixels:
    """A part of half of the photo or more."""
    height, width = pixels.shape[:2]
    area, aspect = random.uniform(0.5, 1), random.uniform(0.8, 1.25)
    across = min(width, max(8, int(width * (area * aspect) ** 0.5)))
    down = min(height, max(8, int(height * (area / aspect) ** 0.5)))
    x, y = random.randrange(max(1, width - across + 1)), random.randrange(max(1, height - down + 1))
    return pixels[y : y + down, x : x + across]


def _lit(pixels: Pixels, random: Random) -> Pixels:
    """Warmer or colder, darker or lighter."""
    light: NDArray[Any] = pixels.astype(np.float32) / 255
    if random.random() < 0.6:
        warm = random.uniform(-0.18, 0.22)
        light *= np.array([1 + warm, 1 + 0.1 * warm, 1 - warm], np.float32)
    if random.random() < 0.7:
        power, gain = random.uniform(0.6, 1.7), random.uniform(0.6, 1.15)
        light = (np.clip(light, 0, 1) ** power * gain).astype(np.float32)
    lit: Pixels = (np.clip(light, 0, 1) * 255).astype(np.uint8)
    return lit


def _compressed(pixels: Pixels, random: Random) -> Pixels:
    """Smaller, and saved as JPEG."""
    share = random.uniform(0.25, 0.8)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture = picture.resize(
        (max(8, int(picture.width * share)), max(8, int(picture.height * share))), Image.Resampling.BILINEAR
    )
    saved = io.BytesIO()
    picture.save(saved, "JPEG", quality=random.randrange(25, 85))
    return images.decode(saved.getvalue())
