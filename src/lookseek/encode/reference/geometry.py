"""How much each cell of a map counts in the mean of some places between cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["place_weights"]


def place_weights(points: NDArray[np.floating], rows: int, columns: int) -> NDArray[np.float32]:
    """Return weights by which a map's cells sum to the mean of its values at places, between cells bilinear.

    Args:
        points: x and y as shares of the map's sides, float (regions, places, 2); places beside the map count as those
            at its edge.
        rows: of the map, >= 1.
        columns: of the map, >= 1.

    Returns:
        float32 (regions, rows * columns), row after row; each region's sum to 1.

    >>> place_weights(np.array([[[0.5, 0.25]]]), 2, 2).tolist()
    [[0.5, 0.5, 0.0, 0.0]]
    """
    regions, places, _ = points.shape
    x = np.clip(points[..., 0] * columns - 0.5, 0, columns - 1)
    y = np.clip(points[..., 1] * rows - 0.5, 0, rows - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, down = x - left, y - top
    weights = np.zeros((regions, rows * columns), np.float32)
    owner = np.broadcast_to(np.arange(regions)[:, None], x.shape)
    for dy in (0, 1):
        for dx in (0, 1):
            cell = np.minimum(top + dy, rows - 1) * columns + np.minimum(left + dx, columns - 1)
            share = (down if dy else 1 - down) * (right if dx else 1 - right)
            np.add.at(weights, (owner, cell), (share / places).astype(np.float32))
    return weights
