"""What the run.json of an embedding holds, and the network that the run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...encode.prepare import Preprocessing
from ..backbones import RANDOM
from ..trainer.run_folder import RunFolder, best_weights
from .network import MetricNetwork, build_network
from .settings import FROZEN, MetricSettings

__all__ = ["MetricRun", "read_run", "run_folder"]


@dataclass(frozen=True, slots=True)
class MetricRun:
    """What makes a training the same training.

    Args:
        recipe: ``metric``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the source of the photos, as it was given, absolute.
        by: what says which item a photo shows.
        classes: of the class layer, in the order of its outputs; () without one.
        photos: split to how many photos of it were used.
        items: of train.
        content: hex, of ids, items, classes and splits: other photos are another training.
        width: of the features before the embedding.
        mean, std: of a backbone's input, on the scale 0 to 255.
        weights: where the first weights came from.
        checksum: of the frozen model; "" of a backbone.
        street: the folder of the photos behind garments, absolute; "" where rooms are drawn.
    """

    recipe: str
    preset: str
    settings: MetricSettings
    data: str
    by: str
    classes: tuple[str, ...]
    photos: Mapping[str, int]
    items: int
    content: str
    width: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    weights: str
    checksum: str
    street: str

    @property
    def model(self) -> str:
        """The frozen model's name or folder; "" of a backbone."""
        name = self.settings.backbone
        return name.removeprefix(FROZEN) if name.startswith(FROZEN) else ""

    @property
    def preprocessing(self) -> Preprocessing:
        """How photos are prepared for the exported tower of a backbone, which normalises them itself."""
        side = self.settings.size
        return Preprocessing(side, side, self.settings.resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc")

    def network(self, folder: Path) -> MetricNetwork:
        """Return the network of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        weights = best_weights(folder)
        network = build_network(self.settings, len(self.classes), self.width if self.model else 0, RANDOM).network
        own = {name.removeprefix("network."): value for name, value in weights.items() if name.startswith("network.")}
        network.load_state_dict(own)
        return network.eval()


def run_folder(path: Path) -> RunFolder[MetricRun]:
    """Return a folder as the run folder of an embedding."""
    return RunFolder(path, "metric", MetricRun)


def read_run(path: Path) -> MetricRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of an embedding, or another version of lookseek wrote it.
    """
    return run_folder(path).read()
