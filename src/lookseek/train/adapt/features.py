"""The tower's features of each photo, computed once and kept in the run's folder: an epoch of heads takes seconds.

SPLIT-features.npy    float16 (views, 1408)
SPLIT-done.json       how many views are there, and of which tower
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray

from ...progress import Progress
from ..align.network import JointNetwork
from ..trainer.kept_arrays import open_arrays
from .maps import MapTable
from .tower import FEATURES

__all__ = ["FeatureTable", "compute_features"]

_STEP = 256


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


def compute_features(
    folder: Path, split: str, maps: MapTable, joint: JointNetwork, content: str, fabric: Fabric, progress: Progress
) -> FeatureTable:
    """Return the features of a split; those that are not there yet are computed.

    Args:
        folder: of the cache, made where it is not there.
        split: names the files.
        maps: of the photos.
        joint: the last stages, and the palette.
        content: of the maps and the last stages: with another one, what is kept is void.
        fabric: in whose precision they run.
        progress: notified of every view.

    Raises:
        TrainError: the files can't be written, or a kept one is of something else.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    count = len(maps.photo)
    kept = open_arrays(folder, split, content, {"features": (np.float16, (count, FEATURES))}, "features")
    features: NDArray[np.float16] = kept.arrays["features"]
    progress.phase(f"features of {split}", count)
    progress.advance(kept.done)
    joint.eval()
    for start in range(kept.done, count, _STEP):
        part = slice(start, min(start + _STEP, count))
        features[part] = features_of(joint, maps, part, fabric).clamp(0, 60_000).cpu().numpy()
        if (start // _STEP) % 16 == 15 or part.stop == count:
            kept.save(part.stop)
        progress.advance(part.stop - start)
    return FeatureTable(features, maps.photo, maps.broken)


def features_of(joint: JointNetwork, maps: MapTable, views: slice, fabric: Fabric) -> torch.Tensor:
    """Return features of views, float32 (n, 1408)."""
    with torch.no_grad(), fabric.autocast():
        pooled, shares = joint.features(*(one.to(joint.log_scale.device) for one in maps.load(views)))
        return torch.cat([pooled.float(), shares.float()], 1)
