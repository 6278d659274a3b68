"""The recipe ``combiner``: trains a Combiner on triplets and measures it beside the plain sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ...encode import load_model
from ...encode.compose import Sum
from ...encode.model import DEFAULT
from ...errors import TrainError
from ...evaluate.result import Result
from ...progress import Progress
from ..openclip.clip import PREFIX, Clip, build_clip
from ..trainer.devices import Devices
from ..trainer.launch import launch, worker_count
from ..trainer.lock import RunLock
from ..trainer.run_folder import CHECKPOINT, CURVES, RUN
from ..unreadable import find_unreadable
from .join import compose_vectors
from .run import COMBINER, TUNE, CombinerRun, run_folder
from .settings import CombinerSettings, settings_of
from .stages import FIGURES, encode_all, measure_once, train_stage_1, train_stage_2
from .towers import ModelTowers, Towers
from .triplets import Triplets, read_triplet_folder
from .tune import plain_sum
from .validation_set import Compose

__all__ = ["TrainedCombiner", "train_combiner"]


@dataclass(frozen=True, slots=True)
class TrainedCombiner:
    """The outcome of a training.

    Args:
        folder: of the run.
        run: its settings and data.
        best_epoch: the epoch of stage 2 whose weights are kept.
        figures: results by name: ``val`` of the Combiner and ``sum.val`` of the plain sum; ``test`` and ``sum.test``
            where there is a test; ``drawn.val``, ``sum.drawn.val`` and so on for the drawn garments; ``units.val`` and
            so on of a Combiner that was trained without normalisation, on normalised features, as a search has them.
        selection_metrics: name of a validation set to the metrics whose mean selects the best epoch.
        selection_rule: the same in words.
        notes: sentences that a reader of the figures needs.
    """

    folder: Path
    run: CombinerRun
    best_epoch: int
    figures: Mapping[str, Result]
    selection_metrics: Mapping[str, tuple[str, ...]]
    selection_rule: str
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the summary for the terminal, a line each: the Combiner's figures beside those of the plain sum."""
        run = self.run
        lines = [
            f"{run.settings.composer} on {run.model} · preset {run.preset} · tuned: {run.settings.tune} · seed "
            f"{run.settings.seed} · {run.triplets['train']:,} triplets of {run.kind}",
            f"best epoch {self.best_epoch} of {run.settings.epochs}, chosen by the {self.selection_rule}",
        ]
        for name, metrics in self.selection_metrics.items():
            own = self.figures[name]
            lines.append(f"{own.benchmark} · {own.protocol} · split {own.split} · {own.queries:,} queries")
            for composer, result in (("sum", self.figures[f"sum.{name}"]), (run.settings.composer, own)):
                values = ", ".join(f"{metric} {result.metrics[metric].value:.3f}" for metric in metrics)
                lines.append(f"  {composer:<9}{values}")
        return [*lines, f"learning curves: {self.folder / COMBINER / CURVES}"]


def train_combiner(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    model: str = DEFAULT,
    weights: str = "local",
    val_only: bool = False,
    devices: Devices,
    progress: Progress,
) -> TrainedCombiner:
    """Train a Combiner, or resume the training that the folder holds.

    Args:
        data: the folder of triplets, as ``read_triplet_folder`` takes it.
        out: the run folder; made where it does not exist.
        preset: of settings.
        changes: settings that differ from the preset's; None keeps the preset's value.
        model: whose features are combined: ``open_clip/NAME``, a shipped model's name or a model folder; the last two
            are not tuned.
        weights: of a CLIP, as ``build_clip`` takes them.
        val_only: True leaves test unread, as long as settings are being chosen; the same call without it reads test.
        devices: one device.
        progress: notified of every photo and batch.

    Raises:
        TrainError: the data, settings or towers can't be used, or the folder holds another training.
        CatalogueError: the data can't be read.
        ModelError: no such model.
        KeyboardInterrupt: Ctrl-C; the same call resumes from there.
    """
    settings = settings_of(preset, changes)
    fabric = launch(devices, settings.precision)
    if fabric.world_size > 1:
        raise TrainError(
            f"{fabric.world_size} devices can't share the batches of a Combiner, whose triplets are each other's "
            "negatives: give --devices 1, and a smaller --batch where it does not fit"
        )
    torch.manual_seed(settings.seed)
    towers = build_clip(model.removeprefix(PREFIX), weights) if model.startswith(PREFIX) else _towers(model)
    settings = _fitting(settings, towers)
    with RunLock(out, fabric):
        triplets = read_triplet_folder(Path(data), settings.seed, drawn=settings.drawn > 0)
        triplets = triplets.sample(settings.references, settings.seed)
        if triplets.captions and settings.composer == "attention":
            raise TrainError(f"{data} has no photos whose cells attention could see: give --composer combiner")
        if triplets.captions and settings.tune != "none":
            raise TrainError(f"{data} has no photos that towers could learn from: give --tune none")
        triplets = _usable(triplets, out, progress)
        run = _record(preset, settings, data, triplets, model, _absolute(weights), towers)
        run_folder(out).begin(run)
        if val_only:
            triplets = replace(triplets, sets=triplets.validation_sets())
        if isinstance(towers, Clip):
            fabric.to_device(towers.model)
        _remove_stale(out, tuned=settings.tune != "none")
        if isinstance(towers, Clip) and settings.tune != "none":
            train_stage_1(fabric, towers, triplets, run, out, worker_count(devices, fabric), progress)
        features = encode_all(towers, triplets, settings, out, progress)
        combiner, best = train_stage_2(fabric, triplets, features, run, out, progress)
        composers: dict[str, Compose] = {
            "sum.": _sum(towers),
            "": partial(compose_vectors, combiner),
        }
        if not settings.normalise:  # a search composes normalised features
            composers["units."] = partial(compose_vectors, combiner, units=True)
        figures = measure_once(triplets, features, composers, run, out, progress)
    metrics = {name: own.selection_metrics for name, own in triplets.sets.items()}
    return TrainedCombiner(out, run, best, figures, metrics, triplets.selection_rule(), triplets.notes)


