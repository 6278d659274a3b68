"""The run folder: what a training leaves, and how it is read again.

RUN/
run.json            settings, data, classes, first weights: what makes a training the same training
log.jsonl           a line every few steps, and one an epoch
tensorboard/        the same for TensorBoard
curves.png          the same to look at
checkpoint.pt       all that going on needs
best.safetensors    the weights of the best validation epoch
test.json           figures on the test photos, measured once, and test.queries.csv: each photo's
skipped.csv         photos that could not be used, and why
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors.torch import load_file

from ...atomic import write_text
from ...encode.prepare import Preprocessing
from ...errors import TrainError
from ..backbones import RANDOM
from ..trainer.run_folder import BEST, RUN
from .network import Network, build
from .settings import Settings

__all__ = [
    "Run",
    "read_run",
]


FORMAT = 1


@dataclass(frozen=True, slots=True)
class Run:
    """What ``run.json`` says: two trainings with the same one are the same training.

    Args:
        recipe: its name.
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
    settings: Settings
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
        """What the exported tower takes: it normalises inside."""
        side = self.settings.size
        return Preprocessing(side, side, self.settings.resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc")

    def network(self, folder: Path) -> Network:
        """The network of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        file = folder / BEST
        if not file.is_file():
            raise TrainError(f"{folder} has no {BEST} yet: run the training to the end of its first epoch")
        network = build(self.settings.backbone, len(self.classes), RANDOM).network
        network.load_state_dict(load_file(file))
        return network.eval()

    def write(self, folder: Path) -> None:
        """Write ``run.json``, whole or not at all."""
        write_text(folder / RUN, json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1) + "\n")


def read_run(folder: Path) -> Run:
    """What a run folder says of itself.

    Raises:
        TrainError: there is no run, or another lookseek wrote it.
    """
    file = folder / RUN
    if not file.is_file():
        raise TrainError(f"{folder} is no training run: give a folder that lookseek train wrote")
    try:
        said = json.loads(file.read_bytes())
        if said.pop("format") != FORMAT:
            raise ValueError("another format")
        settings = Settings(**said.pop("settings"))
        said |= {name: tuple(said[name]) for name in ("classes", "mean", "std")}
        return Run(settings=settings, **said)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TrainError(f"{file} can't be read ({error}): train again into a new folder") from error
