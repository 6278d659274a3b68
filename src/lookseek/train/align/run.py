"""What the run.json of a joint space holds, and the networks that the run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..trainer.run_folder import RunFolder, best_weights
from .network import JointNetwork, Trunk, build_networks
from .settings import AlignSettings

__all__ = ["AlignRun", "read_run", "run_folder"]


@dataclass(frozen=True, slots=True)
class AlignRun:
    """What makes a training the same training.

    Args:
        recipe: ``align``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the folder, absolute.
        photos: split to how many.
        texts: split to how many different ones.
        content: hex, of photos and words.
        weights: where the tower's first weights came from.
    """

    recipe: str
    preset: str
    settings: AlignSettings
    data: str
    photos: Mapping[str, int]
    texts: Mapping[str, int]
    content: str
    weights: str

    def network(self, folder: Path) -> tuple[Trunk, JointNetwork]:
        """Return the frozen half, and the learning one of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        weights = best_weights(folder)
        trunk, joint, _ = build_networks(self.settings)
        joint.load_state_dict(weights)
        return trunk, joint.eval()


def run_folder(path: Path) -> RunFolder[AlignRun]:
    """Return a folder as the run folder of a joint space."""
    return RunFolder(path, "align", AlignRun)


def read_run(path: Path) -> AlignRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of a joint space, or another version of lookseek wrote it.
    """
    return run_folder(path).read()
