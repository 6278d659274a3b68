"""How an item lies in its photo: the way from garment units to the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .chance import Dice
from .garment import Points

__all__ = ["VIEWS", "View", "fit_view", "make_view"]

VIEWS = ("flat", "hanger", "turned", "tilted", "mirrored", "dim")
"""Straight from above; on a hanger; turned by 6 to 36 degrees and smaller; seen at an angle; mirrored; in
warm, low light."""


@dataclass(frozen=True, slots=True)
class View:
    """A projection of garment units to the picture, where x and y go from 0 to 1.

    Args:
        name: one of ``VIEWS``.
        matrix: turn, stretch and mirror, float64 (2, 2).
        vanish: perspective: how much smaller things get with x and y, float64 (2,).
        middle: y of the garment's middle, around which it is turned and seen, garment units.
        wobble: size, frequency and phase of the waves by which cloth never lies straight, float64 (2, 3).
        scale: picture widths in one garment unit, before perspective.
        shift: where the origin falls, float64 (2,).
    """

    name: str
    matrix: Points
    vanish: Points
    middle: float
    wobble: Points
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    def project(self, points: Points) -> Points:
        """Return where points fall, float64 (n, 2), 0 to 1 inside of the picture."""
        size, frequency, phase = self.wobble.T
        bent = points + size * np.sin(points[:, ::-1] * frequency + phase) - (0.0, self.middle)
        turned = bent @ self.matrix.T
        shrunk = turned / (1.0 + bent @ self.vanish)[:, None]
        return np.asarray(shrunk * self.scale + self.shift)


def make_view(name: str, height: float, lay: Dice) -> View:
    """Choose how an item lies, not yet fitted to the picture.

    Args:
        name: one of ``VIEWS``.
        height: of the garment, garment units.
        lay: chance of this view.
    """
    degrees = {"turned": 30.0, "tilted": 10.0, "hanger": 1.5}.get(name, 4.0)
    angle = math.radians(lay.between(-degrees, degrees))
    if name == "turned":
        angle += math.copysign(math.radians(6.0), angle)
    stretch = lay.between(0.97, 1.03)
    flip = -1.0 if name == "mirrored" else 1.0
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    matrix = turn @ np.diag([flip * stretch, 1.0 / stretch])
    tilt = (0.24 if name == "tilted" else 0.012) / height
    lean = math.copysign(lay.between(tilt * 0.5, tilt), lay.between(-1, 1))
    vanish = np.array([lay.between(-tilt, tilt), lean])
    waves = [[lay.between(0.012, 0.03), lay.between(0.9, 1.7), lay.between(0.0, 6.28)] for _ in range(2)]
    return View(name, matrix, vanish, height / 2, np.array(waves))


def fit_view(view: View, outlines: list[Points], lay: Dice) -> View:
    """Return the view moved and sized so that all outlines are inside of the picture.

    Args:
        view: as ``make_view`` gives it.
        outlines: everything that must be seen, garment units.
        lay: chance of this view.
    """
    corners = np.concatenate([view.project(outline) for outline in outlines])
    low, high = corners.min(axis=0), corners.max(axis=0)
    share = {"turned": (0.66, 0.84), "hanger": (0.76, 0.82)}.get(view.name, (0.80, 0.90))
    scale = lay.between(*share) / float((high - low).max())
    free = 1.0 - (high - low) * scale
    top = 0.86 if view.name == "hanger" else lay.between(0.4, 0.6)  # a hanger needs room above
    place = np.array([lay.between(0.40, 0.60), top]) * free
    shift = place - low * scale
    return replace(view, scale=scale, shift=(float(shift[0]), float(shift[1])))
