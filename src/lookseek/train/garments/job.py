"""The recipe ``garments``: photos with masks to a parser, on a tower that stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from ...catalogue.garment_kinds import KINDS
from ...errors import TrainError
from ...progress import Progress
from ..export.opened import open_encoder
from ..trainer.curves import draw_curves
from ..trainer.devices import Devices
from ..trainer.launch import launch
from ..trainer.lock import RunLock
from ..trainer.loop import fit
from ..unreadable import write_unreadable
from .examples import read_examples
from .features import compute_maps
from .network import SIZE, ParserDecoder, build_tower
from .run import GarmentsRun, run_folder
from .settings import settings_of
from .training import garments_training

__all__ = ["TrainedParser", "train_garments"]

CACHE = "cache"
SPLITS = ("train", "val")


@dataclass(frozen=True, slots=True)
class TrainedParser:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        miou: of the best epoch on val, the mean over kinds of the intersection over union of cells.
        notes: none.
    """

    folder: Path
    run: GarmentsRun
    best_epoch: int
    miou: float
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run = self.run
        return [
            f"{run.views['train']:,} views, {run.views['val']:,} photos of val · preset {run.preset} · tower: "
            f"{run.weights} · seed {run.settings.seed}",
            f"best epoch {self.best_epoch} of {run.settings.epochs}, chosen on val: mean IoU {self.miou:.3f}",
            f"go on with: lookseek export {self.folder} PARSER; {self.folder / CACHE} can be removed",
        ]


def train_garments(
    data: str, out: Path, *, preset: str, changes: Mapping[str, Any], devices: Devices, progress: Progress
) -> TrainedParser:
    """Train a parser, or go on with the training that the folder holds.

    Args:
        data: the folder of photos with masks, as ``read_examples`` takes it.
        out: the run folder; made where it does not exist. Its ``cache`` can be removed when the training has ended.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        devices: what it runs on, one device.
        progress: notified of every view.

    Raises:
        TrainError: data or settings that can't be used, or a folder that holds another training.
        CatalogueError: the data can't be read.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    settings = settings_of(preset, changes)
    fabric = launch(devices, settings.precision)
    if fabric.world_size > 1:
        raise TrainError(f"{fabric.world_size} devices can't share the views of a parser: give --devices 1")
    with RunLock(out, fabric):
        examples = {split: read_examples(Path(data), split, settings.drawn, settings.flat) for split in SPLITS}
        tower, weights = build_tower()
        run = GarmentsRun(
            recipe="garments",
            preset=preset,
            settings=settings,
            data=str(Path(data).resolve()),
            views={split: len(some) for split, some in examples.items()},
            content=sha256("".join(examples[split].content for split in SPLITS).encode()).hexdigest(),
            weights=weights,
        )
        run_folder(out).begin(run)
        encoder_of = cache(partial(open_encoder, tower, SIZE))
        maps = {
            split: compute_maps(out / CACHE, split, some, encoder_of, f"{some.content} {weights}", progress)
            for split, some in examples.items()
        }
        broken = {s: sorted(table.broken) for s, table in maps.items()}
        write_unreadable(out, {examples[s].items[row].id: "can't be decoded" for s in SPLITS for row in broken[s]})
        if any(not len(table.usable) for table in maps.values()):
            raise TrainError(f"no photo of train or val in {data} can be decoded: check images/ and masks/")
        torch.manual_seed(settings.seed)
        decoder = ParserDecoder(len(KINDS), settings.width, settings.dropout)
        decoder.to(memory_format=torch.channels_last)
        state = fit(fabric, garments_training(fabric, decoder, maps, settings), out, progress)
        draw_curves(out, "garments", "val_miou", "mean IoU on val")
    return TrainedParser(out, run, state.best_epoch, state.best_score[0])
