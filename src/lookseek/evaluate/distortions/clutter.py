"""A busy place for a garment: what lies behind it is replaced, or the whole photo is put among other things."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from ...catalogue.drawn.background import background
from ...catalogue.drawn.chance import Dice
from ...catalogue.drawn.designs import COLOURS
from ...types import Pixels

__all__ = ["LEAST", "MOST", "backdrop", "cluttered", "composite", "edge_colour", "scene"]

Mask = NDArray[np.bool_]
"""Bool (height, width)."""

GROUNDS = ("wood", "sheet", "tiles", "carpet")
"""Backgrounds on which things lie; before the others garments hang."""

THINGS = 48
"""Things that lie about at strength 1."""

EVEN, ALIKE = 0.75, 14
"""A border is one colour if this share of it is within this many levels of 255 of its median: the legs of a worn
skirt may reach the border, and JPEG shifts white by some levels. By eye."""

FRINGE = 5
"""Pixels around the garment in which JPEG leaves specks of the backdrop that differ from it. By eye."""

LEAST, MOST = 0.05, 0.90
"""Share of a photo that a backdrop may have: beyond, the garment was not told from it. By eye."""

INSET = 0.35
"""How much of its sides a photo without a plain backdrop loses at strength 1."""


def cluttered(pixels: Pixels, strength: float, dice: Dice) -> Pixels:
    """Return the garment in a busy place.

    A plain backdrop is replaced by the place; a photo without one is made smaller and put into it.

    Args:
        pixels: uint8 (height, width, 3).
        strength: above 0, to 1: how many things lie about, and how much room they take beside a photo without a
            plain backdrop.
        dice: chance.
    """
    height, width = pixels.shape[:2]
    place = scene(height, width, strength, dice)
    behind = backdrop(pixels)
    if LEAST <= behind.mean() <= MOST:
        return composite(pixels, behind, place)
    times = 1.0 - INSET * strength
    size = max(1, round(width * times)), max(1, round(height * times))
    left, top = (int(dice.unit() * (whole - part + 1)) for whole, part in zip((width, height), size, strict=True))
    small = Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BICUBIC)
    place[top : top + size[1], left : left + size[0]] = np.asarray(small)
    return place


def composite(pixels: Pixels, behind: Mask, place: Pixels) -> Pixels:
    """Return a garment before another background, its edge soft and without a fringe of the old one.

    Args:
        pixels: uint8 (height, width, 3).
        behind: where the old background is, as ``backdrop`` finds it.
        place: the new one, uint8 (height, width, 3).
    """
    cover = Image.fromarray(np.where(behind, 0, 255).astype(np.uint8))
    soft = cover.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(0.7))
    share = np.asarray(soft, np.float32)[..., None] / 255
    return np.asarray(place + (pixels - place.astype(np.float32)) * share + 0.5, np.uint8)


def edge_colour(pixels: Pixels) -> NDArray[np.float64]:
    """Return the median colour of the photo's border, (3,)."""
    return np.asarray(np.median(_border(pixels), axis=0))


def backdrop(pixels: Pixels) -> Mask:
    """Return what lies behind the garment: of the border's colour, and joined to the border; nothing if that varies.

    White cloth on white ground differs from it by few levels, and here and there by none. So no more levels count as
    alike than the border itself needs, and where the way in is narrow there is none.
    """
    colour = edge_colour(pixels)
    away = np.abs(_border(pixels) - colour).max(axis=1)
    even = away[away <= ALIKE]
    if len(even) < EVEN * len(away):
        return np.zeros(pixels.shape[:2], bool)
    distance = np.abs(pixels - colour).max(axis=2)
    alike = distance <= min(ALIKE, 3 + 2 * float(np.percentile(even, 90)))
    gap = max(1, min(pixels.shape[:2]) // 120)
    roomy = ~_grown(~alike, gap)
    inner = np.zeros_like(alike)
    inner[1:-1, 1:-1] = True
    reached = _joined(roomy, roomy & ~inner)
    return np.asarray(_grown(reached, gap + FRINGE) & (distance <= ALIKE))


def scene(height: int, width: int, strength: float, dice: Dice) -> Pixels:
    """Return a floor or bed with things lying about, uint8 (height, width, 3); more strength adds things."""
    side = max(height, width, 16)
    ground = background(dice.pick(GROUNDS), dice, side)[:height, :width]
    canvas = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8)).resize((2 * width, 2 * height))
    pen = ImageDraw.Draw(canvas)
    for _ in range(math.ceil(THINGS * strength)):
        _thing(pen, dice, 2 * width, 2 * height)
    return np.array(canvas.reduce(2))


