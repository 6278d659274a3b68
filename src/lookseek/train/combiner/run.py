"""The run folder of a Combiner: what a training leaves, and how it is read again.

RUN/
run.json             settings, data, towers: what makes a training the same training
skipped.csv          photos that could not be used, and why
tune/                stage 1, where towers learn: log.jsonl, tensorboard/, curves.png, checkpoint.pt, best.safetensors
combiner/            stage 2, the same files
sum.val.json         figures of the sum of both features, after stage 1, and each question's beside it
val.json             figures of the Combiner
units.val.json       the same as a search gives it vectors, at length 1: of one that learned from others (clip4cir)
sum.test.json, test.json     the same on test, measured once at the end, where there is a test
drawn.val.json ...   all of these of drawn garments, where they were learned
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors.torch import load_file

from ...atomic import write_text
from ...errors import TrainError
from ..trainer.run_folder import BEST, RUN
from .combiner import Combiner
from .settings import CombinerSettings

__all__ = ["COMBINER", "TUNE", "CombinerRun", "read_run"]

TUNE, COMBINER = "tune", "combiner"

FORMAT = 1


@dataclass(frozen=True, slots=True)
class CombinerRun:
    """What ``run.json`` says: two trainings with the same one are the same training.

    Args:
        recipe: ``combiner``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the folder, absolute.
        kind: what stands for the photos.
        triplets: ``train``, ``generated``, ``drawn`` and what asks (``val``, ``test``, ``drawn.val`` ...) to how many.
        content: hex, of the triplets.
        model: whose towers: ``open_clip/NAME``, a shipped model's name, or a model folder, absolute.
        dim: of their features.
        weights: where the first weights came from, as it stands beside every figure.
        start: of a CLIP, what ``build_clip`` was told to begin with; "" of a model folder.
        checksum: of the first weights.
        quick_gelu: whether a CLIP computes with OpenAI's approximation of GELU.
    """

    recipe: str
    preset: str
    settings: CombinerSettings
    data: str
    kind: str
    triplets: Mapping[str, int]
    content: str
    model: str
    dim: int
    weights: str
    start: str
    checksum: str
    quick_gelu: bool = False

    def combiner(self, folder: Path) -> Combiner:
        """The Combiner of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        file = folder / COMBINER / BEST
        if not file.is_file():
            raise TrainError(f"{folder} has no {COMBINER}/{BEST} yet: run the training to the end of its first epoch")
        combiner = Combiner(self.dim, self.settings)
        combiner.load_state_dict({name.removeprefix("combiner."): value for name, value in load_file(file).items()})
        return combiner.eval()

    def write(self, folder: Path) -> None:
        """Write ``run.json``, whole or not at all."""
        write_text(folder / RUN, json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1) + "\n")

    def differs(self, other: CombinerRun) -> list[str]:
        """What is not the same in another run, a few words each."""
        old, new = asdict(self), asdict(other)
        old, new = old | old.pop("settings"), new | new.pop("settings")
        lines = [f"{name} {old[name]!r}, now {new[name]!r}" for name in new if old[name] != new[name]]
        return [line if len(line) < 200 else line.split(" ")[0] for line in lines]


def read_run(folder: Path) -> CombinerRun:
    """What a run folder says of itself.

    Raises:
        TrainError: there is no run of a Combiner, or another lookseek wrote it.
    """
    file = folder / RUN
    if not file.is_file():
        raise TrainError(f"{folder} is no training run: give a folder that lookseek train wrote")
    try:
        said = json.loads(file.read_bytes())
        if said.pop("format") != FORMAT or said["recipe"] != "combiner":
            raise ValueError("another format or recipe")
        return CombinerRun(settings=CombinerSettings(**said.pop("settings")), **said)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TrainError(f"{file} can't be read ({error}): train again into a new folder") from error
