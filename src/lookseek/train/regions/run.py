"""What the run.json of a model of regions holds, and the network that the run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..trainer.run_folder import RunFolder, best_weights
from .network import RegionLayers, RegionNetwork, build_region_tower
from .settings import RegionsSettings

__all__ = ["RegionsRun", "read_run", "run_folder"]


@dataclass(frozen=True, slots=True)
class RegionsRun:
    """What makes a training the same training.

    Args:
        recipe: ``regions``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        photos: split to how many.
        weights: where the tower's weights came from.
    """

    recipe: str
    preset: str
    settings: RegionsSettings
    photos: Mapping[str, int]
    weights: str

    def network(self, folder: Path) -> RegionNetwork:
        """Return the network of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        weights = best_weights(folder)
        layers = RegionLayers(self.settings.width, self.settings.dim)
        layers.load_state_dict(weights)
        return RegionNetwork(build_region_tower()[0], layers).eval()


def run_folder(path: Path) -> RunFolder[RegionsRun]:
    """Return a folder as the run folder of a model of regions."""
    return RunFolder(path, "regions", RegionsRun)


def read_run(path: Path) -> RegionsRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of a model of regions, or another version of lookseek wrote it.
    """
    return run_folder(path).read()