def _thing(pen: ImageDraw.ImageDraw, dice: Dice, width: int, height: int) -> None:
    """Draw a plate, a box, a folded cloth with stripes, or a cable."""
    size = min(width, height) * dice.between(0.06, 0.2)
    x, y, turn, kind = dice.unit() * width, dice.unit() * height, dice.between(0, math.pi), dice.unit()
    colour, other = (dice.pick(tuple(COLOURS.values())) for _ in range(2))
    dark = (colour[0] // 2, colour[1] // 2, colour[2] // 2)
    long = size * dice.between(0.5, 1.6)
    if kind < 0.25:
        for share, fill in ((1.0, dark), (0.95, colour), (0.62, other), (0.56, colour)):
            pen.ellipse((x - size * share, y - size * share, x + size * share, y + size * share), fill=fill)
    elif kind < 0.85:
        bands = int(dice.unit() * 5)
        pen.polygon(_tilted(x, y, long * 1.05, size * 1.05, turn), fill=dark)
        pen.polygon(_tilted(x, y, long, size, turn), fill=colour)
        for band in range(bands):
            off = (band + 0.5) / bands * 2 - 1
            middle = x + math.cos(turn) * long * off, y + math.sin(turn) * long * off
            pen.polygon(_tilted(*middle, long / bands * 0.4, size, turn), fill=other)
    else:
        bend = dice.between(-1.5, 1.5)
        steps = [(t / 12 - 0.5, math.sin(t / 12 * math.pi) * bend) for t in range(13)]
        cosine, sine = math.cos(turn) * size * 2, math.sin(turn) * size * 2
        line = [(x + along * cosine - across * sine, y + along * sine + across * cosine) for along, across in steps]
        pen.line(line, fill=dark, width=max(2, round(size / 8)), joint="curve")


def _tilted(x: float, y: float, long: float, wide: float, turn: float) -> list[tuple[float, float]]:
    """Return the corners of a rectangle around a point."""
    cosine, sine = math.cos(turn), math.sin(turn)
    corners = ((-long, -wide), (long, -wide), (long, wide), (-long, wide))
    return [(x + a * cosine - b * sine, y + a * sine + b * cosine) for a, b in corners]


def _border(pixels: Pixels) -> NDArray[np.int16]:
    """Return the outermost fiftieth, at least a pixel, int16 (n, 3)."""
    wide = max(1, min(pixels.shape[:2]) // 50)
    inner = np.zeros(pixels.shape[:2], bool)
    inner[wide:-wide, wide:-wide] = True
    return pixels[~inner].astype(np.int16)


def _grown(mask: Mask, by: int) -> Mask:
    """Return the mask made wider by some pixels on each side."""
    picture = Image.fromarray(mask.astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.MaxFilter(2 * by + 1))) > 0


def _joined(free: Mask, seeds: Mask) -> Mask:
    """Return all of ``free`` that a way through it joins to the seeds; whole rows and columns at a time."""
    reached, count = seeds, -1
    while count != (count := int(reached.sum())):
        reached = _spread(free, reached)
        reached = _spread(free.T, reached.T).T
    return reached


def _spread(free: Mask, reached: Mask) -> Mask:
    """Return the runs of ``free`` in each row that have something reached."""
    starts = free.copy()
    starts[:, 1:] &= ~free[:, :-1]
    run = np.cumsum(starts).reshape(free.shape)
    touched = np.zeros(int(run[-1, -1]) + 1, bool)
    touched[run[reached]] = True
    return np.asarray(touched[run] & free)
