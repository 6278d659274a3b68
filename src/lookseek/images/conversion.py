"""Converts what Pillow decodes into what lookseek works on: RGB, upright, on white."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..types import Pixels
from .orientation import apply_orientation

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["to_rgb"]

STRIP_PIXELS = 1 << 19
"""Pixels that are converted at once: intermediate copies stay below 15 MB."""


def to_rgb(picture: ImageFile, orientation: int) -> Pixels:
    """Decode a picture, convert it strip by strip and turn it while writing, so that there is no second whole copy."""
    rawmode = picture.tile[0][3] if picture.tile else ""
    _scale_transparency(picture.info, rawmode)
    picture.load()
    width, height = picture.size
    pixels = np.empty((width, height, 3) if orientation >= 5 else (height, width, 3), np.uint8)
    stored = apply_orientation(pixels, {6: 8, 8: 6}.get(orientation, orientation))
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        box = (0, top, width, bottom)
        whole = bottom - top == height
        strip = picture if whole else picture.resize((width, bottom - top), Image.Resampling.NEAREST, box)
        stored[top:bottom] = _on_white(strip)
    return pixels


def _scale_transparency(info: dict[Any, Any], rawmode: object) -> None:
    """Scale a PNG's transparent colour to 8 bits, which Pillow does with pixels but not with this colour."""
    clear = info.get("transparency")
    if rawmode in ("L;2", "L;4") and isinstance(clear, int):
        info["transparency"] = clear * (85 if rawmode == "L;2" else 17)
    elif rawmode == "RGB;16B" and isinstance(clear, tuple):
        info["transparency"] = tuple(value >> 8 for value in clear)


def _on_white(picture: Image.Image) -> Pixels:
    if picture.mode.startswith("I;16"):
        values = np.asarray(picture)
        grey = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 = 257 x 255
        clear = picture.info.get("transparency")
        if clear is not None:
            grey[values == clear] = 255
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture.convert("RGBA"))
        return np.asarray(white)[:, :, :3]
    return np.asarray(picture.convert("RGB") if picture.mode != "RGB" else picture)
