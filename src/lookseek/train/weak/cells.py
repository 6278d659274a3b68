"""Photos in cells of similar vectors, to count which words are of a look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...types import Vectors

__all__ = ["cells_of"]

_STEPS = 10
_MOST = 65_536
"""Products of a row with centres that are computed together."""


def cells_of(vectors: Vectors, cells: int, seed: int) -> NDArray[np.int64]:
    """Return the cell of each vector, int64 (n,): spherical k-means, ten steps from centres drawn of the vectors.

    Args:
        vectors: float32 (n, dim), of length 1.
        cells: how many, >= 1; fewer of fewer vectors.
        seed: of the first centres.
    """
    random = np.random.default_rng(seed)
    centres = vectors[np.sort(random.permutation(len(vectors))[:cells])]
    own = np.zeros(len(vectors), np.int64)
    for _ in range(_STEPS):
        own = _nearest(vectors, centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, own, vectors)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 0, sums / np.maximum(length, 1e-12), centres)  # an empty cell stays where it is
    return _nearest(vectors, centres)


def _nearest(vectors: Vectors, centres: Vectors) -> NDArray[np.int64]:
    rows = max(1, _MOST // len(centres))
    parts = [(vectors[at : at + rows] @ centres.T).argmax(1) for at in range(0, len(vectors), rows)]
    return np.concatenate(parts).astype(np.int64)
