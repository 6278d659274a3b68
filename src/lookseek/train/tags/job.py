"""The recipe ``tags``: from photos with attributes to an attribute head, its calibration, and its figures on test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray

from ...atomic import write_text
from ...encode import load_model
from ...errors import TrainError
from ...progress import Progress
from ..frozen_vectors import centre_and_spread, frozen_vectors, model_address
from ..labelled import SPLITS
from ..trainer.curves import draw_curves
from ..trainer.devices import Devices
from ..trainer.launch import launch
from ..trainer.lock import RunLock
from ..trainer.loop import fit
from ..trainer.run_folder import CURVES, source_address
from .calibration import calibrate, expected_error, thresholds
from .labels import Labels, exclusive_groups, read_labels
from .measure import mean_ap, written
from .network import TagsNetwork
from .run import CALIBRATION, TagsRun, calibrated, run_folder
from .settings import settings_of
from .training import logits_of, tags_training

__all__ = ["TrainedTags", "train_tags"]

MOST = 8
"""Attributes whose figures are printed; calibration.json has them all."""


@dataclass(frozen=True, slots=True)
class TrainedTags:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        score: mean AP on val of the best epoch, which was chosen by it.
        figures: content of ``calibration.json``.
        notes: what a reader of the figures must know.
    """

    folder: Path
    run: TagsRun
    best_epoch: int
    score: float
    figures: Mapping[str, Any]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run = self.run
        lines = [
            f"{len(run.values):,} values of {len(set(run.attributes)):,} attributes on the vectors of {run.model} · "
            f"preset {run.preset} · seed {run.settings.seed} · {run.photos['train']:,} photos",
            f"best epoch {self.best_epoch} of {run.settings.epochs}, chosen on val: mean AP {self.score:.3f}",
        ]
        for split, found in self.figures["figures"].items():
            aps = found["mean_ap"]
            if not aps:
                lines.append(f"on {split}: too few photos have a value to rank them by")
                continue
            mean, chance = (float(np.mean([pair[n] for pair in aps.values()])) for n in (0, 1))
            some = ", ".join(f"{name} {pair[0]:.3f}" for name, pair in list(aps.items())[:MOST])
            lines.append(f"on {split}: mean AP {mean:.3f}, chance {chance:.3f}; {some}")
            lines.append(
                f"on {split}, at the thresholds: {found['precision']:.3f} of {found['written']:,} values are right, "
                f"{found['recall']:.3f} of those there are; probabilities are {found['error']:.3f} off"
            )
        return [*lines, f"learning curves: {self.folder / CURVES}", f"go on with: lookseek export {self.folder} MODEL"]


def train_tags(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    model: str,
    devices: Devices,
    progress: Progress,
) -> TrainedTags:
    """Train an attribute head, or go on with the training that the folder holds.

    Args:
        data: the photos, as ``read_labels`` takes them.
        out: the run folder; made where it does not exist.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        model: whose vectors are learned from.
        devices: what it runs on, one device.
        progress: notified of every photo.

    Raises:
        TrainError: data or settings that can't be used, or a folder that holds another training.
        CatalogueError: the source can't be read.
        ModelError: the model can't be loaded.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    settings = settings_of(preset, changes)
    fabric = launch(devices, settings.precision)
    if fabric.world_size > 1:
        raise TrainError("an attribute head is trained on one device: give --devices 1")
    with RunLock(out, fabric):
        loaded = load_model(model)
        labels = read_labels(data, settings)
        ids = {split: labels.splits[split].ids for split in SPLITS}
        rows, vectors = frozen_vectors(loaded, labels.photos, ids, out, progress)
        labels = replace(labels, splits={split: labels.splits[split].rows(rows[split]) for split in SPLITS})
        torch.manual_seed(settings.seed)
        groups = exclusive_groups(labels.values, labels.splits["train"])
        network = TagsNetwork(loaded.dim, groups, settings)
        centre, spread = centre_and_spread(vectors["train"])
        network.centre.copy_(torch.from_numpy(centre))
        network.spread.copy_(torch.from_numpy(spread))
        run = TagsRun(
            recipe="tags",
            preset=preset,
            settings=settings,
            data=source_address(data),
            model=model_address(loaded, model),
            checksum=loaded.checksum,
            width=loaded.dim,
            attributes=tuple(name for name, _ in labels.values),
            values=tuple(value for _, value in labels.values),
            photos={split: len(labels.splits[split].ids) for split in SPLITS},
            content=labels.content,
            groups=groups,
        )
        run_folder(out).begin(run)
        state = fit(fabric, tags_training(fabric, network, labels, vectors, settings), out, progress)
        draw_curves(out, f"attributes on {run.model}", "val_map", "mean AP on val")
        figures = _calibrated(fabric, run, labels, vectors, out)
    return TrainedTags(out, run, state.best_epoch, state.best_score[0], figures, labels.notes)


def _calibrated(
    fabric: Fabric, run: TagsRun, labels: Labels, vectors: Mapping[str, NDArray[np.float32]], out: Path
) -> Mapping[str, Any]:
    """Calibrate on val, measure val and once test; both are kept in the run folder."""
    file = out / CALIBRATION
    if file.is_file():
        kept: Mapping[str, Any] = json.loads(file.read_bytes())
        return kept
    network = run.network(out)
    logits = logits_of(fabric, network, vectors["val"])
    slope, offset = calibrate(logits, labels.splits["val"].known)
    model = calibrated(network, slope.tolist(), offset.tolist())
    val = logits_of(fabric, model, vectors["val"])
    limits = thresholds(val, labels.splits["val"].known, run.settings.precise)
    figures = {}
    for split in ("val", "test"):
        some = labels.splits[split]
        if some.ids:
            scores = val if split == "val" else logits_of(fabric, model, vectors[split])
            precision, recall, count = written(scores, limits, some)
            figures[split] = {
                "mean_ap": mean_ap(labels.values, scores, some),
                "precision": precision,
                "recall": recall,
                "written": count,
                "error": expected_error(scores, some.known),
            }
    found = {"slope": slope.tolist(), "offset": offset.tolist(), "thresholds": list(limits), "figures": figures}
    text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    write_text(file, text)
    written_figures: Mapping[str, Any] = json.loads(text)  # as a later run reads them
    return written_figures
