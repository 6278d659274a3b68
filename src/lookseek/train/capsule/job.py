"""The recipe ``capsule``: from photos of items and classes to capsules, and their figures on test, masked both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from ...errors import TrainError
from ...evaluate.result import Result, read_result
from ...progress import Progress
from ..metric.batches import GroupedOrder
from ..metric.inputs import Inputs, decoded_inputs
from ..metric.items import read_items
from ..metric.measure import measure
from ..metric.validation import ValPhotos, category_numbers
from ..metric.views import street_photos
from ..trainer.curves import draw_curves
from ..trainer.devices import Devices
from ..trainer.launch import launch, worker_count
from ..trainer.lock import RunLock
from ..trainer.loop import fit
from ..trainer.results import read_test_result, write_result
from ..trainer.run_folder import CHECKPOINT, CURVES, RUN, TEST, source_address
from .network import CapsuleNetwork
from .run import CapsuleRun, run_folder
from .settings import settings_of
from .training import GIVEN, ValCapsules, capsule_training, mask_both_ways

__all__ = ["TEST_GIVEN", "TrainedCapsules", "train_capsule"]

TEST_GIVEN = "test-class-given.json"
"""Figures on test where each photo is masked by its true class, as the original's are."""


@dataclass(frozen=True, slots=True)
class TrainedCapsules:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        score: recall@1 on val of the best epoch, masked by predicted classes, which was chosen by it.
        tests: how photos were masked, to the figures on test; empty where the data has none.
        notes: what a reader of the figures must know.
    """

    folder: Path
    run: CapsuleRun
    best_epoch: int
    score: float
    tests: Mapping[str, Result]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run, settings = self.run, self.run.settings
        return [
            f"{settings.stem} capsules of {len(run.classes):,} classes · preset {run.preset} · seed {settings.seed} · "
            f"{run.photos['train']:,} photos of {run.items:,} items by {run.by}",
            f"best epoch {self.best_epoch} of {settings.epochs}, chosen on val: recall@1 {self.score:.3f}, each photo "
            f"masked by the class that it seems to be ({run.photos['val']:,} photos)",
            *(
                f"on test, {test.queries:,} photos, {how}: "
                + ", ".join(f"{name} {figure.value:.3f}" for name, figure in test.metrics.items())
                for how, test in self.tests.items()
            ),
            f"learning curves: {self.folder / CURVES}",
            f"go on with: lookseek export {self.folder} MODEL",
        ]


def train_capsule(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    by: str = "",
    label: str = "",
    street: str = "",
    devices: Devices,
    progress: Progress,
) -> TrainedCapsules:
    """Train capsules, or go on with the training that the folder holds.

    Args:
        data: the photos, as ``metric.items.read_items`` takes them.
        out: the run folder; made where it does not exist.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        by: the column of the item; "" for the usual ones.
        label: the column of the class; "" for category.
        street: a folder of photos to put behind garments; "" draws rooms.
        devices: what it runs on, one device.
        progress: notified of every photo.

    Raises:
        TrainError: data or settings that can't be used, or a folder that holds another training.
        CatalogueError: the source can't be read.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    settings = settings_of(preset, changes)
    fabric = launch(devices, settings.precision)
    if fabric.world_size > 1:
        raise TrainError(f"{fabric.world_size} devices can't share the items of a batch: give --devices 1")
    behind = street_photos(street) if street else ()
    with RunLock(out, fabric):
        found = read_items(data, by, label, settings.photos_of)
        listed, workers = (out / RUN).is_file(), worker_count(devices, fabric)
        inputs = decoded_inputs(settings.photos_of, found, behind, workers, out, listed, progress)
        found = inputs.found
        classes = found.categories
        if len(classes) < 2:
            raise TrainError(f"{data} has {len(classes)} classes: capsules are of two or more, name another --label")
        torch.manual_seed(settings.seed)
        network = CapsuleNetwork(settings, len(classes))
        order = GroupedOrder(found.splits["train"], settings.photos_of)
        run = CapsuleRun(
            recipe="capsule",
            preset=preset,
            settings=settings,
            data=source_address(data),
            by=found.by,
            classes=classes,
            photos={split: len(some) for split, some in found.splits.items()},
            items=len({shown.item for shown in found.splits["train"]} - {""}),
            content=found.content,
            street=str(Path(street).resolve()) if street else "",
        )
        run_folder(out).begin(run)
        if not (out / CHECKPOINT).is_file():  # a run whose checkpoint was deleted to begin again
            for name in (TEST, TEST_GIVEN):
                (out / name).unlink(missing_ok=True)
        shown = ValPhotos.of(
            found.splits["val"], classes, lambda: inputs.in_order("val"), lambda: inputs.in_order("val", views=True)
        )
        val = ValCapsules(shown.inputs, shown.views, shown.items, shown.categories)
        labels = category_numbers(found.splits["train"], classes)
        training = capsule_training(fabric, network, inputs.batches(order), labels, val, settings)
        state = fit(fabric, training, out, progress)
        draw_curves(out, f"capsules, {settings.stem}", "val_recall@1", "recall@1 on val")
        tests = _measured(fabric, run, inputs, out, state.best_epoch, progress)
    return TrainedCapsules(out, run, state.best_epoch, state.best_score[0], tests, found.notes)


def _measured(
    fabric: Fabric, run: CapsuleRun, inputs: Inputs, out: Path, epoch: int, progress: Progress
) -> dict[str, Result]:
    """Measure test once, with the weights of the best epoch, masked both ways; what was measured before is read."""
    names = {
        "masked by the predicted class": TEST,
        "masked by the true class, given (not possible in a search)": TEST_GIVEN,
    }
    there = read_test_result(out)
    if there is not None and (out / TEST_GIVEN).is_file():
        return dict(zip(names, (there, read_result(out / TEST_GIVEN)), strict=True))
    shown = inputs.found.splits["test"]
    if not shown:
        return {}
    progress.phase("measuring on test", None)
    network = fabric.to_device(run.network(out))
    own, given, _ = mask_both_ways(fabric, network, inputs.in_order("test"), category_numbers(shown, run.classes))
    results = {}
    for (how, file), vectors in zip(names.items(), (own, given), strict=True):
        info: dict[str, str | float] = {
            "name": f"{run.settings.stem} capsules",
            "masked": GIVEN.replace("_", " ") if file == TEST_GIVEN else "class predicted",
            "trained_on": f"{run.photos['train']} photos of {Path(run.data).name}, {run.by}",
            "epoch": epoch,
            "content": run.content[:12],
            "seed_of_training": run.settings.seed,
        }
        evaluation = measure(shown, inputs.found.photos, vectors, info, inputs.found.notes, progress)
        if evaluation is None:
            return {}
        write_result(evaluation, out / file)
        results[how] = evaluation.result
    return results
