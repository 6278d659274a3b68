"""What a garment lies on or hangs before: studio, wooden floor, bed sheet, wall, tiles, carpet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .chance import Dice

__all__ = ["BACKGROUNDS", "Light", "background", "clouds"]

BACKGROUNDS = ("studio", "wood", "sheet", "wall", "tiles", "carpet")

Light = NDArray[np.float32]
"""Brightness or colour, float32 (height, width) or (height, width, 3); colours from 0 to 255."""


def clouds(dice: Dice, size: int, rows: int, columns: int) -> Light:
    """Return soft noise around 0, float32 (size, size), about -1 to 1.

    Args:
        dice: chance.
        size: pixels along a side.
        rows: how many bumps there are from top to bottom.
        columns: how many from left to right.
    """
    grid = Image.fromarray(dice.noise(rows, columns))
    # Many bumps are as good with the cheaper filter.
    way = Image.Resampling.BICUBIC if rows * columns < 900 else Image.Resampling.BILINEAR
    return np.asarray(grid.resize((size, size), way), np.float32) / 127.5 - 1.0


def _ramp(size: int, across: float, down: float) -> Light:
    """Return light that falls off evenly, float32 (size, size), 0 in the middle."""
    line = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    return np.asarray(line[None, :] * np.float32(across) + line[:, None] * np.float32(down), np.float32)


def _paint(colour: tuple[int, int, int], light: Light) -> Light:
    """Return a colour under a light, float32 (size, size, 3)."""
    return np.asarray(np.array(colour, np.float32) * light[..., None], np.float32)


def _studio(dice: Dice, size: int) -> Light:
    colour = dice.pick(((247, 247, 246), (242, 241, 239), (238, 240, 243)))
    line = np.linspace(-1, 1, size, dtype=np.float32)
    corners = line[None, :] ** 2 + line[:, None] ** 2
    return _paint(colour, np.asarray(1.01 - 0.025 * corners + _ramp(size, -0.02, -0.03), np.float32))


def _wall(dice: Dice, size: int) -> Light:
    colour = dice.pick(
        ((226, 218, 206), (205, 214, 212), (214, 208, 216), (219, 200, 186), (190, 199, 186), (232, 228, 220))
    )
    plaster = 0.010 * clouds(dice, size, 90, 90) + 0.014 * clouds(dice, size, 9, 9)
    return _paint(colour, np.asarray(1.0 + plaster + _ramp(size, dice.pick((-0.16, 0.16)), -0.08), np.float32))


def _wood(dice: Dice, size: int) -> Light:
    colour = dice.pick(((186, 148, 108), (150, 108, 74), (206, 176, 138), (128, 96, 72)))
    planks = 5 + int(dice.unit() * 3)
    light = 1.0 + 0.06 * clouds(dice, size, 90, 4) + 0.035 * clouds(dice, size, 160, 9)
    light += 0.03 * clouds(dice, size, 14, 2)
    edges = [round(size * n / planks) for n in range(planks + 1)]
    gap = max(1, size // 200)
    for top, bottom in pairwise(edges):
        light[top:bottom] *= np.float32(dice.between(0.88, 1.08))
        joint = int(dice.between(0.05, 0.95) * size)
        light[top:bottom, joint:] *= np.float32(dice.between(0.93, 1.07))
        light[top:bottom, joint : joint + gap] *= np.float32(0.68)
        light[top : top + gap] *= np.float32(0.62)
        light[top + gap : top + 2 * gap] *= np.float32(1.06)
    if dice.unit() < 0.5:
        light = light.T
    return _paint(colour, np.asarray(light + _ramp(size, -0.08, -0.08), np.float32))


def _sheet(dice: Dice, size: int) -> Light:
    colour = dice.pick(((232, 232, 234), (214, 222, 232), (233, 224, 212), (222, 214, 224), (208, 220, 210)))
    height = clouds(dice, size, 4, 6) + 0.55 * clouds(dice, size, 9, 5) + 0.16 * clouds(dice, size, 22, 22)
    step = max(2, size // 40)
    slope = np.zeros_like(height)
    slope[step:, step:] = height[step:, step:] - height[:-step, :-step]
    slope[:step], slope[:, :step] = slope[step : step + 1], slope[:, step : step + 1]
    return _paint(colour, np.asarray(0.95 - 0.17 * np.clip(slope, -1.0, 1.0), np.float32))


def _tiles(dice: Dice, size: int) -> Light:
    colour = dice.pick(((214, 214, 210), (196, 200, 204), (206, 192, 178), (170, 178, 182)))
    count = 3 + int(dice.unit() * 3)
    light = 1.0 + 0.018 * clouds(dice, size, 24, 24) + 0.02 * clouds(dice, size, 5, 5)
    edges = [round(size * (n + 0.35) / count) for n in range(-1, count + 1)]
    grout = max(2, size // 110)
    for top, bottom in pairwise(edges):
        for left, right in pairwise(edges):
            cell = np.s_[max(top, 0) : bottom, max(left, 0) : right]
            light[cell] *= np.float32(dice.between(0.965, 1.03))
    for edge in (n for n in edges if n >= 0):
        light[edge : edge + grout] = light[:, edge : edge + grout] = np.float32(0.84)
        light[edge + grout : edge + grout + 1] *= np.float32(1.04)
        light[:, edge + grout : edge + grout + 1] *= np.float32(1.04)
    return _paint(colour, np.asarray(light + _ramp(size, -0.06, -0.06), np.float32))


def _carpet(dice: Dice, size: int) -> Light:
    colour = dice.pick(((176, 168, 158), (122, 132, 142), (196, 184, 166), (150, 126, 116), (118, 128, 112)))
    pile = 0.12 * clouds(dice, size, size, size) + 0.10 * clouds(dice, size, size // 4, size // 4)
    return _paint(colour, 1.0 + pile + 0.04 * clouds(dice, size, 6, 6) + _ramp(size, -0.08, -0.06))


_MAKERS: Mapping[str, Callable[[Dice, int], Light]] = {
    "studio": _studio, "wood": _wood, "sheet": _sheet, "wall": _wall, "tiles": _tiles, "carpet": _carpet,
}  # fmt: skip


def background(name: str, dice: Dice, size: int) -> Light:
    """Return an empty background, float32 (size, size, 3), 0 to 255 or a little above.

    Args:
        name: one of ``BACKGROUNDS``.
        dice: chance: its shade and where its grain and folds are.
        size: pixels along a side, >= 16.
    """
    return _MAKERS[name](dice, size)
