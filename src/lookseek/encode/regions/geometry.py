"""From landmarks to the five regions of a garment: a grid of places in each, turned and sized as the garment is.

The regions are PS-Net's (Lang et al., "Which is Plagiarism", CVPR 2020): collar, chest, waist and two sleeves. Where
they lie by landmarks is ours: the paper's geometry could not be found.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["LANDMARKS", "REGIONS", "SAMPLES", "region_points"]

REGIONS = ("collar", "chest", "waist", "left sleeve", "right sleeve")
"""Left and right as the picture shows the garment."""

LANDMARKS = (
    "collar_left", "collar_right", "collar_centre", "shoulder_left", "shoulder_right",
    "waist_left", "waist_right", "hem_left", "hem_right", "sleeve_left", "sleeve_right",
)  # fmt: skip
"""A sleeve's landmark is the middle of its end; the garment has no sleeve where it has none."""

_SIDE = 6
SAMPLES = _SIDE * _SIDE
"""Places of each region."""

Points = NDArray[np.float64]


def region_points(landmarks: Mapping[str, tuple[float, float]]) -> tuple[Points, NDArray[np.bool_]]:
    """Return places in each region of a garment.

    Args:
        landmarks: name to x, y, in any scale; those of the sleeves may lack.

    Returns:
        float64 (5, SAMPLES, 2), in the scale of the landmarks, and bool (5,): which regions the garment has; places of
        one that it has not are zeros.

    >>> upright = dict(
    ...     collar_left=(4, 0),
    ...     collar_right=(6, 0),
    ...     collar_centre=(5, 1),
    ...     shoulder_left=(0, 0),
    ...     shoulder_right=(10, 0),
    ...     waist_left=(1, 8),
    ...     waist_right=(9, 8),
    ...     hem_left=(0, 14),
    ...     hem_right=(10, 14),
    ... )
    >>> points, there = region_points(upright)
    >>> points[1].mean(0).round(1).tolist(), there.tolist()
    ([5.0, 4.2], [True, True, True, False, False])
    """
    at = {name: np.array(point, np.float64) for name, point in landmarks.items()}
    shoulder, waist = _middle(at, "shoulder"), _middle(at, "waist")
    across = _direction(at["shoulder_right"] - at["shoulder_left"])
    width = float(np.linalg.norm(at["shoulder_right"] - at["shoulder_left"]))
    trunk = waist - shoulder
    down = _direction(trunk)
    neck = float(np.linalg.norm(at["collar_right"] - at["collar_left"]))
    collar = (at["collar_left"] + at["collar_right"] + at["collar_centre"]) / 3
    depth = float(np.linalg.norm(at["collar_centre"] - (at["collar_left"] + at["collar_right"]) / 2))
    length, girth = float(np.linalg.norm(trunk)), float(np.linalg.norm(at["waist_right"] - at["waist_left"]))
    grids = [
        _grid(collar, across * 0.60 * neck, down * (0.20 * neck + 0.55 * depth)),
        _grid(shoulder + 0.53 * trunk, across * 0.20 * width, down * 0.22 * length),
        _grid(waist, _direction(at["waist_right"] - at["waist_left"]) * 0.44 * girth, down * 0.09 * length),
    ]
    there = [True, True, True]
    for side in ("left", "right"):
        end = at.get(f"sleeve_{side}")
        there.append(end is not None)
        if end is None:
            grids.append(np.zeros((SAMPLES, 2)))
            continue
        top = at[f"shoulder_{side}"] + 0.12 * trunk
        along = end - top
        sideways = np.array([-along[1], along[0]]) / max(1e-9, float(np.linalg.norm(along)))
        grids.append(_grid(top + 0.55 * along, sideways * 0.09 * width, 0.36 * along))
    return np.stack(grids), np.array(there)


def _middle(at: Mapping[str, Points], name: str) -> Points:
    return np.asarray((at[f"{name}_left"] + at[f"{name}_right"]) / 2)


def _direction(line: Points) -> Points:
    return np.asarray(line / max(1e-9, float(np.linalg.norm(line))))


def _grid(centre: Points, across: Points, down: Points) -> Points:
    """Return a grid of places around a centre, as far as the two half sides."""
    steps = (np.arange(_SIDE) + 0.5) / _SIDE * 2 - 1
    return np.asarray(centre + (steps[:, None, None] * down + steps[None, :, None] * across).reshape(-1, 2))
