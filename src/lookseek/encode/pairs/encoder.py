"""The reduced cells of photos, as an index keeps them beside its vectors: 3.6 KB a photo."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ...types import Pixels
from ..encoder import Prepared
from ..folder import ModelFolder
from ..runtime import cores
from .file import CellReduction
from .matcher import reduce_cells
from .pyramid import Pyramid

__all__ = ["PairEncoder", "is_pair_vector", "pair_vector"]

_PREFIX = "pairs_"
"""Of the name under which an index keeps cells; the version of the reduction follows: others' can't be compared."""

_CHUNK = 8


class PairEncoder:
    """Cells that a matcher compares, several vectors a photo. See Encoder.

    Args:
        model: the folder of the model.
        reduction: of its matcher.

    Raises:
        ModelError: the tower pools no map, or can't be loaded.
    """

    def __init__(self, model: ModelFolder, reduction: CellReduction) -> None:
        self.name, self.dim = pair_vector(reduction), len(reduction.weight)
        self.count = reduction.cells
        self._pyramid, self._reduction = Pyramid(model), reduction
        self.min_side = self._pyramid.min_side
        self._pool = ThreadPoolExecutor(cores(), thread_name_prefix="lookseek-pairs")

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return self._pyramid.prepare(pixels)

    def encode(self, batch: Sequence[Prepared]) -> NDArray[np.float32]:
        """Return the reduced cells of photos, float32 (n, cells, dim), each of length 1."""
        starts = range(0, len(batch), _CHUNK)
        parts = self._pool.map(lambda at: self._some(batch[at : at + _CHUNK]), starts)
        return np.concatenate([np.empty((0, self.count, self.dim), np.float32), *parts])

    def _some(self, photos: Sequence[Prepared]) -> NDArray[np.float32]:
        return reduce_cells(self._pyramid.encode(photos)[0], self._reduction)


def pair_vector(reduction: CellReduction) -> str:
    """Return the name under which an index keeps cells that were reduced so."""
    return _PREFIX + reduction.version


def is_pair_vector(name: str) -> bool:
    """Return whether an index keeps reduced cells under a name, of whatever version.

    >>> is_pair_vector("pairs_0123456789ab"), is_pair_vector("look")
    (True, False)
    """
    return name.startswith(_PREFIX)
