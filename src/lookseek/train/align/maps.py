"""What the frozen half makes of each photo, computed once and kept in the run's folder: an epoch costs a third of it.

    SPLIT-maps.npy      float16 (n * views, 120, 14, 14)
    SPLIT-small.npy     uint8 (n * views, 56, 56, 3)
    SPLIT-done.json     how many photos are there, and of which training

A photo of train is kept as it is and mirrored (a garment mirrored is the same garment); one of val as it is.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ... import images
from ...encode.prepare import Preprocessing, min_side, resize_to_input
from ...encode.runtime import cores
from ...errors import ItemError
from ...progress import Progress
from ...types import Pixels, Skipped
from ..export.opened import open_encoder
from ..trainer.kept_arrays import Shapes, open_arrays
from .labelled_items import LabelledItems
from .network import CELLS, MAP, SIZE, SMALL, Trunk

__all__ = ["PREPROCESSING", "FeatureMaps", "compute_maps"]

PREPROCESSING = Preprocessing(SIZE, SIZE, "pad", (0, 0, 0), (1, 1, 1), "uint8", "nhwc")
"""What the exported tower takes: it normalises inside."""

_STEP = 64


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMaps:
    """A split's photos as the frozen half gives them.

    Args:
        maps: float16 (n * views, 120, 14, 14), on disk; all views of a photo side by side.
        small: uint8 (n * views, 56, 56, 3), on disk.
        views: of each photo.
        broken: rows of photos that can't be decoded.
    """

    maps: NDArray[np.float16]
    small: NDArray[np.uint8]
    views: int
    broken: frozenset[int]

    def load(self, rows: NDArray[np.intp]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return maps float32 (n, 120, 14, 14) and colours float32 (n, 3, 56, 56) of rows of the files."""
        maps = torch.from_numpy(self.maps[rows].astype(np.float32))
        small = torch.from_numpy(self.small[rows]).permute(0, 3, 1, 2).float()
        return maps.contiguous(memory_format=torch.channels_last), small.contiguous(memory_format=torch.channels_last)


def compute_maps(
    folder: Path, split: str, items: LabelledItems, trunk: Trunk, mirrored: bool, progress: Progress
) -> FeatureMaps:
    """Return the maps of a split; those that are not there yet are computed.

    Args:
        folder: of the cache, made where it is not there.
        split: names the files.
        items: the photos.
        trunk: the frozen half.
        mirrored: whether each photo is kept twice, as it is and mirrored.
        progress: notified of every photo, and of those that can't be decoded.

    Raises:
        TrainError: the files can't be written, or a kept one is not of these photos.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    views = 2 if mirrored else 1
    rows = len(items) * views
    shapes: Shapes = {"maps": (np.float16, (rows, MAP, CELLS, CELLS)), "small": (np.uint8, (rows, SMALL, SMALL, 3))}
    kept = open_arrays(folder, split, items.photos_content, shapes, "the maps")
    maps, small = kept.arrays["maps"], kept.arrays["small"]
    progress.phase(f"looking at the photos of {split}", len(items))
    progress.advance(kept.done)
    tower = open_encoder(trunk, SIZE)

    def prepared(row: int) -> Pixels | str:
        try:
            return resize_to_input(images.decode(items.photo(row), min_side(PREPROCESSING)), PREPROCESSING)
        except ItemError as error:
            return str(error)

    with ThreadPoolExecutor(cores()) as pool:
        for start in range(kept.done, len(items), _STEP):
            taken = range(start, min(start + _STEP, len(items)))
            pixels = list(pool.map(prepared, taken))
            for row, one in zip(taken, pixels, strict=True):
                if isinstance(one, str):
                    progress.skipped(Skipped(items.items[row].id, "broken photo", one))
                    kept.broken.append(row)
            whole = [np.zeros((SIZE, SIZE, 3), np.uint8) if isinstance(one, str) else one for one in pixels]
            photos = np.stack([view for one in whole for view in (one, one[:, ::-1])[:views]])
            parts = np.array_split(photos, max(1, len(photos) // 16))
            place = slice(start * views, (start + len(taken)) * views)
            maps[place] = np.concatenate(list(pool.map(tower.run, parts))).clip(-60_000, 60_000).astype(np.float16)
            side = SIZE // SMALL
            means = photos.reshape(-1, SMALL, side, SMALL, side, 3).mean((2, 4), dtype=np.float32)
            small[place] = means.round().astype(np.uint8)
            if (start // _STEP) % 16 == 15 or taken.stop == len(items):
                kept.save(taken.stop)
            progress.advance(len(taken))
    return FeatureMaps(maps, small, views, frozenset(kept.broken))
