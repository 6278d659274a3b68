"""What the run.json of capsules holds, and the network that the run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...encode.prepare import Preprocessing
from ..trainer.run_folder import RunFolder, best_weights
from .network import CapsuleNetwork
from .settings import CapsuleSettings

__all__ = ["CapsuleRun", "read_run", "run_folder"]


@dataclass(frozen=True, slots=True)
class CapsuleRun:
    """What makes a training the same training.

    Args:
        recipe: ``capsule``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the source of the photos, as it was given, absolute.
        by: what says which item a photo shows.
        classes: in the order of the capsules.
        photos: split to how many photos of it were used.
        items: of train.
        content: hex, of ids, items, classes and splits: other photos are another training.
        street: the folder of the photos behind garments, absolute; "" where rooms are drawn.
    """

    recipe: str
    preset: str
    settings: CapsuleSettings
    data: str
    by: str
    classes: tuple[str, ...]
    photos: Mapping[str, int]
    items: int
    content: str
    street: str

    @property
    def preprocessing(self) -> Preprocessing:
        """How photos are prepared for the exported network, which normalises them itself."""
        side = self.settings.size
        return Preprocessing(side, side, self.settings.resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc")

    @property
    def dim(self) -> int:
        """Length of the embedding."""
        return len(self.classes) * self.settings.dim

    def network(self, folder: Path) -> CapsuleNetwork:
        """Return the network of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        network = CapsuleNetwork(self.settings, len(self.classes))
        network.load_state_dict(best_weights(folder))
        return network.eval()


def run_folder(path: Path) -> RunFolder[CapsuleRun]:
    """Return a folder as the run folder of capsules."""
    return RunFolder(path, "capsule", CapsuleRun)


def read_run(path: Path) -> CapsuleRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of capsules, or another version of lookseek wrote it.
    """
    return run_folder(path).read()
