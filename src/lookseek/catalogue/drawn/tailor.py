"""A garment put together from its cut: panels, seams, stitches, buttons, folds and landmark points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .chance import Dice
from .garment import Cut, Points, bezier, mirror, neckline_curve, sleeve_frame, torso_outline

__all__ = ["Fold", "Garment", "Panel", "sew"]

UPRIGHT = np.eye(2)


@dataclass(frozen=True, slots=True)
class Panel:
    """One piece of cloth.

    Args:
        name: what it is: "inside", "sleeve", "torso", "trim", "collar", "stand".
        outline: closed polygon, garment units.
        origin: where the pattern of the cloth starts, float64 (2,).
        grain: the directions across and along the cloth as rows, float64 (2, 2).
        region: which of ``regions.REGIONS`` it is; "" for none.
    """

    name: str
    outline: Points
    origin: Points
    grain: Points
    region: str = ""


@dataclass(frozen=True, slots=True)
class Fold:
    """A soft shadow or light: a closed polygon and its strength, -1 (dark) to 1 (light)."""

    outline: Points
    strength: float


@dataclass(frozen=True, slots=True)
class Garment:
    """All that there is to draw of a garment, in garment units, back to front.

    Args:
        panels: pieces of cloth.
        seams: lines where panels meet.
        stitches: dashed lines beside hems.
        buttons: their middles.
        folds: shadows and lights.
        landmarks: name to point, as seen with the garment upright.
        behind: how many of the panels are behind a hanger.
    """

    panels: tuple[Panel, ...]
    seams: tuple[Points, ...]
    stitches: tuple[Points, ...]
    buttons: Points
    folds: tuple[Fold, ...]
    landmarks: Mapping[str, Points]
    behind: int


def sew(cut: Cut, lay: Dice) -> Garment:
    """Put a garment together.

    Args:
        cut: its measures.
        lay: chance of this view: where folds fall.
    """
    panels = [inside(cut)]
    seams: list[Points] = []
    stitches: list[Points] = []
    folds: list[Fold] = []
    ends: dict[str, Points] = {}
    for side, name in enumerate(("left", "right") if cut.sleeve else ()):
        sewn = sleeve(cut, side, lay)
        flip = np.array([1.0 if side else -1.0, 1.0])
        grain = sewn[4][1:] * flip * flip[:, None]
        panels.append(Panel("sleeve", sewn[0] * flip, sewn[4][0] * flip, grain, f"{name} sleeve"))
        seams += [line * flip for line in sewn[1]]
        stitches += [line * flip for line in sewn[2]]
        folds += [Fold(fold.outline * flip, fold.strength) for fold in sewn[3]]
        ends[f"sleeve_{name}"] = sewn[5] * flip
    zero = np.zeros(2)
    panels.append(Panel("torso", torso_outline(cut), zero, UPRIGHT))
    for name, outline, grain in neck_pieces(cut):  # a collar's stand is behind the front, the rest before it
        panels.insert(1 if name == "stand" else len(panels), Panel(name, outline, zero, grain, "collar"))
    (sx, sy), (ux, uy), (wx, wy), (hx, hy) = cut.shoulder, cut.underarm, cut.waist, cut.hem
    armhole = bezier((sx, sy), (sx - (0.10 if cut.sleeve else 0.16), uy * 0.75), (ux, uy))
    if cut.sleeve:
        seams += [armhole, mirror(armhole)]
    else:
        stitches += [armhole - (0.07, 0.0), mirror(armhole - (0.07, 0.0))]
    for rise in (0.09, 0.13):
        half = bezier((0.0, hy + cut.sag - rise), (hx * 0.55, hy + cut.sag - rise), (hx, hy - rise))
        stitches.append(np.concatenate([mirror(half), half[1:]]))
    if cut.kind == "dress":
        waist = bezier((0.0, wy + 0.03), (wx * 0.6, wy + 0.03), (wx, wy))
        seams.append(np.concatenate([mirror(waist), waist[1:]]))
    buttons = np.zeros((0, 2))
    if cut.buttoned:
        seams += [np.array([[x, cut.neck[1] * 0.9], [x, cut.buttoned - 0.03]]) for x in (-0.10, 0.10)]
        count = int((cut.buttoned - cut.neck[1]) / 0.36)
        buttons = np.array([[0.0, cut.neck[1] + 0.20 + 0.36 * n] for n in range(count)])
    folds += torso_folds(cut, lay)
    nx, depth = cut.neck
    landmarks = {
        "collar_left": np.array([-nx, 0.0]), "collar_right": np.array([nx, 0.0]),
        "collar_centre": np.array([0.0, depth]),
        "shoulder_left": np.array([-sx, sy]), "shoulder_right": np.array([sx, sy]),
        "waist_left": np.array([-wx, wy]), "waist_right": np.array([wx, wy]),
        "hem_left": np.array([-hx, hy]), "hem_right": np.array([hx, hy]),
    } | ends  # fmt: skip
    behind = sum(panel.name in ("inside", "stand") for panel in panels)
    return Garment(tuple(panels), tuple(seams), tuple(stitches), buttons, tuple(folds), landmarks, behind)


def inside(cut: Cut) -> Panel:
    """Return the back of the garment as the neck opening shows it."""
    nx, depth = cut.neck
    back = bezier((-nx, 0.0), (0.0, min(0.20, depth * 0.7)), (nx, 0.0))
    front = neckline_curve(cut)[::-1]
    outline = np.concatenate([back, front[1:], mirror(front)[1:-1]])
    return Panel("inside", outline, np.zeros(2), UPRIGHT)


def neck_pieces(cut: Cut) -> list[tuple[str, Points, Points]]:
    """Return what finishes the neck, with its grain: a collar and its stand, or a trim along the edge."""
    nx, depth = cut.neck
    if cut.neckline != "collar":
        edge, seam = neckline_curve(cut), neckline_curve(cut, 0.085)
        outline = np.concatenate([mirror(edge), edge[1:], seam[::-1], mirror(seam[::-1])[1:]])
        return [("trim", outline, UPRIGHT)]
    stand = np.concatenate([
        bezier((-nx - 0.02, 0.03), (-nx * 0.95, -0.17), (-nx * 0.55, -0.19), 6),
        bezier((nx * 0.55, -0.19), (nx * 0.95, -0.17), (nx + 0.02, 0.03), 6),
        bezier((nx, 0.03), (0.0, 0.20), (-nx, 0.03)),
    ])  # fmt: skip
    leaf = np.concatenate([
        bezier((nx * 0.78, -0.17), (nx + 0.12, -0.10), (nx + 0.13, 0.10), 6),
        bezier((nx + 0.13, 0.10), (nx + 0.08, 0.30), (nx * 0.95, 0.50), 6)[1:],
        bezier((nx * 0.95, 0.50), (nx * 0.40, 0.40), (0.01, depth - 0.01), 6)[1:],
        bezier((0.01, depth - 0.01), (nx * 0.72, depth * 0.45), (nx * 0.78, -0.17), 8)[1:-1],
    ])  # fmt: skip
    lean = np.array([[0.87, -0.50], [0.50, 0.87]])  # each leaf is cut at an angle of its own
    return [("stand", stand, UPRIGHT), ("collar", leaf, lean), ("collar", mirror(leaf), lean.T)]


def sleeve(cut: Cut, side: int, lay: Dice) -> tuple[Points, list[Points], list[Points], list[Fold], Points, Points]:
    """Return one sleeve, as a right one.

    Returns:
        Outline, seams, stitches, folds, frame (rows origin, across, along) and the middle of its end.
    """
    root, along, across = sleeve_frame(cut, side)
    (sx, sy), (ux, uy) = cut.shoulder, cut.underarm
    end = root + along * cut.sleeve
    outer, inner = end + across * cut.cuff, end - across * cut.cuff
    top, under = (root + outer) / 2 + across * 0.27, (np.array([ux, uy]) + inner) / 2 - across * 0.02
    outline = np.concatenate([
        bezier((sx - 0.14, sy + 0.06), (sx - 0.07, sy), (sx, sy), 2),
        bezier((sx, sy), (top[0], top[1]), (outer[0], outer[1]))[1:],
        bezier((inner[0], inner[1]), (under[0], under[1]), (ux, uy)),
        np.array([[ux - 0.2, uy]]),
    ])  # fmt: skip
    seams, stitches = [], []
    if cut.sleeve > 1.2 and cut.buttoned:
        seams.append(np.array([outer - along * 0.24 + across * 0.01, inner - along * 0.24 - across * 0.01]))
    else:
        stitches += [np.array([outer - along * rise, inner - along * rise]) for rise in (0.07, 0.11)]
    folds = []
    for _ in range(5 if cut.sleeve > 1.2 else 2):
        at = root + along * cut.sleeve * lay.between(0.12, 0.85)
        inward = at - across * cut.cuff * 1.2
        reach = across * lay.between(0.2, 0.45) + along * lay.between(-0.25, 0.25)
        folds += crease(inward, inward + reach, 0.06, lay.between(0.4, 0.8))
    pit = np.array([ux, uy])
    folds.append(Fold(np.array([inner, pit, pit + across * 0.14, inner + across * 0.1]), -0.5))
    return outline, seams, stitches, folds, np.array([root, across, along]), end


def crease(start: Points, end: Points, width: float, strength: float) -> list[Fold]:
    """Return a fold that starts pointed and ends wide: its shadow, and the light on its ridge."""
    line = end - start
    side = np.array([-line[1], line[0]]) / max(1e-9, float(np.hypot(line[0], line[1]))) * width
    dark = np.array([start, end + side, end - side * 0.2])
    light = np.array([start - side * 0.4, end - side * 0.3, end - side * 1.6])
    return [Fold(dark, -strength), Fold(light, strength * 0.6)]


def torso_folds(cut: Cut, lay: Dice) -> list[Fold]:
    """Return the folds of the front: from the underarms, around the waist, and down a skirt."""
    (ux, uy), (wx, wy), (hx, hy) = cut.underarm, cut.waist, cut.hem
    folds = []
    if cut.neckline == "collar":  # the shadow below the collar
        nx, depth = cut.neck
        edge = [(nx + 0.13, 0.10), (nx * 0.95, 0.50), (0.02, depth)]
        below = np.array([*edge, (nx * 0.9, 0.62), (nx + 0.2, 0.16)])
        folds += [Fold(below, -0.55), Fold(mirror(below), -0.55)]
    for flip in (-1.0, 1.0):
        for _ in range(2):
            start = np.array([flip * (ux - 0.04), uy + lay.between(-0.05, 0.15)])
            end = np.array([flip * lay.between(0.15, 0.5), uy + lay.between(0.15, 0.6)])
            folds += crease(end, start, 0.06, lay.between(0.4, 0.7))
        folds.append(Fold(np.array([(flip * ux, uy), (flip * wx, wy), (flip * wx * 0.80, wy)]), -0.3))
    if cut.kind == "dress":
        count = 9 if cut.gathered else 5
        for n in range(count):
            place = (n + lay.between(0.1, 0.9)) / count * 2 - 1
            start = np.array([place * wx * 0.95, wy + 0.04])
            reach = lay.between(0.65, 1.0)
            end = start + (np.array([place * hx * 0.96, hy + 0.05]) - start) * reach
            folds += crease(start, end, lay.between(0.05, 0.11), lay.between(0.45, 0.85))
    else:
        for _ in range(4):
            side = lay.between(-0.8, 0.8)
            start = np.array([side, lay.between(wy - 0.2, wy + 0.1)])
            end = np.array([side + lay.between(-0.2, 0.2), hy - 0.05])
            folds += crease(start, end, lay.between(0.05, 0.09), lay.between(0.4, 0.75))
    return folds
