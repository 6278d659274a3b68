"""The recipe ``metric``: from photos with items to an embedding, and its figures on test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from ...errors import TrainError
from ...evaluate.result import Result
from ...progress import Progress
from ..backbones import RANDOM_NUMBERS
from ..trainer.curves import draw_curves
from ..trainer.devices import Devices
from ..trainer.launch import launch, worker_count
from ..trainer.lock import RunLock
from ..trainer.loop import fit
from ..trainer.results import read_test_result, write_result
from ..trainer.run_folder import CHECKPOINT, CURVES, RUN, TEST, source_address
from .batches import GroupedOrder
from .inputs import Inputs, decoded_inputs, frozen_inputs
from .items import read_items
from .losses import SimilarityLoss
from .measure import measure
from .network import build_network
from .run import MetricRun, run_folder
from .settings import FROZEN, settings_of
from .training import LearningNetwork, metric_training
from .validation import ValPhotos, category_numbers, embed
from .views import street_photos

__all__ = ["TrainedMetric", "train_metric"]


@dataclass(frozen=True, slots=True)
class TrainedMetric:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        score: recall@1 on val of the best epoch, which was chosen by it; of data without items accuracy.
        test: figures on the test photos; None where the data has none.
        notes: what a reader of the figures must know.
    """

    folder: Path
    run: MetricRun
    best_epoch: int
    score: float
    test: Result | None
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run, settings = self.run, self.run.settings
        lines = [
            f"{settings.backbone} · preset {run.preset} · loss {settings.loss} · first weights: {run.weights} · seed "
            f"{settings.seed} · {run.photos['train']:,} photos of {run.items:,} items by {run.by}",
            f"best epoch {self.best_epoch} of {settings.epochs}, chosen on val: recall@1 {self.score:.3f} "
            f"({run.photos['val']:,} photos)",
            f"learning curves: {self.folder / CURVES}",
            f"go on with: lookseek export {self.folder} MODEL",
        ]
        if self.test is not None:
            figures = ", ".join(f"{name} {figure.value:.3f}" for name, figure in self.test.metrics.items())
            lines.insert(2, f"on test, {self.test.queries:,} photos: {figures}")
        return lines


def train_metric(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    by: str = "",
    label: str = "",
    weights: str = "local",
    street: str = "",
    devices: Devices,
    progress: Progress,
) -> TrainedMetric:
    """Train an embedding, or go on with the training that the folder holds.

    Args:
        data: the photos, as ``read_items`` takes them.
        out: the run folder; made where it does not exist.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        by: the column of the item; "" for the usual ones.
        label: the column of the class; "" for category.
        weights: the first ones of a backbone, as ``backbones.build_backbone`` takes them.
        street: a folder of photos to put behind garments; "" draws rooms.
        devices: what it runs on, one device.
        progress: notified of every photo.

    Raises:
        TrainError: data, settings or weights that can't be used, or a folder that holds another training.
        CatalogueError: the source can't be read.
        ModelError: the frozen model can't be loaded.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    settings = settings_of(preset, changes)
    fabric = launch(devices, settings.precision)
    if fabric.world_size > 1:
        raise TrainError(f"{fabric.world_size} devices can't share the items of a batch: give --devices 1")
    behind = street_photos(street) if street else ()
    with RunLock(out, fabric):
        found = read_items(data, by, label, settings)
        if settings.backbone.startswith(FROZEN):
            inputs = frozen_inputs(settings, found, behind, out, progress)
        else:
            listed, workers = (out / RUN).is_file(), worker_count(devices, fabric)
            inputs = decoded_inputs(settings, found, behind, workers, out, listed, progress)
        found = inputs.found
        classes = found.categories if settings.classification else ()
        if len(classes) == 1:
            raise TrainError(f"all photos are of the class {classes[0]!r}: give --classification 0, or another --label")
        torch.manual_seed(settings.seed)
        start = build_network(settings, len(classes), inputs.width, weights)
        if start.weights != RANDOM_NUMBERS:  # layers that know nothing yet have to learn
            start.network.freeze(settings.frozen)
        order = GroupedOrder(found.splits["train"], settings)
        learning = LearningNetwork(start.network, SimilarityLoss(settings, order.groups))
        run = MetricRun(
            recipe="metric",
            preset=preset,
            settings=settings,
            data=source_address(data),
            by=found.by,
            classes=classes,
            photos={split: len(some) for split, some in found.splits.items()},
            items=len({shown.item for shown in found.splits["train"]} - {""}),
            content=found.content,
            width=start.width,
            mean=start.mean,
            std=start.std,
            weights=inputs.origin or start.weights,
            checksum=inputs.checksum,
            street=str(Path(street).resolve()) if street else "",
        )
        run_folder(out).begin(run)
        if not (out / CHECKPOINT).is_file():  # a run whose checkpoint was deleted to begin again
            (out / TEST).unlink(missing_ok=True)
        val = ValPhotos.of(
            found.splits["val"],
            classes,
            lambda: inputs.in_order("val"),
            lambda: inputs.in_order("val", views=True),
        )
        labels = category_numbers(found.splits["train"], classes)
        training = metric_training(fabric, learning, inputs.batches(order), labels, val, settings)
        state = fit(fabric, training, out, progress)
        draw_curves(out, f"{settings.backbone}, {settings.loss}", "val_recall@1", "recall@1 on val")
        test = read_test_result(out) or _measured(fabric, run, inputs, out, state.best_epoch, progress)
    return TrainedMetric(out, run, state.best_epoch, state.best_score[0], test, found.notes)


def _measured(
    fabric: Fabric, run: MetricRun, inputs: Inputs, out: Path, epoch: int, progress: Progress
) -> Result | None:
    """Measure test once, with the weights of the best epoch; None where there is nothing to measure."""
    shown = inputs.found.splits["test"]
    if not shown:
        return None
    progress.phase("measuring on test", None)
    network = fabric.to_device(run.network(out))
    vectors, _ = embed(fabric, network, inputs.in_order("test"))
    info: dict[str, str | float] = {
        "name": f"{run.settings.backbone}, {run.settings.loss}",
        "first_weights": run.weights,
        "trained_on": f"{run.photos['train']} photos of {Path(run.data).name}, {run.by}",
        "epoch": epoch,
        "content": run.content[:12],
        "seed_of_training": run.settings.seed,
    }
    evaluation = measure(shown, inputs.found.photos, vectors, info, inputs.found.notes, progress)
    if evaluation is None:
        return None
    write_result(evaluation, out / TEST)
    return evaluation.result
