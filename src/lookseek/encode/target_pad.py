"""CLIP4Cir's padding of a photo to a square: a tall or wide one is padded until its sides are 1.25 to 1.

A centre crop of a 1:2 photo keeps half of it, and padding to a square leaves half empty; this keeps four fifths of the
padded photo's longer side and pads little.

Source: github.com/ABaldrati/CLIP4Cir, ``TargetPad`` with the ratio 1.25, then torchvision's ``Resize`` of the shorter
side and ``CenterCrop``.
"""

from __future__ import annotations

import numpy as np

from .. import images
from ..types import Pixels

__all__ = ["RATIO", "padding", "target_pad"]

RATIO = 1.25
"""Longer to shorter side, which no padded photo exceeds."""


def padding(width: int, height: int) -> tuple[int, int]:
    """Return the pixels to add at the left and at the right each, and at the top and at the bottom each.

    >>> padding(100, 200), padding(200, 100), padding(100, 120), padding(3, 301)
    ((30, 0), (0, 30), (0, 0), (118, 0))
    """
    longer, shorter = max(width, height), min(width, height)
    if longer / shorter < RATIO:
        return 0, 0
    scaled = longer / RATIO
    return max(int((scaled - width) / 2), 0), max(int((scaled - height) / 2), 0)


def target_pad(pixels: Pixels, side: int) -> Pixels:
    """Pad with black to the ratio, resize the shorter side to ``side``, and crop the centre.

    Args:
        pixels: uint8 (height, width, 3).
        side: of the result, pixels.

    Returns:
        uint8 (side, side, 3).
    """
    across, down = padding(pixels.shape[1], pixels.shape[0])
    padded = np.pad(pixels, ((down, down), (across, across), (0, 0)))
    height, width = padded.shape[:2]
    shorter = min(width, height)
    width, height = int(side * width / shorter), int(side * height / shorter)
    whole = images.resize(padded, width, height)
    left, top = round((width - side) / 2), round((height - side) / 2)
    return np.ascontiguousarray(whole[top : top + side, left : left + side])
