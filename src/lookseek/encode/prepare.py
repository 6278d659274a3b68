"""Prepares a photo as a tower's input: resizes it, and normalises it where the graph does not.

The settings travel with the weights, in the model folder's ``config.json``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from .. import images
from ..errors import ModelError
from ..types import Pixels
from .encoder import Prepared
from .target_pad import target_pad

__all__ = ["Preprocessing", "Resize", "min_side", "normalise", "prepare", "resize_to_input"]

Resize: TypeAlias = Literal["squash", "crop", "pad", "target-pad"]

_MAX_SIDE = 4096
"""Pixels. A damaged config must not allocate gigabytes."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The settings of a tower's input.

    Args:
        width: of its input, pixels, 1 to 4096.
        height: of its input, pixels, 1 to 4096.
        resize: ``squash`` ignores the aspect; ``crop`` takes the centre; ``pad`` keeps all of it on white;
            ``target-pad`` is CLIP4Cir's, of a square input (target_pad.py).
        crop: for ``crop``, the share of the largest centred window that is kept, above 0 to 1.
        mean: subtracted, per channel, on the scale 0 to 255.
        std: divided by, per channel, on the scale 0 to 255, above 0.
        dtype: of the graph's input; ``uint8`` when the graph normalises (mean 0, std 1 here).
        layout: of the graph's input.

    Raises:
        ModelError: a value outside its range.
    """

    width: int
    height: int
    resize: Resize
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    dtype: Literal["uint8", "float32"]
    layout: Literal["nhwc", "nchw"]
    crop: float = 1.0

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if type(side) is not int or not 1 <= side <= _MAX_SIDE:
                raise ModelError(f"input side {side!r} is not a whole number from 1 to {_MAX_SIDE} pixels")
        for field, value, allowed in (
            ("resize", self.resize, get_args(Resize)),
            ("dtype", self.dtype, ("uint8", "float32")),
            ("layout", self.layout, ("nhwc", "nchw")),
        ):
            if value not in allowed:
                raise ModelError(f"{field} {value!r} is unknown: use one of {', '.join(allowed)}")
        if self.resize == "target-pad" and self.width != self.height:
            raise ModelError(f"target-pad gives squares, not {self.width} x {self.height}: give one side, or pad")
        if not _is_number(self.crop) or not 0 < self.crop <= 1:
            raise ModelError(f"crop is {self.crop!r}: give a share above 0, at most 1")
        if len(self.mean) != 3 or not all(map(_is_number, self.mean)):
            raise ModelError(f"mean is {self.mean!r}: give three numbers on the scale 0 to 255")
        if len(self.std) != 3 or not all(map(_is_number, self.std)) or min(self.std) <= 0:
            raise ModelError(f"std is {self.std!r}: give three numbers above 0 on the scale 0 to 255")
        if self.dtype == "uint8" and (any(self.mean) or any(s != 1 for s in self.std)):
            raise ModelError(
                f"mean {self.mean} and std {self.std} with a uint8 input: a graph that takes uint8 normalises "
                "by itself, so give mean 0 and std 1, or dtype float32"
            )


def prepare(pixels: Pixels, settings: Preprocessing) -> Prepared:
    """Return one photo as the tower's input.

    Args:
        pixels: uint8 (h, w, 3).
        settings: of the tower.

    Returns:
        uint8 or float32, (height, width, 3) or (3, height, width), C order.
    """
    return normalise(resize_to_input(pixels, settings), settings)


def normalise(fitted: Pixels, settings: Preprocessing) -> Prepared:
    """Return a picture of the tower's size as its input.

    Args:
        fitted: uint8 (height, width, 3), as ``resize_to_input`` returns it.
        settings: of the tower.

    Returns:
        uint8 or float32, (height, width, 3) or (3, height, width), C order.
    """
    made: Prepared = fitted
    if settings.dtype == "float32":
        made = (fitted - np.array(settings.mean, np.float32)) / np.array(settings.std, np.float32)
    if settings.layout == "nchw":
        made = made.transpose(2, 0, 1)
    return np.ascontiguousarray(made)


def resize_to_input(pixels: Pixels, settings: Preprocessing) -> Pixels:
    """Resize a picture to the tower's input size.

    Args:
        pixels: uint8 (h, w, 3).
        settings: of the tower.

    Returns:
        uint8 (height, width, 3).
    """
    height, width = pixels.shape[:2]
    if settings.resize == "crop":
        scale = settings.crop * min(width / settings.width, height / settings.height)
        w, h = max(1, round(settings.width * scale)), max(1, round(settings.height * scale))
        left, top = (width - w) // 2, (height - h) // 2
        return images.resize(pixels[top : top + h, left : left + w], settings.width, settings.height)
    if settings.resize == "pad":
        scale = min(settings.width / width, settings.height / height)
        w = min(settings.width, max(1, round(width * scale)))
        h = min(settings.height, max(1, round(height * scale)))
        canvas = np.full((settings.height, settings.width, 3), 255, np.uint8)
        left, top = (settings.width - w) // 2, (settings.height - h) // 2
        canvas[top : top + h, left : left + w] = images.resize(pixels, w, h)
        return canvas
    if settings.resize == "target-pad":
        return target_pad(pixels, settings.width)
    return images.resize(pixels, settings.width, settings.height)


def min_side(settings: Preprocessing) -> int:
    """Return the shorter side, in pixels, that suffices for a photo: a larger one is only ever scaled down."""
    share = settings.crop if settings.resize == "crop" else 1.0
    return math.ceil(max(settings.width, settings.height) / share)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6  # not NaN either
