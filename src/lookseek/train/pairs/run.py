"""What the run.json of a matcher holds, and the network that the run folder keeps."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...atomic import write_bytes
from ...encode.pairs.file import CellReduction
from ...encode.pairs.pyramid import SCALES
from ...errors import TrainError
from ..trainer.run_folder import RunFolder, best_weights
from .network import PairNetwork
from .settings import PairSettings

__all__ = ["PairRun", "read_reduction", "read_run", "run_folder", "write_reduction"]

REDUCTION = "reduction.npz"
"""Beside the weights: what makes the cells that they compare."""


@dataclass(frozen=True, slots=True)
class PairRun:
    """What makes a training the same training.

    Args:
        recipe: ``pairs``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the folder, absolute, or the word drawn.
        model: whose maps are compared: a shipped model's name, or a model folder, absolute.
        checksum: of that model.
        channels: of its cells.
        views: split to how many.
        content: hex, of the views.
    """

    recipe: str
    preset: str
    settings: PairSettings
    data: str
    model: str
    checksum: str
    channels: int
    views: Mapping[str, int]
    content: str

    def network(self, folder: Path) -> PairNetwork:
        """Return the network of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        weights = best_weights(folder)
        network = PairNetwork(SCALES, self.settings)
        network.load_state_dict(weights)
        return network.eval()


def write_reduction(folder: Path, reduction: CellReduction) -> None:
    """Keep the reduction of a run's cells in its folder."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, weight=reduction.weight, offset=reduction.offset)
    write_bytes(folder / REDUCTION, file.getvalue())


def read_reduction(folder: Path) -> CellReduction:
    """Return the reduction of a run's cells.

    Raises:
        TrainError: there is none yet.
    """
    try:
        with np.load(folder / REDUCTION, allow_pickle=False) as file:
            return CellReduction(SCALES, file["weight"], file["offset"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TrainError(f"{folder} has no {REDUCTION} that can be read ({error}): run the training again") from error


def run_folder(path: Path) -> RunFolder[PairRun]:
    """Return a folder as the run folder of a matcher."""
    return RunFolder(path, "pairs", PairRun)


def read_run(path: Path) -> PairRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of a matcher, or another version of lookseek wrote it.
    """
    return run_folder(path).read()
