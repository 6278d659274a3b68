"""The tower's maps of each photo, computed once and kept in the run's folder: SPLIT-maps.npy, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...encode.runtime import Tower, cores
from ...progress import Progress
from ..trainer.kept_arrays import open_arrays
from .examples import RegionExamples
from .network import NUMBERS

__all__ = ["compute_maps"]

_STEP, _RUN = 32, 4


def compute_maps(
    folder: Path,
    split: str,
    examples: RegionExamples,
    encoder_of: Callable[[], Tower],
    content: str,
    progress: Progress,
) -> NDArray[np.float16]:
    """Return the maps of a split, float16 (n, NUMBERS) on disk; those that are not there yet are computed.

    Args:
        folder: of the cache, made where it is not there.
        split: names the files.
        examples: the photos.
        encoder_of: returns the tower's graph, opened; called where photos are left.
        content: of the photos and the tower: with another one, what is kept is refused.
        progress: notified of every photo.

    Raises:
        TrainError: the files can't be written, or a kept one is not of these photos.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    count = len(examples)
    kept = open_arrays(folder, split, content, {"maps": (np.float16, (count, NUMBERS))}, "the maps")
    maps: NDArray[np.float16] = kept.arrays["maps"]
    progress.phase(f"drawing the photos of {split}", count)
    progress.advance(kept.done)
    encoder = encoder_of() if kept.done < count else None
    with ThreadPoolExecutor(cores()) as pool:
        for start in range(kept.done, count, _STEP):
            taken = range(start, min(start + _STEP, count))
            photos = np.stack(list(pool.map(examples.load, taken)))
            assert encoder is not None
            parts = [photos[at : at + _RUN] for at in range(0, len(photos), _RUN)]
            found = np.concatenate(list(pool.map(encoder.run, parts)))
            maps[taken.start : taken.stop] = found.clip(-60_000, 60_000).astype(np.float16)
            if (start // _STEP) % 8 == 7 or taken.stop == count:
                kept.save(taken.stop)
            progress.advance(len(taken))
    return maps
