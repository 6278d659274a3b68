"""The run folder of a Combiner: what a training leaves, and how it is read again.

RUN/
run.json             settings, data, towers: what makes a training the same training
skipped.csv          photos that could not be used, and why
tune/                stage 1, where towers learn: log.jsonl, tensorboard/, curves.png, checkpoint.pt, best.safetensors
combiner/            stage 2, the same files
reduction.npy        of attention: the directions that tokens are reduced to
sum.val.json         figures of the sum of both features, after stage 1, and each query's beside it
val.json             figures of the Combiner
units.val.json       the same as a search gives it vectors, at length 1: of one that learned from others (clip4cir)
sum.test.json, test.json     the same on test, measured once at the end, where there is a test
drawn.val.json ...   all of these of drawn garments, where they were learned
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..trainer.run_folder import RunFolder, best_weights
from .combiner import Combiner
from .settings import CombinerSettings

__all__ = ["COMBINER", "TUNE", "CombinerRun", "read_run", "run_folder"]

TUNE, COMBINER = "tune", "combiner"
"""Folders of the two stages."""


@dataclass(frozen=True, slots=True)
class CombinerRun:
    """What makes a training the same training.

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
        start: of a CLIP, the weights that ``build_clip`` was given; "" of a model folder.
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
        """Return the Combiner of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        weights = {name.removeprefix("combiner."): x for name, x in best_weights(folder / COMBINER).items()}
        combiner = Combiner(self.dim, self.settings, weights.get("reader.reduction"))
        combiner.load_state_dict(weights)
        return combiner.eval()


def run_folder(path: Path) -> RunFolder[CombinerRun]:
    """Return a folder as the run folder of a Combiner."""
    return RunFolder(path, "combiner", CombinerRun)


def read_run(path: Path) -> CombinerRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of a Combiner, or another version of lookseek wrote it.
    """
    return run_folder(path).read()
