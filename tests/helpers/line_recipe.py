"""A recipe as small as one can be: the slope and height of a line through points."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookseek.train.recipe import Recipe
from lookseek.train.trainer.presets import apply_changes


@dataclass(frozen=True)
class LineSettings:
    """What a line is trained with.

    Args:
        epochs: passes over the points.
        rate: learning rate.
        seed: of everything drawn by chance.
    """

    epochs: int
    rate: float
    seed: int


@dataclass(frozen=True)
class LineRun:
    recipe: str
    preset: str
    settings: LineSettings
    points: int


@dataclass(frozen=True)
class Points:
    """All points in one batch: x and y, float (n, 1)."""

    batch: Any
    examples: int

    def __len__(self) -> int:
        return 1

    def epoch(self, epoch: int, first: int) -> Iterator[Any]:
        yield self.batch


@dataclass(frozen=True)
class TrainedLine:
    error: float
    notes: tuple[str, ...] = ("A line is straight.",)

    def lines(self) -> list[str]:
        return [f"error {self.error:.4f}"]


def run(data: str, out: Path, *, preset: str, changes: Any, devices: Any, progress: Any, shift: float = 0.0) -> Any:
    """Train.

    Args:
        shift: added to every y.
    """
    import torch
    from torch.nn.functional import mse_loss

    from lookseek.train.trainer.launch import launch
    from lookseek.train.trainer.lock import RunLock
    from lookseek.train.trainer.loop import Training, Validation, fit
    from lookseek.train.trainer.run_folder import RunFolder

    settings = apply_changes(PRESETS, preset, changes)
    rows = [(float(row["x"]), float(row["y"]) + shift) for row in csv.DictReader(Path(data).read_text().splitlines())]
    x, y = torch.tensor(rows).split(1, dim=1)
    network, fabric = torch.nn.Linear(1, 1), launch(devices, "32-true")
    training = Training(
        network=network,
        optimiser=torch.optim.SGD(network.parameters(), lr=settings.rate),
        batches=Points((x, y), len(rows)),
        loss=lambda model, batch: {"squared": mse_loss(model(batch[0]), batch[1])},
        weights={"squared": 1.0},
        validate=lambda network: Validation((-float(mse_loss(network(x), y).detach()),), {}),
        epochs=settings.epochs,
        seed=(settings.seed,),
    )
    with RunLock(out, fabric):
        RunFolder(out, "line", LineRun).begin(LineRun("line", preset, settings, len(rows)))
        return TrainedLine(-fit(fabric, training, out, progress).best_score[0])


PRESETS = {"modern": LineSettings(epochs=300, rate=0.1, seed=0), "lazy": LineSettings(epochs=1, rate=0.01, seed=0)}

RECIPE = Recipe("line", "a line through points", "a table with columns x and y", LineSettings, PRESETS, run)
