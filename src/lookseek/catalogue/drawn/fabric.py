"""Cloth: its colours and the patterns printed or woven on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from .chance import Dice
from .designs import COLOURS
from .garment import Points

__all__ = ["RGB", "Cloth", "choose_cloth", "print_pattern", "shade"]

RGB = tuple[int, int, int]

Project = Callable[[Points], Points]
"""From points of the cloth, float64 (n, 2) in garment units, to pixels of the canvas."""

Area = tuple[Points, Points]
"""Least and greatest x and y of a piece of cloth."""

PARTNERS: Mapping[str, tuple[str, ...]] = {
    "red": ("white", "beige"),
    "pink": ("white", "grey", "beige"),
    "orange": ("white", "brown"),
    "yellow": ("white", "grey", "navy"),
    "green": ("white", "beige", "navy"),
    "blue": ("white", "navy"),
    "navy": ("white", "beige"),
    "purple": ("white", "pink"),
    "brown": ("beige", "white", "orange"),
    "beige": ("brown", "navy", "white"),
    "grey": ("white", "black", "navy"),
    "black": ("white", "grey", "beige"),
    "white": ("navy", "red", "black", "green", "blue"),
}
"""Second colours that look well on each cloth; by eye."""

PETALS: Mapping[str, tuple[str, ...]] = {
    "red": ("white", "pink", "beige"),
    "pink": ("white", "purple", "red"),
    "orange": ("white", "red", "yellow"),
    "yellow": ("orange", "white", "red"),
    "green": ("pink", "white", "yellow"),
    "blue": ("white", "pink", "navy"),
    "navy": ("pink", "white", "orange"),
    "purple": ("pink", "white", "yellow"),
    "brown": ("beige", "orange", "pink"),
    "beige": ("red", "brown", "pink"),
    "grey": ("white", "pink", "purple"),
    "black": ("pink", "white", "red"),
    "white": ("red", "pink", "blue", "purple"),
}
"""Colours of flowers on each cloth; by eye."""


@dataclass(frozen=True, slots=True)
class Cloth:
    """How one design's cloth looks; all its views share it.

    Args:
        pattern: its name.
        base: the named colour, a little varied.
        second: the pattern's colour.
        third: of flowers' middles, or of the thin line of a check.
        pitch: distance between repeats, garment units.
        weight: share of a repeat that the second colour covers, for stripes and checks.
        upright: stripes run along the garment, not around it.
        style: 0 to 1, chooses among kinds of one pattern.
    """

    pattern: str
    base: RGB
    second: RGB
    third: RGB
    pitch: float
    weight: float
    upright: bool
    style: float


def shade(colour: RGB, factor: float) -> RGB:
    """Return a colour made darker (below 1) or lighter, within 0 to 255."""
    red, green, blue = (min(255, int(part * factor)) for part in colour)
    return red, green, blue


def choose_cloth(attributes: Mapping[str, str], dice: Dice) -> Cloth:
    """Choose the cloth of a design by its category, colour and pattern.

    Args:
        attributes: of the item.
        dice: chance that all views of the item share.
    """
    name, pattern = attributes["colour"], attributes["pattern"]
    base = shade(COLOURS[name], dice.between(0.94, 1.04))
    partners = PETALS if pattern == "floral" else PARTNERS
    second = COLOURS[dice.pick(partners[name])]
    pitches = {
        "striped": (0.15, 0.34),
        "dotted": (0.22, 0.36),
        "checked": (0.26, 0.48),
        "floral": (0.46, 0.66),
    }
    pitch, weight = dice.between(*pitches.get(pattern, (0.2, 0.3))), dice.between(0.28, 0.42)
    upright = dice.unit() < {"shirt": 0.75, "dress": 0.4, "toptee": 0.1}[attributes["category"]]
    third = COLOURS["yellow"] if name != "yellow" else COLOURS["brown"]
    if pattern == "checked":
        third = COLOURS[dice.pick(partners[name])]
    return Cloth(pattern, base, second, third, pitch, weight, upright, dice.unit())


def print_pattern(canvas: Image.Image, cloth: Cloth, project: Project, area: Area, scale: float, dice: Dice) -> None:
    """Draw the cloth's pattern over a canvas already filled with the base colour.

    Args:
        canvas: mode RGB.
        cloth: colours and measures.
        project: from the cloth to pixels of the canvas.
        area: what to cover, garment units.
        scale: pixels in one garment unit.
        dice: chance, for flowers; all views of one item share it.
    """
    painters = {"striped": _stripes, "dotted": _dots, "checked": _checks, "floral": _flowers}
    if cloth.pattern in painters:
        painters[cloth.pattern](canvas, cloth, project, (area[0] - 0.3, area[1] + 0.3), scale, dice)


def _starts(low: float, high: float, pitch: float) -> list[float]:
    """Return multiples of the pitch that cover a range, and always fall on the same places of the cloth."""
    return [n * pitch for n in range(math.floor(low / pitch), math.ceil(high / pitch) + 1)]


def _bands(
    draw: ImageDraw.ImageDraw, project: Project, area: Area, pitch: float, offset: float, width: float,
    upright: bool, fill: RGB | int,
) -> None:  # fmt: skip
    axis, (low, high) = 0 if upright else 1, area
    starts = _starts(float(low[axis]), float(high[axis]), pitch)
    along = np.linspace(low[1 - axis], high[1 - axis], 14)  # many corners, as cloth bends
    corners = np.empty((len(starts), 28, 2))
    corners[:, :14, 1 - axis], corners[:, 14:, 1 - axis] = along, along[::-1]
    corners[:, :14, axis] = np.array(starts)[:, None] + offset
    corners[:, 14:, axis] = np.array(starts)[:, None] + offset + width
    for band in np.rint(project(corners.reshape(-1, 2))).reshape(-1, 56).tolist():
        draw.polygon(band, fill=fill)


def _stripes(canvas: Image.Image, cloth: Cloth, project: Project, area: Area, scale: float, dice: Dice) -> None:
    draw = ImageDraw.Draw(canvas)
    pitch = cloth.pitch * (0.75 if cloth.upright else 1.0)
    _bands(draw, project, area, pitch, 0.0, pitch * cloth.weight, cloth.upright, cloth.second)
    if cloth.style < 0.25:  # a thin companion beside each stripe
        thin = pitch * 0.09
        _bands(draw, project, area, pitch, pitch * (cloth.weight + 0.12), thin, cloth.upright, cloth.second)


def _checks(canvas: Image.Image, cloth: Cloth, project: Project, area: Area, scale: float, dice: Dice) -> None:
    share = cloth.weight * 0.75
    cover = Image.new("L", canvas.size)
    for upright in (True, False):
        one = Image.new("L", canvas.size)
        draw = ImageDraw.Draw(one)
        _bands(draw, project, area, cloth.pitch, 0.0, cloth.pitch * share, upright, 112)
        cover = Image.fromarray(np.asarray(cover) + np.asarray(one))
    canvas.paste(cloth.second, (0, 0), cover)
    if cloth.style < 0.55:  # a window check: one thin line through the light squares
        draw = ImageDraw.Draw(canvas)
        for upright in (True, False):
            middle = cloth.pitch * (share + (1 - share) / 2 - 0.03)
            _bands(draw, project, area, cloth.pitch, middle, cloth.pitch * 0.06, upright, cloth.third)


def _dots(canvas: Image.Image, cloth: Cloth, project: Project, area: Area, scale: float, dice: Dice) -> None:
    low, high = area
    draw = ImageDraw.Draw(canvas)
    pitch, radius = cloth.pitch, cloth.pitch * (0.15 + 0.13 * cloth.style) * scale
    rows = _starts(float(low[1]), float(high[1]), pitch * 0.866)
    places = [
        (x + (pitch / 2 if round(y / (pitch * 0.866)) % 2 else 0.0), y)
        for y in rows
        for x in _starts(float(low[0]), float(high[0]), pitch)
    ]
    for x, y in project(np.array(places)).tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=cloth.second)


def _flowers(canvas: Image.Image, cloth: Cloth, project: Project, area: Area, scale: float, dice: Dice) -> None:
    low, high = area
    draw = ImageDraw.Draw(canvas)
    leaf = shade(COLOURS["green"], 0.85 if sum(cloth.base) > 330 else 1.25)
    if cloth.base[1] > cloth.base[0] * 1.3:  # leaves on green cloth
        leaf = shade(cloth.base, 0.62)
    pitch = cloth.pitch * 0.72
    blossom, discs = cloth.second, []
    for row, y in enumerate(_starts(float(low[1]), float(high[1]), pitch)):
        for x in _starts(float(low[0]), float(high[0]), pitch):
            u = x + pitch * (0.5 * (row % 2) + dice.between(-0.16, 0.16))
            v = y + pitch * dice.between(-0.16, 0.16)
            big = dice.between(0.55, 1.0) if dice.unit() < 0.65 else dice.between(0.30, 0.42)
            size, turn, tint = pitch * 0.27 * big, dice.between(0.0, 6.28), dice.between(0.86, 1.1)
            if big > 0.5:
                for side in (1.0, -1.0):
                    for step in (1.5, 1.85, 2.15):
                        a = turn + side * 0.45 + (math.pi if side < 0 else 0.0)
                        discs.append((u + math.cos(a) * size * step, v + math.sin(a) * size * step,
                                      size * 0.34 * (1.35 - abs(step - 1.8)), leaf))  # fmt: skip
            for petal in range(5):
                a = turn + petal * 2 * math.pi / 5
                colour = shade(blossom, tint * (1.0 if petal % 2 else 0.93))
                reach = size * 0.72
                discs.append((u + math.cos(a) * reach, v + math.sin(a) * reach, size * 0.58, colour))
            discs.append((u, v, size * 0.36, cloth.third))
    spots = project(np.array([disc[:2] for disc in discs])).tolist()
    for (x, y), (_, _, radius, colour) in zip(spots, discs, strict=True):
        r = radius * scale
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
