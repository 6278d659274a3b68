"""The recipe ``regions``: drawn designs and their copies to a model of regions, on a tower that stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from ...errors import TrainError
from ...progress import Progress
from ..export.opened import open_encoder
from ..trainer.curves import draw_curves
from ..trainer.devices import Devices
from ..trainer.launch import launch
from ..trainer.lock import RunLock
from ..trainer.loop import fit
from .examples import read_examples
from .maps import compute_maps
from .network import SIZE, RegionLayers, build_region_tower
from .run import RegionsRun, run_folder
from .settings import settings_of
from .training import regions_training

__all__ = ["CACHE", "TrainedRegions", "train_regions"]

CACHE = "cache"
DATA = "drawn"


@dataclass(frozen=True, slots=True)
class TrainedRegions:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        accuracy: of the best epoch's verdicts on val.
        notes: none.
    """

    folder: Path
    run: RegionsRun
    best_epoch: int
    accuracy: float
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run = self.run
        return [
            f"{run.photos['train']:,} drawn photos, {run.photos['val']:,} of val · preset {run.preset} · tower: "
            f"{run.weights} · seed {run.settings.seed}",
            f"best epoch {self.best_epoch} of {run.settings.epochs}, chosen on val: {self.accuracy:.1%} of verdicts on "
            "regions are right",
            f"go on with: lookseek export {self.folder} REGIONS; {self.folder / CACHE} can be removed",
        ]


def train_regions(
    data: str, out: Path, *, preset: str, changes: Mapping[str, Any], devices: Devices, progress: Progress
) -> TrainedRegions:
    """Train a model of regions, or go on with the training that the folder holds.

    Args:
        data: the word "drawn".
        out: the run folder; made where it does not exist. Its ``cache`` can be removed when the training has ended.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        devices: what it runs on, one device.
        progress: notified of every photo.

    Raises:
        TrainError: other data, settings that can't be used, or a folder that holds another training.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    if data != DATA:
        raise TrainError(f"{data} has no landmarks and no changed regions to learn from: give the word {DATA}")
    settings = settings_of(preset, changes)
    fabric = launch(devices, settings.precision)
    if fabric.world_size > 1:
        raise TrainError(f"{fabric.world_size} devices can't share the designs of a training: give --devices 1")
    with RunLock(out, fabric):
        sizes = {"train": settings.designs, "val": settings.judged}
        examples = {split: read_examples(split, designs) for split, designs in sizes.items()}
        tower, weights = build_region_tower()
        run = RegionsRun("regions", preset, settings, {split: len(some) for split, some in examples.items()}, weights)
        run_folder(out).begin(run)
        encoder_of = cache(partial(open_encoder, tower, SIZE))
        maps = {
            split: compute_maps(out / CACHE, split, some, encoder_of, f"{split} {len(some)} {weights}", progress)
            for split, some in examples.items()
        }
        torch.manual_seed(settings.seed)
        layers = RegionLayers(settings.width, settings.dim)
        layers.to(memory_format=torch.channels_last)
        state = fit(fabric, regions_training(layers, examples, maps, settings), out, progress)
        draw_curves(out, "regions", "val_accuracy", "verdicts that are right on val")
    return TrainedRegions(out, run, state.best_epoch, state.best_score[0])
