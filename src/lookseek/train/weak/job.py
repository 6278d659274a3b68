"""The recipe ``weak``: from photos with texts to an embedding with words, its calibration, and its figures on test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

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
from .cells import cells_of
from .measure import calibrated_figures, labels_of
from .network import Scaled, WeakNetwork
from .run import WeakRun, run_folder
from .settings import settings_of
from .texts import read_texts
from .training import SampledWords, mentioned, weak_training
from .vocabulary import build_vocabulary

__all__ = ["TrainedWords", "train_weak"]

MOST = 8
"""Attributes whose figures are printed; calibration.json has them all."""


@dataclass(frozen=True, slots=True)
class TrainedWords:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        score: mean AP of words on val of the best epoch, which was chosen by it.
        figures: content of ``calibration.json``.
        notes: what a reader of the figures must know.
    """

    folder: Path
    run: WeakRun
    best_epoch: int
    score: float
    figures: Mapping[str, Any]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run = self.run
        lines = [
            f"{len(run.words):,} words of the shop's texts on the vectors of {run.model} · preset {run.preset} · seed "
            f"{run.settings.seed} · {run.photos['train']:,} photos with words",
            f"best epoch {self.best_epoch} of {run.settings.epochs}, chosen on val: mean AP of words {self.score:.3f}",
        ]
        for split, found in self.figures["figures"].items():
            lines.append(
                f"on {split}: mean AP of words {found['word_ap']:.3f}, chance {found['chance']:.3f}; at the thresholds "
                f"{found['precision']:.3f} of {found['written']:,} words are right, {found['recall']:.3f} of those "
                f"there are; probabilities are {found['error']:.3f} off"
            )
            if aps := found["mean_ap"]:
                mean, chance = (float(np.mean([pair[n] for pair in aps.values()])) for n in (0, 1))
                some = ", ".join(f"{name} {pair[0]:.3f}" for name, pair in list(aps.items())[:MOST])
                lines.append(
                    f"on {split}, attributes that it never saw: mean AP {mean:.3f}, chance {chance:.3f}; {some}"
                )
        return [*lines, f"learning curves: {self.folder / CURVES}", f"go on with: lookseek export {self.folder} MODEL"]


def train_weak(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    model: str,
    devices: Devices,
    progress: Progress,
) -> TrainedWords:
    """Train an embedding by words, or go on with the training that the folder holds.

    Args:
        data: the photos and texts, as ``read_texts`` takes them.
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
        raise TrainError("words are learned on one device: give --devices 1")
    with RunLock(out, fabric):
        loaded = load_model(model)
        texts = read_texts(data)
        rows, vectors = frozen_vectors(
            loaded, texts.photos, {split: tuple(texts.splits[split]) for split in SPLITS}, out, progress
        )
        ids = {split: tuple(np.array([*texts.splits[split]], object)[rows[split]]) for split in SPLITS}
        said = {split: [texts.splits[split][id] for id in ids[split]] for split in SPLITS}
        progress.phase("building the vocabulary", None)
        vocabulary = build_vocabulary(
            said["train"],
            cells_of(vectors["train"], settings.cells, settings.seed),
            words=settings.words,
            least=settings.least,
            most=settings.most,
            visual=settings.visual,
        )
        count = len(vocabulary.words)
        if count < 2:
            raise TrainError(
                f"the texts of {data} have {count} words that {settings.least:,} photos share and that are of a look: "
                "give a lower --least or --visual"
            )
        numbers = {split: vocabulary.numbers(said[split]) for split in SPLITS}
        able = np.flatnonzero([len(some) > 0 for some in numbers["train"]])
        features = vectors["train"][able]
        torch.manual_seed(settings.seed)
        network = WeakNetwork(loaded.dim, count, settings)
        _scale(network, features)
        run = WeakRun(
            recipe="weak",
            preset=preset,
            settings=settings,
            data=source_address(data),
            model=model_address(loaded, model),
            checksum=loaded.checksum,
            width=loaded.dim,
            words=vocabulary.words,
            plurals={
                w: s for w, s in vocabulary.plurals.items() if any(s in word.split() for word in vocabulary.words)
            },
            photos={"train": len(able), "val": len(ids["val"]), "test": len(ids["test"])},
            content=texts.content,
        )
        run_folder(out).begin(run)
        batches = SampledWords(features, [numbers["train"][row] for row in able], count, settings)
        has = {split: mentioned(numbers[split], count) for split in ("val", "test")}
        state = fit(
            fabric, weak_training(fabric, network, batches, (vectors["val"], has["val"]), settings), out, progress
        )
        draw_curves(out, f"words on {run.model}", "val_word_ap", "mean AP of words on val")
        figures = calibrated_figures(fabric, run, out, vectors, has, ids, labels_of(data))
    return TrainedWords(out, run, state.best_epoch, state.best_score[0], figures, texts.notes)


def _scale(network: WeakNetwork, features: np.ndarray) -> None:
    """Set mean and spread of the features."""
    scaled = network.embedding[0]
    assert isinstance(scaled, Scaled)  # for mypy
    centre, spread = centre_and_spread(features)
    scaled.centre.copy_(torch.from_numpy(centre))
    scaled.spread.copy_(torch.from_numpy(spread))
