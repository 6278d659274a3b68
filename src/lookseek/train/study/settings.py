"""How a study is run: what all of its cells share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..metric.settings import PRESETS as METRIC
from ..metric.settings import MetricSettings
from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges
from .grid import Cell

__all__ = ["PRESETS", "StudySettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class StudySettings:
    """All that the cells of a study share.

    Args:
        cells: names of those that are run, parted by commas; "" for all.
        seeds: trainings of each cell, >= 2: the interval is of their spread.
        backbone: of the cells that name none, as train metric takes it.
        most: photos of a split that are used at the most, whole items, >= 4.
        epochs: number of epochs, passes over the training photos, >= 1.
        items: of a batch (P), >= 2.
        photos: of each item in a batch (K), >= 2.
        rate: the highest learning rate, > 0.
        margin: of the triplet losses, in distances of vectors of length 1, above 0 to 2.
        frozen: share of a backbone's weights, from the first layer on, that stay as they are, 0 to 1.
        dim: of the embedding.
        size: of a backbone's input, pixels a side, 32 to 1024; photos are kept a little larger.
        precision: of the network's products; auto is bf16-mixed where the device has it in hardware, else 32-true.
        seed: of the first training of each cell; the others have the next ones.

    Raises:
        TrainError: a number outside its range.
    """

    cells: str
    seeds: int
    backbone: str
    most: int
    epochs: int
    items: int
    photos: int
    rate: float
    margin: float
    frozen: float
    dim: int
    size: int
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("seeds", 2, 1000),
            ("most", 4, 100_000_000),
            ("epochs", 1, 10_000),
            ("items", 2, 65_536),
            ("photos", 2, 65_536),
            ("rate", 1e-9, 10.0),
            ("margin", 1e-6, 2.0),
            ("frozen", 0.0, 1.0),
            ("dim", 2, 65_536),
            ("size", 32, 1024),
            ("seed", 0, 2**30),
        )
        check_ranges(self, ranges)

    def metric(self, cell: Cell, number: int) -> MetricSettings:
        """Return the settings of a cell's training; ``number`` is of its seed, from 0."""
        shared = replace(
            METRIC["modern"],
            backbone=self.backbone,
            loss="triplet-hard",
            classification=0.0,
            margin=self.margin,
            hidden=0,
            epochs=self.epochs,
            items=self.items,
            photos=self.photos,
            rate=self.rate,
            frozen=self.frozen,
            dim=self.dim,
            size=self.size,
            precision=self.precision,
            seed=self.seed + number,
        )
        return replace(shared, **cell.changes)


PRESETS: Mapping[str, StudySettings] = {
    # A cell takes a minute or two on two cores. First settings: nothing was chosen on val yet.
    "modern": StudySettings(
        cells="",
        seeds=2,
        backbone="efficientnet-lite2",
        most=480,
        epochs=4,
        items=16,
        photos=4,
        rate=1e-3,
        margin=0.2,
        frozen=0.5,
        dim=256,
        size=96,
        precision="32-true",
        seed=0,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> StudySettings:
    """A preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of study")
