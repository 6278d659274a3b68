"""The tower's cells of each view, computed once and kept in the run's folder: the tower stays as it is.

SPLIT-cells.npy      float16 (views, CELLS, channels)
SPLIT-vectors.npy    float32 (views, dim), the model's vectors, of length 1
SPLIT-done.json      how many views are there, and of which training
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...encode.encoder import Prepared
from ...encode.pairs.pyramid import CELLS, Pyramid
from ...encode.runtime import cores
from ...errors import ItemError
from ...progress import Progress
from ...types import Skipped
from ...vectors import unit
from ..trainer.kept_arrays import KeptArrays, Shapes, open_arrays
from .examples import PairExamples

__all__ = ["PairCells", "compute_cells"]

_STEP, _RUN = 64, 8


@dataclass(frozen=True, slots=True, eq=False)
class PairCells:
    """A split's views.

    Args:
        cells: float16 (views, CELLS, channels), on disk.
        vectors: float32 (views, dim), of length 1.
        groups: number of each view's item, int64 (views,).
        plain: views that a gallery would have, bool (views,).
        broken: rows of views that can't be decoded.
    """

    cells: NDArray[np.float16]
    vectors: NDArray[np.float32]
    groups: NDArray[np.int64]
    plain: NDArray[np.bool_]
    broken: frozenset[int]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Return which views can be learned from, bool (views,)."""
        return ~np.isin(np.arange(len(self.groups)), list(self.broken))


def compute_cells(
    folder: Path,
    split: str,
    examples: PairExamples,
    pyramid: Pyramid,
    content: str,
    progress: Progress,
) -> PairCells:
    """Return the cells of a split; those that are not there yet are computed.

    Args:
        folder: of the cache, made where it is not there.
        split: names the files.
        examples: the views.
        pyramid: the tower.
        content: of the views and the tower: with another one, what is kept is refused.
        progress: notified of every view, and of those that can't be decoded.

    Raises:
        TrainError: the files can't be written, or a kept one is not of these views.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    count = len(examples)
    shapes: Shapes = {
        "cells": (np.float16, (count, CELLS, pyramid.channels)),
        "vectors": (np.float32, (count, pyramid.dim)),
    }
    kept = open_arrays(folder, split, content, shapes, "cells")
    progress.phase(f"looking at the photos of {split}", count)
    progress.advance(kept.done)
    _compute(examples, pyramid, kept, progress)
    vectors = np.array(kept.arrays["vectors"])
    return PairCells(kept.arrays["cells"], vectors, examples.groups, examples.plain, frozenset(kept.broken))


def _compute(examples: PairExamples, pyramid: Pyramid, kept: KeptArrays, progress: Progress) -> None:
    """Compute the cells that are left, and write down how far it is."""

    def prepared(row: int) -> Prepared | str:
        try:
            return pyramid.prepare(examples.pixels(row))
        except ItemError as error:
            return str(error)

    with ThreadPoolExecutor(cores()) as pool:
        for start in range(kept.done, len(examples), _STEP):
            taken = range(start, min(start + _STEP, len(examples)))
            photos = list(pool.map(prepared, taken))
            good = [place for place, photo in enumerate(photos) if not isinstance(photo, str)]
            for row, photo in zip(taken, photos, strict=True):
                if isinstance(photo, str):
                    progress.skipped(Skipped(examples.items[row].id, "broken photo", photo))
                    kept.broken.append(row)
            parts = [[photos[place] for place in good[at : at + _RUN]] for at in range(0, len(good), _RUN)]
            for at, (cells, vectors) in zip(range(0, len(good), _RUN), pool.map(pyramid.encode, parts), strict=True):
                rows = [taken[place] for place in good[at : at + _RUN]]
                kept.arrays["cells"][rows], kept.arrays["vectors"][rows] = cells.clip(0, 60_000), unit(vectors)
            if (start // _STEP) % 8 == 7 or taken.stop == len(examples):
                kept.save(taken.stop)
            progress.advance(len(taken))
