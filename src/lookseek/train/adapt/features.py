"""The tower's features of each photo, computed once and kept in the run's folder: an epoch of heads takes seconds.

    SPLIT-features.npy    float16 (views, 1408)
    SPLIT-done.json       how many views are there, and of which training

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

from ...encode.prepare import resize_to_input
from ...encode.runtime import Tower, cores, open_tower
from ...errors import ItemError
from ...progress import Progress
from ...types import Pixels, Skipped
from ..align.maps import PREPROCESSING
from ..align.network import SIZE
from ..export.graph import export_onnx
from ..export.parity import INSTALL
from ..trainer.kept_arrays import open_arrays
from .examples import Examples
from .tower import FEATURES, FeatureTower
from .views import strong_view

__all__ = ["FeatureTable", "compute_features", "view_rows"]

STRONG_EVERY = 3
"""Photos of train for one that is also seen in a strong view."""

_STEP, _RUN = 64, 8


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """A split's photos as the tower gives them.

    Args:
        features: float16 (views, 1408), on disk.
        photo: row of the photo of each view, int64 (views,); the first are the photos as they are.
        broken: rows of photos that can't be decoded.
    """

    features: NDArray[np.float16]
    photo: NDArray[np.int64]
    broken: frozenset[int]


def view_rows(count: int, strong: bool) -> NDArray[np.int64]:
    """Return the photo of each view, int64 (views,): every photo, then those that are seen in a strong view.

    >>> view_rows(4, True).tolist()
    [0, 1, 2, 3, 0, 3]
    """
    plain = np.arange(count)
    return np.concatenate([plain, plain[::STRONG_EVERY]]) if strong else plain


def compute_features(
    folder: Path, split: str, examples: Examples, tower: FeatureTower, content: str, progress: Progress
) -> FeatureTable:
    """Return the features of a split; those that are not there yet are computed.

    Args:
        folder: of the cache, made where it is not there.
        split: train, which also has strong views, or val.
        examples: the photos.
        tower: that encodes them.
        content: of the photos and the tower: with another one, what is kept is void.
        progress: notified of every view, and of photos that can't be decoded.

    Raises:
        TrainError: the files can't be written, or a kept one is not of these photos.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    photo = view_rows(len(examples), split == "train")
    kept = open_arrays(folder, split, content, {"features": (np.float16, (len(photo), FEATURES))}, "features")
    features: NDArray[np.float16] = kept.arrays["features"]
    progress.phase(f"looking at the photos of {split}", len(photo))
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

    if kept.done < len(photo):
        encoder = _opened(tower)
        with ThreadPoolExecutor(cores()) as decoding, ThreadPoolExecutor(cores()) as running:
            steps = range(kept.done, len(photo), _STEP)
            ahead = [decoding.submit(prepared, place) for place in range(steps[0], min(steps[0] + _STEP, len(photo)))]
            for start in steps:
                pixels = [one.result() for one in ahead]
                end = start + len(pixels)
                ahead = [decoding.submit(prepared, place) for place in range(end, min(end + _STEP, len(photo)))]
                for place, one in enumerate(pixels, start):
                    if isinstance(one, str) and place < len(examples):
                        progress.skipped(Skipped(examples.items[place].id, "broken photo", one))
                        kept.broken.append(place)
                batch = np.stack(
                    [np.zeros((SIZE, SIZE, 3), np.uint8) if isinstance(one, str) else one for one in pixels]
                )
                parts = [batch[at : at + _RUN] for at in range(0, len(batch), _RUN)]
                features[start:end] = np.concatenate(list(running.map(encoder.run, parts))).clip(0, 60_000)
                if (start // _STEP) % 16 == 15 or end == len(photo):
                    kept.save(end)
                progress.advance(len(pixels))
    return FeatureTable(features, photo, frozenset(kept.broken))


@lru_cache(maxsize=1)  # train and val are encoded by one tower, and to write its graph takes torch half a minute
def _opened(tower: FeatureTower) -> Tower:
    graph = export_onnx(tower, {"photos": torch.zeros((2, SIZE, SIZE, 3), dtype=torch.uint8)}, INSTALL)
    return open_tower(graph.SerializeToString(), threads=None, single=False)
