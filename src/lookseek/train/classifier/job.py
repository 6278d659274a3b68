"""The recipe ``classifier``: from labelled photos to a network that names their class, and its figures on test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from ...errors import TrainError
from ...evaluate.outcome import Evaluation
from ...evaluate.result import Result
from ...progress import Progress
from ..backbones import RANDOM_NUMBERS
from ..labelled import SPLITS, LabelledPhotos, read_labelled
from ..trainer.curves import draw_curves
from ..trainer.devices import Devices
from ..trainer.launch import SilentProgress, launch, worker_count
from ..trainer.lock import RunLock
from ..trainer.loop import fit
from ..trainer.results import read_test_result, write_result
from ..trainer.run_folder import CHECKPOINT, CURVES, RUN, TEST, source_address
from ..unreadable import find_unreadable
from .measure import measure
from .network import build_network
from .run import ClassifierRun, run_folder
from .settings import settings_of
from .training import classifier_training, predict

__all__ = ["TrainedClassifier", "train_classifier"]

MAX_CLASSES = 6
"""Classes whose accuracy is printed; test.json has them all."""


@dataclass(frozen=True, slots=True)
class TrainedClassifier:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        val_accuracy: of the best epoch; it was chosen by it, so it is a little too good.
        test: figures on the test photos; None where the data has none.
        notes: what a reader of the figures must know.
        lead: False in the processes of further devices: the first one reports for all.
    """

    folder: Path
    run: ClassifierRun
    best_epoch: int
    val_accuracy: float
    test: Result | None
    notes: tuple[str, ...]
    lead: bool

    def lines(self) -> list[str]:
        """Return what a person should know, a line each; the first weights stand beside the figures."""
        if not self.lead:
            return []
        run, classes = self.run, ", ".join(self.run.classes[:5]) + (" ..." if len(self.run.classes) > 5 else "")
        return [
            f"{run.settings.backbone} · preset {run.preset} · first weights: {run.weights} · seed {run.settings.seed} "
            f"· {run.photos['train']:,} photos of {classes}",
            f"best epoch {self.best_epoch} of {run.settings.epochs}, chosen by its accuracy on val: "
            f"{self.val_accuracy:.3f} ({run.photos['val']:,} photos)",
            _test_line(self.test),
            f"learning curves: {self.folder / CURVES}",
        ]


def train_classifier(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    weights: str = "local",
    label: str = "",
    devices: Devices,
    progress: Progress,
) -> TrainedClassifier:
    """Train a classifier, or go on with the training that the folder holds.

    Args:
        data: the photos, as ``read_labelled`` takes them.
        out: the run folder; made where it does not exist.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        weights: the first ones, as ``backbones.build_backbone`` takes them.
        label: the column of the class.
        devices: what it runs on.
        progress: notified of every photo.

    Raises:
        TrainError: data, settings or weights that can't be used, or a folder that holds another training.
        CatalogueError: the source can't be read.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    settings = settings_of(preset, changes)
    fabric = launch(devices, settings.precision)
    if not fabric.is_global_zero:
        progress = SilentProgress()
    workers = worker_count(devices, fabric)
    with RunLock(out, fabric):
        with fabric.rank_zero_first():  # the others find what it wrote
            listed = (out / RUN).is_file() or not fabric.is_global_zero
            photos = _readable(read_labelled(data, label, progress), out, listed, progress)
        least = min(settings.batch, len(photos.splits["train"]))
        if least < 2 * fabric.world_size:
            raise TrainError(
                f"a batch of {least} photos is too small for {fabric.world_size} devices, which need two each: "
                "give a larger --batch, fewer --devices or more photos"
            )
        torch.manual_seed(settings.seed)
        start = build_network(settings.backbone, len(photos.classes), weights)
        if start.weights != RANDOM_NUMBERS:  # layers that know nothing yet have to learn
            start.network.freeze(settings.frozen)
        run = ClassifierRun(
            recipe="classifier",
            preset=preset,
            settings=settings,
            data=source_address(data),
            label=photos.label,
            classes=photos.classes,
            photos={split: len(photos.splits[split]) for split in SPLITS},
            content=photos.content,
            dim=start.dim,
            mean=start.mean,
            std=start.std,
            weights=start.weights,
        )
        with fabric.rank_zero_first():
            run_folder(out).begin(run)
            if not (out / CHECKPOINT).is_file():  # a run whose checkpoint was deleted to begin again
                (out / TEST).unlink(missing_ok=True)
        state = fit(fabric, classifier_training(fabric, start.network, photos, settings, workers), out, progress)
        test = read_test_result(out)
        if fabric.is_global_zero:
            draw_curves(out, _title(run), "val_accuracy", "accuracy on val")
        if test is None and photos.splits["test"]:
            network = fabric.to_device(run.network(out))
            progress.phase("measuring on test", None)
            probabilities = predict(fabric, network, photos.splits["test"], settings, workers)
            evaluation = measure(photos, "test", probabilities, _info(run, state.best_epoch), progress)
            test = _write(evaluation, out, fabric)
    lead = fabric.is_global_zero
    return TrainedClassifier(out, run, state.best_epoch, state.best_score[0], test, photos.notes if lead else (), lead)


def _test_line(test: Result | None) -> str:
    if test is None:
        return "accuracy on test: the data has no test photos"
    classes = {name.partition("/")[2]: figure.value for name, figure in test.metrics.items() if "/" in name}
    some = ", ".join(f"{name} {value:.3f}" for name, value in list(classes.items())[:MAX_CLASSES])
    whole = test.metrics["accuracy"]
    interval = f"95 % interval {whole.low:.3f} to {whole.high:.3f}"
    return f"accuracy on test {whole.value:.3f} ({test.queries:,} photos, {interval}): {some}"


def _title(run: ClassifierRun) -> str:
    photos = f"{run.photos['train']:,} photos, val {run.photos['val']:,}"
    return f"{run.settings.backbone}, preset {run.preset}, from {run.weights}: {photos}"


def _write(evaluation: Evaluation, out: Path, fabric: Fabric) -> Result:
    if fabric.is_global_zero:
        write_result(evaluation, out / TEST)
    return evaluation.result


def _info(run: ClassifierRun, epoch: int) -> dict[str, str | float]:
    """Return the model entry of the run's results."""
    return {
        "name": f"{run.settings.backbone}, preset {run.preset}",
        "first_weights": run.weights,
        "trained_on": f"{run.photos['train']} photos of {Path(run.data).name}, {run.label}",
        "epoch": epoch,
        "content": run.content[:12],
        "seed_of_training": run.settings.seed,
    }


def _readable(data: LabelledPhotos, out: Path, listed: bool, progress: Progress) -> LabelledPhotos:
    """Return the photos that can be decoded."""
    photos = ((e.id, e.photo) for split in SPLITS for e in data.splits[split])
    reasons = find_unreadable(out, photos, progress, listed=listed)
    kept = {split: tuple(e for e in data.splits[split] if e.id not in reasons) for split in SPLITS}
    if not kept["train"] or not kept["val"]:
        raise TrainError(f"none of the photos of train or val can be read, e.g. {next(iter(reasons.values()))}")
    return replace(data, splits=kept)
