"""Light and shadow of a drawn photo: folds, the weave, the shadow on the ground, the light of the room."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .background import Light, clouds
from .chance import Dice
from .tailor import Fold
from .view import View

__all__ = ["apply_light", "cast_shadow", "falloff", "shading"]

WARM = (0.80, 0.74, 0.63)
"""What the light of the view "dim" leaves of red, green and blue."""


def cast_shadow(scene: Light, cover: Image.Image) -> Light:
    """Return the background with the garment's shadow: narrow close by, wide and soft further off.

    Args:
        scene: float32 (size, size, 3).
        cover: where the garment is, mode L, of the same size.
    """
    size = cover.width
    near = cover.reduce(2).filter(ImageFilter.BoxBlur(size / 200))
    far = cover.reduce(4).filter(ImageFilter.GaussianBlur(size / 90))
    fallen = Image.new("L", far.size)
    fallen.paste(far, (size // 240, size // 180))
    dark = np.zeros((size, size), np.float32)
    for layer in (near, fallen):
        dark += np.asarray(layer.resize((size, size), Image.Resampling.BILINEAR), np.float32)
    return np.asarray(scene * (1.0 - np.float32(0.30 / 255.0) * dark)[..., None], np.float32)


def shading(folds: tuple[Fold, ...], view: View, cover: Image.Image, dice: Dice) -> Light:
    """Return the light on the cloth, float32 (size, size): 0 even light, -0.4 deep shadow, 0.3 bright.

    Args:
        folds: shadows and lights, garment units.
        view: how the garment lies.
        cover: where the garment is, mode L, ``size`` pixels a side.
        dice: chance: the unevenness of the cloth.
    """
    size = cover.width
    half = max(16, size // 2)
    total = np.full((size, size), 0.02, np.float32)
    for sign, strength in ((-1, -0.40), (1, 0.27)):
        layer = Image.new("L", (half, half))
        pen = ImageDraw.Draw(layer)
        for fold in folds:
            if fold.strength * sign > 0:
                corners = np.rint(view.project(fold.outline) * half).ravel().tolist()
                pen.polygon(corners, fill=round(abs(fold.strength) * 255))
        soft = layer.filter(ImageFilter.GaussianBlur(half / 75))
        total += np.asarray(soft.resize((size, size), Image.Resampling.BILINEAR), np.float32) * np.float32(
            strength / 255
        )
    rim = cover.reduce(2).filter(ImageFilter.GaussianBlur(size / 70))
    rounded = np.asarray(rim.resize((size, size), Image.Resampling.BILINEAR), np.float32) / 255
    total += np.float32(0.30) * (np.clip(rounded, 0.5, 1.0) - 1.0)  # cloth turns away from us at its edge
    total += np.float32(0.040) * clouds(dice, size, 7, 9) + np.float32(0.020) * clouds(dice, size, 15, 15)
    total += np.float32(0.022) * clouds(dice, size, size, size)
    return total


def apply_light(tone: Light, light: Light) -> Light:
    """Return cloth under its light: mostly a factor, a little added so that black cloth shows folds."""
    wide = light[..., None]
    return np.asarray(tone * (1.0 + wide) + np.float32(26.0) * wide, np.float32)


def falloff(size: int, view: View, dice: Dice) -> Light:
    """Return the light of the room as factors, float32 (size, size, 3), 1 for even white light."""
    across, down = dice.between(-0.06, 0.06), dice.between(-0.05, 0.0)
    line = np.linspace(-1, 1, size, dtype=np.float32)
    even = 1.0 + line[None, :] * np.float32(across) + line[:, None] * np.float32(down)
    tint = np.array(WARM if view.name == "dim" else (1.0, 1.0, 1.0), np.float32)
    return np.asarray(even[..., None] * tint, np.float32)
