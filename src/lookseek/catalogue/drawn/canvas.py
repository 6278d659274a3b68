"""Draws a garment enlarged, before light falls on it."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from .background import Light
from .chance import Dice
from .fabric import RGB, Cloth, print_pattern, shade
from .garment import Points
from .tailor import Panel
from .view import View

__all__ = ["FINE", "GarmentCanvas"]

FINE = 3
"""Shapes are drawn this many times larger and then reduced, for smooth edges."""

SEAM, EDGE, STITCH = 95, 80, 80
"""How dark lines are, 0 to 255."""

WOOD, METAL = (176, 134, 92), (124, 126, 130)


class GarmentCanvas:
    """Three pictures of one size: the colours, the cover (where the garment is) and how dark its lines are.

    Args:
        view: how the garment lies.
        cloth: what it is made of.
        size: pixels along a side of the finished picture.
    """

    def __init__(self, view: View, cloth: Cloth, size: int) -> None:
        self.view, self.cloth, self.side = view, cloth, size * FINE
        self.unit = view.scale * self.side
        self.thin = max(1, round(self.side / 480))
        self.tone = Image.new("RGB", (self.side, self.side), cloth.base)
        self.cover = Image.new("L", (self.side, self.side))
        self.ink = Image.new("L", (self.side, self.side))
        self._tone_pen, self._cover_pen, self._ink_pen = (
            ImageDraw.Draw(canvas) for canvas in (self.tone, self.cover, self.ink)
        )

    def pixels(self, points: Points) -> list[tuple[float, float]]:
        """Return the pixels that points fall on; whole pixels, so that no machine rounds them otherwise."""
        return [(x, y) for x, y in np.rint(self.view.project(points) * self.side - 0.5).tolist()]

    def draw_panel(self, panel: Panel, dice: Dice, cloth: Cloth | None = None) -> None:
        """Paint a panel over what is already drawn.

        Args:
            panel: the piece of cloth.
            dice: chance of its pattern.
            cloth: that it is made of; None for the garment's.
        """
        cloth = self.cloth if cloth is None else cloth
        corners = self.pixels(panel.outline)
        colour = shade(cloth.base, {"inside": 0.62, "stand": 0.88, "trim": 0.90}.get(panel.name, 1.0))
        if panel.name in ("inside", "trim") or cloth.pattern == "plain":
            self._tone_pen.polygon(corners, fill=colour)
        else:
            self._draw_patterned(panel, corners, colour, cloth, dice)
        self._cover_pen.polygon(corners, fill=255)
        self._ink_pen.polygon(corners, fill=0)
        self._ink_pen.line([*corners, corners[0]], fill=EDGE, width=self.thin, joint="curve")

    def _draw_patterned(
        self, panel: Panel, corners: list[tuple[float, float]], colour: RGB, cloth: Cloth, dice: Dice
    ) -> None:
        low, high = np.array(corners).min(axis=0), np.array(corners).max(axis=0)
        width, height = (int(n) + 1 for n in high - low)
        stencil, piece = Image.new("L", (width, height)), Image.new("RGB", (width, height), colour)
        ImageDraw.Draw(stencil).polygon([(x - low[0], y - low[1]) for x, y in corners], fill=255)

        def project(points: Points) -> Points:
            return np.asarray(self.view.project(points @ panel.grain + panel.origin) * self.side - low)

        flat = (panel.outline - panel.origin) @ panel.grain.T
        print_pattern(piece, cloth, project, (flat.min(axis=0), flat.max(axis=0)), self.unit, dice)
        self.tone.paste(piece, (int(low[0]), int(low[1])), stencil)

    def draw_hanger(self, neck: float) -> None:
        """Draw a hanger over what is already drawn: panels drawn later hide all but its hook and what the neck shows.

        Args:
            neck: half width of the neck opening, garment units.
        """
        bar = np.array([[-neck, neck * 0.42], [0.0, 0.02], [neck, neck * 0.42]])
        turn = [math.radians(degrees) for degrees in range(205, -91, -15)]
        arc = [(0.13 * math.cos(a), -0.56 - 0.13 * math.sin(a)) for a in turn]
        for line, colour, width in ((np.array([*arc, (0.0, 0.0)]), METAL, 0.032), (bar, WOOD, 0.085)):
            corners, thick = self.pixels(line), max(2, round(width * self.unit))
            self._tone_pen.line(corners, fill=colour, width=thick, joint="curve")
            self._cover_pen.line(corners, fill=255, width=thick, joint="curve")
            self._ink_pen.line(corners, fill=0, width=thick, joint="curve")

    def draw_seam(self, line: Points) -> None:
        """Draw a line where two panels meet."""
        self._ink_pen.line(self.pixels(line), fill=SEAM, width=self.thin * 2, joint="curve")

    def draw_stitches(self, line: Points) -> None:
        """Draw a line of stitches: dashes of even length."""
        corners = np.array(self.pixels(line))
        reached = np.concatenate([[0.0], np.cumsum(np.sqrt((np.diff(corners, axis=0) ** 2).sum(axis=1)))])
        starts = np.arange(0.0, float(reached[-1]), self.thin * 5.0)
        ends = np.minimum(starts + self.thin * 3.0, reached[-1])
        xs, ys = (np.interp(np.stack([starts, ends], axis=1), reached, corners[:, axis]) for axis in (0, 1))
        for dash in np.rint(np.stack([xs, ys], axis=2)).reshape(-1, 4).tolist():
            self._ink_pen.line(dash, fill=STITCH, width=self.thin)

    def draw_buttons(self, buttons: Points) -> None:
        """Draw buttons of four hundredths of the shoulder's half width, with two holes each."""
        radius = 0.042 * self.unit
        light = sum(self.cloth.base) > 300
        face = (250, 248, 242) if light else shade(self.cloth.base, 1.5)
        for x, y in self.pixels(buttons):
            ring = (x - radius, y - radius, x + radius, y + radius)
            self._tone_pen.ellipse(ring, fill=face)
            self._ink_pen.ellipse(ring, fill=0, outline=110, width=max(1, int(radius / 4)))
            for side in (-0.3, 0.3):
                hole, at = radius * 0.16, x + side * radius
                self._ink_pen.ellipse((at - hole, y - hole, at + hole, y + hole), fill=140)

    def finish(self) -> tuple[Image.Image, Light]:
        """Return where the drawing is, mode L, and its colours, float32 (size, size, 3)."""
        bright = ImageChops.invert(self.ink.reduce(FINE))
        inked = ImageChops.multiply(self.tone.reduce(FINE), Image.merge("RGB", (bright, bright, bright)))
        return self.cover.reduce(FINE), np.asarray(inked, np.float32)
