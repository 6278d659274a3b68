"""The tower's maps of each view, computed once and kept in the run's folder.

SPLIT-maps.npy      float16 (views, NUMBERS)
SPLIT-cells.npy     uint8 (views, 80, 80), the kind at each cell
SPLIT-done.json     how many views are there, and of which training
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...encode.runtime import Tower, cores
from ...errors import ItemError
from ...progress import Progress
from ...types import Pixels, Skipped
from ..trainer.kept_arrays import Shapes, open_arrays
from .examples import ParserExamples
from .network import CELLS, NUMBERS, SIZE

__all__ = ["ParserMaps", "compute_maps"]

_STEP, _RUN = 32, 4


@dataclass(frozen=True, slots=True, eq=False)
class ParserMaps:
    """A split's views.

    Args:
        maps: float16 (views, NUMBERS), on disk.
        cells: kind at each cell, uint8 (views, 80, 80), on disk.
        kind: the one kind of a view whose cells are unknown, int64 (views,); 0 where they are known.
        broken: rows of views that can't be decoded.
    """

    maps: NDArray[np.float16]
    cells: NDArray[np.uint8]
    kind: NDArray[np.int64]
    broken: frozenset[int]

    @property
    def usable(self) -> NDArray[np.intp]:
        """Return the rows that can be learned from."""
        return np.array([row for row in range(len(self.kind)) if row not in self.broken], np.intp)


def compute_maps(
    folder: Path,
    split: str,
    examples: ParserExamples,
    encoder_of: Callable[[], Tower],
    content: str,
    progress: Progress,
) -> ParserMaps:
    """Return the maps of a split; those that are not there yet are computed.

    Args:
        folder: of the cache, made where it is not there.
        split: names the files.
        examples: the views.
        encoder_of: returns the tower's graph, opened; called where views are left.
        content: of the views and the tower: with another one, what is kept is refused.
        progress: notified of every view, and of those that can't be decoded.

    Raises:
        TrainError: the files can't be written, or a kept one is not of these views.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    count = len(examples)
    shapes: Shapes = {"maps": (np.float16, (count, NUMBERS)), "cells": (np.uint8, (count, CELLS, CELLS))}
    kept = open_arrays(folder, split, content, shapes, "the maps")
    maps, cells = kept.arrays["maps"], kept.arrays["cells"]
    progress.phase(f"looking at the photos of {split}", count)
    progress.advance(kept.done)
    encoder = encoder_of() if kept.done < count else None

    def loaded(row: int) -> tuple[Pixels, NDArray[np.uint8]] | str:
        try:
            return examples.load(row)
        except ItemError as error:
            return str(error)

    with ThreadPoolExecutor(cores()) as pool:
        for start in range(kept.done, count, _STEP):
            taken = range(start, min(start + _STEP, count))
            photos = np.zeros((len(taken), SIZE, SIZE, 3), np.uint8)
            for row, found in zip(taken, pool.map(loaded, taken), strict=True):
                if isinstance(found, str):
                    progress.skipped(Skipped(examples.items[row].id, "broken photo", found))
                    kept.broken.append(row)
                else:
                    photos[row - start], cells[row] = found
            parts = [photos[at : at + _RUN] for at in range(0, len(photos), _RUN)]
            assert encoder is not None
            found_maps = np.concatenate(list(pool.map(encoder.run, parts)))
            maps[taken.start : taken.stop] = found_maps.clip(-60_000, 60_000).astype(np.float16)
            if (start // _STEP) % 8 == 7 or taken.stop == count:
                kept.save(taken.stop)
            progress.advance(len(taken))
    kind = np.array([item.kind for item in examples.items], np.int64)
    return ParserMaps(maps, cells, kind, frozenset(kept.broken))
