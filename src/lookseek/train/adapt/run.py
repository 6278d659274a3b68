"""What the run.json of new heads holds, and the networks that the run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..trainer.run_folder import RunFolder, best_weights
from ..words.fact_table import FactTable
from ..words.lexicon import read_lexicon
from .last_stages import mix
from .network import AdaptedHeads
from .settings import AdaptSettings
from .tower import FeatureTower, build_tower

__all__ = ["TOWER", "AdaptRun", "read_run", "run_folder"]

TOWER = "tower"
"""Folder of the training of the last stages."""


@dataclass(frozen=True, slots=True)
class AdaptRun:
    """What makes a training the same training.

    Args:
        recipe: ``adapt``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the folder, absolute.
        photos: split to how many.
        texts: split to how many different ones.
        content: hex, of photos and words.
        weights: where the tower's weights came from.
    """

    recipe: str
    preset: str
    settings: AdaptSettings
    data: str
    photos: Mapping[str, int]
    texts: Mapping[str, int]
    content: str
    weights: str

    def networks(self, folder: Path) -> tuple[FeatureTower, AdaptedHeads]:
        """Return the tower, and the heads of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        weights = best_weights(folder)
        heads = AdaptedHeads(self.settings, len(FactTable.of(read_lexicon()).facts))
        heads.load_state_dict(weights)
        tower, _ = build_tower(self.settings.tower)
        if self.settings.tower_epochs:
            mix(tower.joint, best_weights(folder / TOWER), self.settings.learned)
        return tower, heads.eval()


def run_folder(path: Path) -> RunFolder[AdaptRun]:
    """Return a folder as the run folder of new heads."""
    return RunFolder(path, "adapt", AdaptRun)


def read_run(path: Path) -> AdaptRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of new heads, or another version of lookseek wrote it.
    """
    return run_folder(path).read()
