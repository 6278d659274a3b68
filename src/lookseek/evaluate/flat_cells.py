"""Cells of a photo side by side in one vector, as the cache of vectors keeps them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..encode import Prepared
from ..encode.pairs.encoder import PairEncoder
from ..types import Pixels, Vectors

__all__ = ["FlatCells"]


class FlatCells:
    """An encoder of cells as one of single vectors. See Encoder.

    Args:
        cells: the encoder.
    """

    def __init__(self, cells: PairEncoder) -> None:
        self._cells = cells
        self.name, self.dim, self.min_side = cells.name, cells.count * cells.dim, cells.min_side

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return self._cells.prepare(pixels)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder: float32 (n, cells * dim)."""
        return np.ascontiguousarray(self._cells.encode(batch).reshape(len(batch), self.dim))
