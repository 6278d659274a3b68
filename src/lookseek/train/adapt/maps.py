"""What the frozen half makes of each photo, computed once and kept in the run's folder: see ``align.maps``.

    SPLIT-maps.npy      float16 (views, 120, 14, 14)
    SPLIT-small.npy     uint8 (views, 56, 56, 3)
    SPLIT-done.json     how many views are there, and of which training

Each photo is there as it is; every third photo of train also in a strong view (``views.py``).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...encode.prepare import resize_to_input
from ...encode.runtime import Tower, cores
from ...errors import ItemError
from ...progress import Progress
from ...types import Pixels, Skipped
from ..align.maps import PREPROCESSING
from ..align.network import CELLS, MAP, SIZE, SMALL, Trunk
from ..export.opened import open_encoder
from ..trainer.kept_arrays import Shapes, open_arrays
from .examples import Examples
from .views import strong_view

__all__ = ["MapTable", "compute_maps", "view_rows"]

STRONG_EVERY = 3
"""Photos of train for one that is also seen in a strong view."""

_STEP, _RUN = 64, 16


@dataclass(frozen=True, slots=True, eq=False)
class MapTable:
    """A split's photos as the frozen half gives them.

    Args:
        maps: float16 (views, 120, 14, 14), on disk.
        small: uint8 (views, 56, 56, 3), on disk.
        photo: row of the photo of each view, int64 (views,); the first are the photos as they are.
        broken: rows of photos that can't be decoded.
    """

    maps: NDArray[np.float16]
    small: NDArray[np.uint8]
    photo: NDArray[np.int64]
    broken: frozenset[int]

    def load(self, views: NDArray[np.int64] | slice) -> tuple[Tensor, Tensor]:
        """Return maps float32 (n, 120, 14, 14) and colours float32 (n, 3, 56, 56) of views."""
        maps = torch.from_numpy(self.maps[views].astype(np.float32))
        small = torch.from_numpy(self.small[views].astype(np.float32)).permute(0, 3, 1, 2)
        return maps.contiguous(memory_format=torch.channels_last), small.contiguous(memory_format=torch.channels_last)


def view_rows(count: int, strong: bool) -> NDArray[np.int64]:
    """Return the photo of each view, int64 (views,): every photo, then those that are seen in a strong view.

    >>> view_rows(4, True).tolist()
    [0, 1, 2, 3, 0, 3]
    """
    plain = np.arange(count)
    return np.concatenate([plain, plain[::STRONG_EVERY]]) if strong else plain


def compute_maps(
    folder: Path, split: str, examples: Examples, trunk: Trunk, content: str, progress: Progress
) -> MapTable:
    """Return the maps of a split; those that are not there yet are computed.

    Args:
        folder: of the cache, made where it is not there.
        split: train, which also has strong views, or val.
        examples: the photos.
        trunk: the frozen half.
        content: of the photos and the trunk: with another one, what is kept is void.
        progress: notified of every view, and of photos that can't be decoded.

    Raises:
        TrainError: the files can't be written, or a kept one is not of these photos.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    photo = view_rows(len(examples), split == "train")
    count = len(photo)
    shapes: Shapes = {"maps": (np.float16, (count, MAP, CELLS, CELLS)), "small": (np.uint8, (count, SMALL, SMALL, 3))}
    kept = open_arrays(folder, split, content, shapes, "the maps")
    maps, small = kept.arrays["maps"], kept.arrays["small"]
    progress.phase(f"looking at the photos of {split}", count)
    progress.advance(kept.done)

    def prepared(place: int) -> Pixels | str:
        row = int(photo[place])
        try:
            pixels = examples.pixels(row)
        except ItemError as error:
            return str(error)
        if place >= len(examples):
            pixels = strong_view(pixels, Random(f"{split} {row}"), examples.backgrounds)  # noqa: S311
        return resize_to_input(pixels, PREPROCESSING)

    if kept.done < count:
        encoder = _opened(trunk)
        with ThreadPoolExecutor(cores()) as decoding, ThreadPoolExecutor(cores()) as running:
            steps = range(kept.done, count, _STEP)
            ahead = [decoding.submit(prepared, place) for place in range(steps[0], min(steps[0] + _STEP, count))]
            for start in steps:
                pixels = [one.result() for one in ahead]
                end = start + len(pixels)
                ahead = [decoding.submit(prepared, place) for place in range(end, min(end + _STEP, count))]
                for place, one in enumerate(pixels, start):
                    if isinstance(one, str) and place < len(examples):
                        progress.skipped(Skipped(examples.items[place].id, "broken photo", one))
                        kept.broken.append(place)
                batch = np.stack(
                    [np.zeros((SIZE, SIZE, 3), np.uint8) if isinstance(one, str) else one for one in pixels]
                )
                parts = [batch[at : at + _RUN] for at in range(0, len(batch), _RUN)]
                maps[start:end] = np.concatenate(list(running.map(encoder.run, parts))).clip(-60_000, 60_000)
                side = SIZE // SMALL
                means = batch.reshape(-1, SMALL, side, SMALL, side, 3).mean((2, 4), dtype=np.float32)
                small[start:end] = means.round()
                if (start // _STEP) % 16 == 15 or end == count:
                    kept.save(end)
                progress.advance(len(pixels))
    return MapTable(maps, small, photo, frozenset(kept.broken))


@lru_cache(maxsize=1)  # train and val are encoded by one trunk, and to write its graph takes torch half a minute
def _opened(trunk: Trunk) -> Tower:
    return open_encoder(trunk, SIZE)
