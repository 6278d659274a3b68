"""The recipe ``pairs``: views of the same things to a matcher, on the maps of a model that stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from ...encode import load_model
from ...encode.folder import read_folder
from ...encode.pairs.pyramid import SCALES, Pyramid
from ...errors import TrainError
from ...progress import Progress
from ..frozen_vectors import model_address
from ..trainer.curves import draw_curves
from ..trainer.devices import Devices
from ..trainer.launch import launch
from ..trainer.lock import RunLock
from ..trainer.log import read_log
from ..trainer.loop import fit
from ..trainer.run_folder import source_address
from ..unreadable import write_unreadable
from .examples import read_examples
from .features import compute_cells
from .network import PairNetwork
from .reduction import fit_reduction, reduced
from .run import PairRun, run_folder, write_reduction
from .settings import settings_of
from .training import pair_training

__all__ = ["TrainedPairs", "train_pairs"]

CACHE = "cache"
SPLITS = ("train", "val")


@dataclass(frozen=True, slots=True)
class TrainedPairs:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        recall: of the best epoch on val, how often the best photo matches.
        cosine: the same by the model's vectors alone.
        notes: none.
    """

    folder: Path
    run: PairRun
    best_epoch: int
    recall: float
    cosine: float
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run = self.run
        return [
            f"{run.views['train']:,} views, {run.views['val']:,} of val · preset {run.preset} · maps of {run.model} · "
            f"seed {run.settings.seed}",
            f"best epoch {self.best_epoch} of {run.settings.epochs}, chosen on val: the best photo matches in "
            f"{self.recall:.3f}, by the model's vectors alone in {self.cosine:.3f}",
            f"go on with: lookseek export {self.folder} MODEL; {self.folder / CACHE} can be removed",
        ]


def train_pairs(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    model: str,
    devices: Devices,
    progress: Progress,
) -> TrainedPairs:
    """Train a matcher, or go on with the training that the folder holds.

    Args:
        data: the photos, as ``read_examples`` takes them.
        out: the run folder; made where it does not exist. Its ``cache`` can be removed when the training has ended.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        model: whose maps are compared.
        devices: what it runs on, one device.
        progress: notified of every view.

    Raises:
        TrainError: data or settings that can't be used, or a folder that holds another training.
        CatalogueError: the data can't be read.
        ModelError: the model can't be loaded, or pools no maps.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    settings = settings_of(preset, changes)
    fabric = launch(devices, settings.precision)
    if fabric.world_size > 1:
        raise TrainError(f"{fabric.world_size} devices can't share the pairs of a matcher: give --devices 1")
    with RunLock(out, fabric):
        loaded = load_model(model, single=True)
        pyramid = Pyramid(read_folder(loaded.folder))
        if settings.dim > pyramid.channels:
            raise TrainError(
                f"--dim {settings.dim} is more than the {pyramid.channels} channels of {loaded.name}'s maps: give fewer"
            )
        examples = {split: read_examples(data, split, settings) for split in SPLITS}
        run = PairRun(
            recipe="pairs",
            preset=preset,
            settings=settings,
            data=source_address(data),
            model=model_address(loaded, model),
            checksum=loaded.checksum,
            channels=pyramid.channels,
            views={split: len(some) for split, some in examples.items()},
            content=sha256("".join(examples[split].content for split in SPLITS).encode()).hexdigest(),
        )
        run_folder(out).begin(run)
        cells = {
            split: compute_cells(out / CACHE, split, some, pyramid, f"{some.content} {loaded.checksum}", progress)
            for split, some in examples.items()
        }
        broken = {split: sorted(table.broken) for split, table in cells.items()}
        write_unreadable(out, {examples[s].items[row].id: "can't be decoded" for s in SPLITS for row in broken[s]})
        torch.manual_seed(settings.seed)
        reduction = fit_reduction(cells["train"], settings.dim, settings.seed)
        write_reduction(out, reduction)
        small = {split: reduced(table, reduction) for split, table in cells.items()}
        training = pair_training(PairNetwork(SCALES, settings), reduction, small, settings)
        if not len(training.batches):
            raise TrainError(
                f"no view in {data} has a match and {settings.wrong} others: give more photos, or fewer --wrong"
            )
        state = fit(fabric, training, out, progress)
        draw_curves(out, f"pairs on {run.model}", "val_recall", "the best photo of val matches")
    cosine = next(float(line["val_recall_cosine"]) for line in read_log(out) if "val_recall_cosine" in line)
    return TrainedPairs(out, run, state.best_epoch, state.best_score[0], cosine)
