"""What goes wrong with photos, in strengths from 0 (nothing) to 1: to measure how much a model minds, or to train it.

Each is a function of pixels, a strength and chance; the same chance at more strength does more of the same: a turn in
the same direction, a window inside of the last one, more things around.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageFilter

from ... import images
from ...catalogue.drawn.chance import Dice
from ...types import Pixels
from .clutter import cluttered, edge_colour

__all__ = ["DISTORTIONS", "distort"]

Distortion: TypeAlias = Callable[[Pixels, float, Dice], Pixels]

LOST_AREA = 0.6
"""Share of the area that ``crop`` cuts off at strength 1."""

DARKEST = 0.02
"""Share of the light that ``dark`` leaves at strength 1: white then shows as 38 of 255, as in a room at night."""

CAST = 0.9
"""How far ``colour`` drives the channels apart at strength 1: 3.9 to 4.8 times, e to 1.5 to 1.73 times this."""

LUMA = np.array((0.2126, 0.7152, 0.0722))
"""What red, green and blue give to the brightness of linear light. Source: ITU-R BT.709-6, item 3.2."""

WIDEST_BLUR = 0.03
"""Standard deviation of ``blur`` at strength 1, as a share of the shorter side."""

STEEPEST = 45.0
"""Degrees that ``rotate`` turns at strength 1."""

BEST, WORST = 95, 5
"""JPEG quality at strengths 0 and 1; between, equal steps are equal factors, since quality 72 can't be told from 95."""


def distort(pixels: Pixels, name: str, strength: float, *, seed: int, photo: str) -> Pixels:
    """Distort a photo, the same way each time.

    Args:
        pixels: uint8 (height, width, 3), any size from 1 x 1; is not changed.
        name: one of ``DISTORTIONS``.
        strength: 0 (the very pixels) to 1.
        seed: any integer.
        photo: its id: each photo has chance of its own.

    Returns:
        uint8 (height, width, 3), of another size after crop and rotate.

    Raises:
        ValueError: no such distortion, or a strength outside of its range.
    """
    if name not in DISTORTIONS:
        raise ValueError(f"there is no distortion {name!r}: choose {', '.join(DISTORTIONS)}")
    if not 0 <= strength <= 1:
        raise ValueError(f"strength {strength} is out of range: give 0 to 1")
    if strength == 0:
        return pixels
    return np.ascontiguousarray(DISTORTIONS[name](pixels, strength, Dice("distort", name, seed, photo)))


def _crop(pixels: Pixels, strength: float, dice: Dice) -> Pixels:
    """Keep a window somewhere, of the picture's proportions."""
    times = math.sqrt(1.0 - LOST_AREA * strength)
    height, width = (max(1, round(side * times)) for side in pixels.shape[:2])
    top, left = (round(dice.unit() * lost) for lost in (pixels.shape[0] - height, pixels.shape[1] - width))
    return pixels[top : top + height, left : left + width]


def _dark(pixels: Pixels, strength: float, dice: Dice) -> Pixels:
    """Take light away, as a shorter exposure does."""
    return _relit(pixels, [DARKEST**strength] * 3)


def _colour(pixels: Pixels, strength: float, dice: Dice) -> Pixels:
    """Light the scene with coloured light of the same brightness, of any hue."""
    hue = dice.between(0.0, 2 * math.pi)
    gains = np.exp([CAST * strength * math.cos(hue - third * 2 * math.pi / 3) for third in range(3)])
    return _relit(pixels, (gains / (gains @ LUMA)).tolist())


def _blur(pixels: Pixels, strength: float, dice: Dice) -> Pixels:
    """Blur as a lens out of focus."""
    radius = WIDEST_BLUR * strength * min(pixels.shape[:2])
    return np.asarray(_picture(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _rotate(pixels: Pixels, strength: float, dice: Dice) -> Pixels:
    """Turn to either side; nothing is cut off, and the border's colour fills the corners."""
    angle = math.copysign(STEEPEST * strength, dice.between(-1, 1))
    fill = tuple(round(part) for part in edge_colour(pixels).tolist())
    return np.asarray(_picture(pixels).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=fill))


def _jpeg(pixels: Pixels, strength: float, dice: Dice) -> Pixels:
    """Save as JPEG of low quality."""
    return images.decode(images.to_jpeg(pixels, round(BEST * (WORST / BEST) ** strength)))


DISTORTIONS: Mapping[str, Distortion] = {
    "crop": _crop,
    "dark": _dark,
    "colour": _colour,
    "blur": _blur,
    "rotate": _rotate,
    "jpeg": _jpeg,
    "clutter": cluttered,
}
"""Name to function."""


def _picture(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels))


def _relit(pixels: Pixels, gains: Sequence[float]) -> Pixels:
    """Return the picture with its linear light multiplied, channel by channel.

    Source: IEC 61966-2-1, 5.2 and 5.3, for the way from sRGB to linear light and back.
    """
    encoded = np.arange(256) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    light = np.clip(linear[:, None] * np.asarray(gains), 0.0, 1.0)
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    table = np.rint(shown * 255).astype(np.uint8)
    return np.asarray(table[pixels, np.arange(3)])
