"""From a tower's cells to the few numbers of each that an index keeps: the directions in which they differ most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...encode.pairs.file import CellReduction
from ...encode.pairs.matcher import reduce_cells
from ...encode.pairs.pyramid import SCALES
from ..frozen_vectors import centre_and_spread
from .features import PairCells

__all__ = ["ReducedCells", "fit_reduction", "reduced"]

_SAMPLE = 20_000
"""Cells that the directions are computed from."""

_WHITEN = 0.25
"""Power of the variance that directions are divided by: between none and .5, which whitens them."""

_CHUNK = 256


@dataclass(frozen=True, slots=True, eq=False)
class ReducedCells:
    """A split's views as a matcher takes them.

    Args:
        cells: float32 (views, cells, dim), each of length 1.
        vectors: float32 (views, dim), of length 1.
        groups: number of each view's item, int64 (views,).
        plain: views that a gallery would have, bool (views,).
        usable: views that could be decoded, bool (views,).
    """

    cells: NDArray[np.float32]
    vectors: NDArray[np.float32]
    groups: NDArray[np.int64]
    plain: NDArray[np.bool_]
    usable: NDArray[np.bool_]


def fit_reduction(cells: PairCells, dim: int, seed: int) -> CellReduction:
    """Return the reduction by the principal components of the roots of channels, each channel scaled to its spread.

    Args:
        cells: of train.
        dim: numbers of a cell; no more than it has channels.
        seed: of the sample.
    """
    rows = np.flatnonzero(cells.usable)
    count = min(len(rows), max(1, _SAMPLE // cells.cells.shape[1]))
    some = np.sort(np.random.default_rng(seed).choice(rows, count, replace=False))
    roots = np.sqrt(np.maximum(cells.cells[some].astype(np.float32), 0)).reshape(-1, cells.cells.shape[2])
    centre, spread = centre_and_spread(roots)
    spread = np.maximum(spread, 1e-6)
    scaled = (roots - centre) / spread
    values, directions = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    best = directions[:, ::-1][:, :dim] / np.maximum(values[::-1][:dim], 1e-6) ** _WHITEN
    weight = np.ascontiguousarray((best / spread[:, None]).T, np.float32)
    return CellReduction(SCALES, weight, np.asarray(-(weight @ centre), np.float32))


def reduced(cells: PairCells, reduction: CellReduction) -> ReducedCells:
    """Return the views of a split with reduced cells, as an index would keep them."""
    starts = range(0, len(cells.groups), _CHUNK)
    parts = [reduce_cells(cells.cells[at : at + _CHUNK].astype(np.float32), reduction) for at in starts]
    return ReducedCells(np.concatenate(parts), cells.vectors, cells.groups, cells.plain, cells.usable)
