"""A tower's map in fewer cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["square_means"]


def square_means(maps: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return the means of maps over side x side cells, which overlap where they don't divide the map.

    Args:
        maps: float32 (n, rows, columns, channels).
        side: cells a side, >= 1.

    Returns:
        float32 (n, side * side, channels), row after row.

    >>> square_means(np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1), 2)[0, :, 0].tolist()
    [2.0, 3.0, 5.0, 6.0]
    """
    _, rows, columns, _ = maps.shape
    cells = [
        maps[:, r * rows // side : -(-(r + 1) * rows // side), c * columns // side : -(-(c + 1) * columns // side)]
        for r in range(side)
        for c in range(side)
    ]
    return np.stack([cell.mean((1, 2)) for cell in cells], axis=1)
