"""What the run.json of a classifier holds, and the network that the run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...encode.prepare import Preprocessing
from ..backbones import RANDOM
from ..trainer.run_folder import RunFolder, best_weights
from .network import ClassifierNetwork, build_network
from .settings import ClassifierSettings

__all__ = ["ClassifierRun", "read_run", "run_folder"]


@dataclass(frozen=True, slots=True)
class ClassifierRun:
    """What makes a training the same training.

    Args:
        recipe: ``classifier``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the source of the photos, as it was given, absolute.
        label: the column or layout that the classes come from.
        classes: in the order of the network's outputs.
        photos: split to how many photos of it were used.
        content: hex, of ids, labels and splits: other photos are another training.
        dim: of the features.
        mean, std: of the network's input, on the scale 0 to 255.
        weights: where the first weights came from.
    """

    recipe: str
    preset: str
    settings: ClassifierSettings
    data: str
    label: str
    classes: tuple[str, ...]
    photos: Mapping[str, int]
    content: str
    dim: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    weights: str

    @property
    def preprocessing(self) -> Preprocessing:
        """How photos are prepared for the exported tower, which normalises them itself."""
        side = self.settings.size
        return Preprocessing(side, side, self.settings.resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc")

    def network(self, folder: Path) -> ClassifierNetwork:
        """Return the network of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        weights = best_weights(folder)
        network = build_network(self.settings.backbone, len(self.classes), RANDOM).network
        network.load_state_dict(weights)
        return network.eval()


def run_folder(path: Path) -> RunFolder[ClassifierRun]:
    """Return a folder as the run folder of a classifier."""
    return RunFolder(path, "classifier", ClassifierRun)


def read_run(path: Path) -> ClassifierRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of a classifier, or another version of lookseek wrote it.
    """
    return run_folder(path).read()