def _absolute(weights: str) -> str:
    """Return the absolute path of a file of weights; other names unchanged."""
    return str(Path(weights).resolve()) if Path(weights).is_file() else weights


def _sum(towers: Towers) -> Compose:
    """Return the plain sum that a composer is compared with: the original's for a CLIP, a search's for a model."""
    if isinstance(towers, Clip):
        return plain_sum
    return lambda photos, texts, _: Sum().compose(photos, texts)


def _towers(model: str) -> ModelTowers:
    return ModelTowers(load_model(model))


def _fitting(settings: CombinerSettings, towers: Towers) -> CombinerSettings:
    """Return the settings with those that the towers require.

    Raises:
        TrainError: towers of a model folder would be tuned, or attention would see those of a CLIP.
    """
    if isinstance(towers, Clip):
        if settings.composer == "attention":
            raise TrainError("attention sees the map that a model folder's tower pools: give --model a model folder")
        return settings
    if settings.tune != "none":
        raise TrainError(
            f"a model folder's towers stay as they are, so --tune {settings.tune} needs a CLIP: give --tune none, or "
            "--model open_clip/RN50"
        )
    # Its photos' vectors may come from an index, which keeps them at length 1.
    return replace(settings, normalise=True)


def _usable(triplets: Triplets, out: Path, progress: Progress) -> Triplets:
    """Return the triplets without photos that are missing or can't be decoded."""
    listed, photos = (out / RUN).is_file(), triplets.checked_photos().items()
    return triplets.without(find_unreadable(out, photos, progress, listed=listed, missing=triplets.missing))


def _record(
    preset: str,
    settings: CombinerSettings,
    data: str,
    triplets: Triplets,
    model: str,
    start: str,
    towers: Towers,
) -> CombinerRun:
    queries = {
        name: len({query.id for task in own.loaded.tasks if not task.name for query in task.queries})
        for name, own in triplets.sets.items()
    }
    folder = not model.startswith(PREFIX) and Path(model).is_dir()
    return CombinerRun(
        recipe="combiner",
        preset=preset,
        settings=settings,
        data=str(Path(data).resolve()),
        kind=triplets.kind,
        triplets={
            "train": len(triplets.train),
            "generated": len(triplets.generated),
            "attributes": len(triplets.attributes),
            "drawn": len(triplets.drawn),
            **queries,
        },
        content=triplets.content,
        model=str(Path(model).resolve()) if folder else model,
        dim=towers.dim,
        weights=towers.weights,
        start=start if isinstance(towers, Clip) else "",
        checksum=towers.checksum(),
        quick_gelu=isinstance(towers, Clip) and towers.quick_gelu,
    )


def _remove_stale(out: Path, tuned: bool) -> None:
    """Remove results of later stages where a checkpoint was deleted to begin again."""
    if tuned and not (out / TUNE / CHECKPOINT).is_file():
        (out / COMBINER / CHECKPOINT).unlink(missing_ok=True)
    if not (out / COMBINER / CHECKPOINT).is_file():
        for name in FIGURES:
            (out / f"{name}.json").unlink(missing_ok=True)
