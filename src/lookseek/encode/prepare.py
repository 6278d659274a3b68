"""A photo to a tower's input: resizing, and normalising where the graph does not do it itself.

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

__all__ = ["Preprocessing", "Resize", "fit", "min_side", "prepare"]

Resize: TypeAlias = Literal["squash", "crop", "pad", "target-pad"]

_LARGEST_SIDE = 4096
"""Pixels. A damaged config must not make us ask for gigabytes."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a tower expects.

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
            if type(side) is not int or not 1 <= side <= _LARGEST_SIDE:
                raise ModelError(f"input side {side!r} is not a whole number from 1 to {_LARGEST_SIDE} pixels")
        for field, value, allowed in (
            ("resize", self.resize, get_args(Resize)),
            ("dtype", self.dtype, ("uint8", "float32")),
            ("layout", self.layout, ("nhwc", "nchw")),
        ):
            if value not in allowed:
                raise ModelError(f"{field} {value!r} is unknown: use one of {', '.join(allowed)}")
        if self.resize == "target-pad" and self.width != self.height:
            raise ModelError(f"target-pad gives squares, not {self.width} x {self.height}: give one side, or pad")
        if not _number(self.crop) or not 0 < self.crop <= 1:
            raise ModelError(f"crop is {self.crop!r}: give a share above 0, at most 1")
        if len(self.mean) != 3 or not all(map(_number, self.mean)):
            raise ModelError(f"mean is {self.mean!r}: give three numbers on the scale 0 to 255")
        if len(self.std) != 3 or not all(map(_number, self.std)) or min(self.std) <= 0:
            raise ModelError(f"std is {self.std!r}: give three numbers above 0 on the scale 0 to 255")
        if self.dtype == "uint8" and (any(self.mean) or any(s != 1 for s in self.std)):
            raise ModelError(
                f"mean {self.mean} and std {self.std} with a uint8 input: a graph that takes uint8 normalises "
                "by itself, so give mean 0 and std 1, or dtype float32"
            )


def prepare(pixels: Pixels, how: Preprocessing) -> Prepared:
    """One photo as the tower takes it.

    Args:
        pixels: uint8 (h, w, 3).
        how: the tower's settings.

    Returns:
        uint8 or float32, (height, width, 3) or (3, height, width), C order.
    """
    fitted: Prepared = fit(pixels, how)
    if how.dtype == "float32":
        fitted = (fitted - np.array(how.mean, np.float32)) / np.array(how.std, np.float32)
    if how.layout == "nchw":
        fitted = fitted.transpose(2, 0, 1)
    return np.ascontiguousarray(fitted)


def fit(pixels: Pixels, how: Preprocessing) -> Pixels:
    """Brings a picture to the tower's size.

    Args:
        pixels: uint8 (h, w, 3).
        how: the tower's settings.

    Returns:
        uint8 (height, width, 3).
    """
    height, width = pixels.shape[:2]
    if how.resize == "crop":
        scale = how.crop * min(width / how.width, height / how.height)
        w, h = max(1, round(how.width * scale)), max(1, round(how.height * scale))
        left, top = (width - w) // 2, (height - h) // 2
        return images.resize(pixels[top : top + h, left : left + w], how.width, how.height)
    if how.resize == "pad":
        scale = min(how.width / width, how.height / height)
        w = min(how.width, max(1, round(width * scale)))
        h = min(how.height, max(1, round(height * scale)))
        canvas = np.full((how.height, how.width, 3), 255, np.uint8)
        left, top = (how.width - w) // 2, (how.height - h) // 2
        canvas[top : top + h, left : left + w] = images.resize(pixels, w, h)
        return canvas
    if how.resize == "target-pad":
        return target_pad(pixels, how.width)
    return images.resize(pixels, how.width, how.height)


def min_side(how: Preprocessing) -> int:
    """The shorter side, in pixels, from which a photo is only ever made smaller, so a decoder may stop there."""
    share = how.crop if how.resize == "crop" else 1.0
    return math.ceil(max(how.width, how.height) / share)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6  # not NaN either
