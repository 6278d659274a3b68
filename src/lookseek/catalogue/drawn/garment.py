"""The shapes of a dress, a shirt and a t-shirt, in garment units.

Garment units: 1 is half of the shoulder width of a shirt; x = 0 is the middle, y = 0 the point where the
shoulder seam meets the neck, y grows downwards. Every shape is made as its right half and mirrored. The
numbers are proportions taken by eye, not measures of a standard.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...types import Attributes
from .chance import Dice

__all__ = ["Cut", "Points", "bezier", "choose_cut", "mirror", "neckline_curve", "sleeve_frame", "torso_outline"]

Points: TypeAlias = NDArray[np.float64]
"""Corners of a line or polygon, float64 (n, 2), x and y in garment units."""

Point2: TypeAlias = tuple[float, float]

HEMS: Mapping[tuple[str, str], tuple[float, float]] = {
    ("top", "crop"): (0.90, 1.80),
    ("top", "regular"): (0.94, 2.90),
    ("dress", "mini"): (1.08, 2.85),
    ("dress", "knee"): (1.30, 3.55),
    ("dress", "long"): (1.42, 4.60),
}
"""Half width and height of the hem, by kind and length."""

NECKS: Mapping[str, tuple[float, float]] = {
    "round": (0.40, 0.36),
    "v-neck": (0.38, 0.72),
    "boat": (0.62, 0.17),
    "collar": (0.36, 0.26),
}
"""Half width and depth of the neck opening, by neckline."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The measures of one design and of the way it lies; garment units, angles in radians.

    Args:
        kind: "top" or "dress".
        neck: half width and depth of the opening.
        neckline: its name.
        shoulder: the right end of the shoulder seam.
        underarm: where the right armhole ends.
        waist: the right end of the waist.
        hem: the right end of the hem.
        sleeve: length along the sleeve; 0 for none.
        cuff: half width of the sleeve's end.
        angles: between each sleeve and the vertical, left and right.
        buttoned: down to which y a placket goes; 0 for none.
        gathered: whether a skirt hangs in many folds.
    """

    kind: str
    neck: Point2
    neckline: str
    shoulder: Point2
    underarm: Point2
    waist: Point2
    hem: Point2
    sleeve: float
    cuff: float
    angles: tuple[float, float]
    buttoned: float
    gathered: bool

    @property
    def sag(self) -> float:
        """How far the middle of the hem lies below its ends."""
        return 0.10 if self.kind == "dress" else 0.05


def choose_cut(attributes: Attributes, design: Dice, lay: Dice) -> Cut:
    """Choose the measures of a design.

    Args:
        attributes: category, sleeve, neckline, length and view of the item.
        design: chance that all views of the item share.
        lay: chance of this view: how the sleeves fall.
    """
    category, sleeve = attributes["category"], str(attributes["sleeve"])
    neckline = str(attributes["neckline"])
    kind = "dress" if category == "dress" else "top"
    loose = design.between(0.96, 1.06)
    neck_width, neck_depth = NECKS[neckline]
    neck = (neck_width * design.between(0.95, 1.08), neck_depth * design.between(0.92, 1.10))
    hem_x, hem_y = HEMS[kind, str(attributes["length"])]
    if kind == "dress":
        shoulder, underarm, waist = (0.84, 0.17), (0.80 * loose, 0.98), (0.66 * loose, 1.62)
        hem = (hem_x * design.between(0.82, 1.14), hem_y * design.between(0.97, 1.03))
    else:
        shoulder, underarm, waist = (1.0, 0.22), (0.95 * loose, 1.02), (0.88 * loose, 1.50)
        hem = (hem_x * loose, hem_y * design.between(0.97, 1.03))
    if sleeve == "sleeveless":
        shoulder = (max(shoulder[0] - 0.22, neck[0] + 0.13), 0.13)
    length = {"sleeveless": 0.0, "short": 0.80, "long": 2.20}[sleeve] * design.between(0.94, 1.06)
    cuff = {"sleeveless": 0.0, "short": 0.36, "long": 0.20}[sleeve] * (0.92 if kind == "dress" else 1.0)
    hanging = attributes["view"] == "hanger"
    fall = {
        "short": (0.52, 0.66) if hanging else (0.70, 0.92),
        "long": (0.20, 0.28) if hanging else (0.34, 0.56),
    }.get(sleeve, (0.0, 0.1))
    buttoned = 0.0
    if neckline == "collar":
        buttoned = hem[1] + 0.1 if kind == "top" or design.unit() < 0.5 else waist[1]
    return Cut(
        kind=kind,
        neck=neck,
        neckline=neckline,
        shoulder=shoulder,
        underarm=underarm,
        waist=waist,
        hem=hem,
        sleeve=length,
        cuff=cuff,
        angles=(lay.between(*fall), lay.between(*fall)),
        buttoned=buttoned,
        gathered=design.unit() < 0.6,
    )


def bezier(start: Point2, control: Point2, end: Point2, steps: int = 12) -> Points:
    """Return a quadratic Bezier curve with both of its ends, float64 (steps + 1, 2)."""
    t = np.linspace(0.0, 1.0, steps + 1)[:, None]
    a, b, c = np.array(start), np.array(control), np.array(end)
    return np.asarray(a * (1 - t) ** 2 + b * (2 * t * (1 - t)) + c * t**2)


def mirror(points: Points) -> Points:
    """Return the left twin of a shape of the right half, in reverse order."""
    return np.asarray(points[::-1] * (-1.0, 1.0))


def neckline_curve(cut: Cut, away: float = 0.0) -> Points:
    """Return the right half of the front neckline, from the middle up to the shoulder.

    Args:
        cut: the design.
        away: distance outwards from the edge, for the seam of a trim.
    """
    width, depth = cut.neck[0] + away, cut.neck[1] + away
    top = away * (cut.shoulder[1] / (cut.shoulder[0] - cut.neck[0]))  # stays on the shoulder seam
    if cut.neckline in ("v-neck", "collar"):
        return bezier((0.0, depth + away * 0.3), (width * 0.62, depth * 0.50), (width, top))
    return bezier((0.0, depth), (width * 0.96, depth), (width, top))


def torso_outline(cut: Cut) -> Points:
    """Return the front panel, shoulders to hem, as a closed polygon."""
    (sx, sy), (ux, uy), (wx, wy), (hx, hy) = cut.shoulder, cut.underarm, cut.waist, cut.hem
    deep = 0.10 if cut.sleeve else 0.16  # a sleeveless armhole curves in further
    bow = 0.52 if cut.kind == "dress" else 0.42
    half = np.concatenate([
        neckline_curve(cut),
        bezier((sx, sy), (sx - deep, uy * 0.75), (ux, uy)),
        bezier((ux, uy), (ux * 0.97, (uy + wy) / 2 + 0.1), (wx, wy))[1:],
        bezier((wx, wy), (wx + (hx - wx) * bow, wy + (hy - wy) * 0.42), (hx, hy))[1:],
        bezier((hx, hy), (hx * 0.55, hy + cut.sag), (0.0, hy + cut.sag))[1:],
    ])  # fmt: skip
    return np.concatenate([half, mirror(half)[1:-1]])


def sleeve_frame(cut: Cut, side: int) -> tuple[Points, Points, Points]:
    """Return where a sleeve is and how it points.

    Args:
        cut: the design; it must have sleeves.
        side: 0 the left sleeve, 1 the right one. Both are given as a right one.

    Returns:
        Root, direction along the sleeve (length 1) and direction across it, outwards (length 1), each
        float64 (2,).
    """
    angle = cut.angles[side]
    along = np.array([math.sin(angle), math.cos(angle)])
    across = np.array([math.cos(angle), -math.sin(angle)])
    root = (np.array(cut.shoulder) + np.array(cut.underarm)) / 2 + across * 0.02
    return root, along, across
