"""How a joint space is trained: what each number means, and the preset of the model that ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "AlignSettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class AlignSettings:
    """All that decides a training, beside the data and the device.

    Args:
        epochs: number of epochs, passes over the training photos, >= 1.
        batch: photos a step, >= 2: the words of the others are the negatives, so more teach better.
        rate: learning rate of the heads, at its highest.
        tower_rate: learning rate of the image tower's last stages, at its highest.
        weight_decay: >= 0, of matrices and kernels.
        warm_up: share of the steps in which the rates rise, 0 to 1; then they fall along a half cosine.
        dim: numbers of a vector of the joint space.
        colours: size of the palette that the tower sorts pixels into.
        hidden: numbers of the heads' middle layers.
        dropout: share of the middle numbers that a step leaves out, 0 to below 1.
        noise: standard deviation of what is added to a text's features, relative to their own.
        scale: what cosines are multiplied by in the loss at first; it is learned.
        average: decay of the moving average of the weights, which is what is validated and kept.
        drawn: drawn garments that join the photos, >= 0.
        precision: of the networks' products; auto is bf16-mixed where the device has it in hardware, else
            32-true.
        seed: the random seed of all choices.

    Raises:
        TrainError: a number outside its range.
    """

    epochs: int
    batch: int
    rate: float
    tower_rate: float
    weight_decay: float
    warm_up: float
    dim: int
    colours: int
    hidden: int
    dropout: float
    noise: float
    scale: float
    average: float
    drawn: int
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("epochs", 1, 10_000),
            ("batch", 2, 65_536),
            ("rate", 1e-9, 10.0),
            ("tower_rate", 0.0, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("warm_up", 0.0, 1.0),
            ("dim", 8, 4096),
            ("colours", 2, 1024),
            ("hidden", 8, 65_536),
            ("dropout", 0.0, 0.99),
            ("noise", 0.0, 10.0),
            ("scale", 1.0, 100.0),
            ("average", 0.0, 0.99999),
            ("drawn", 0, 1_000_000),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)


PRESETS: Mapping[str, AlignSettings] = {
    # The model that ships, lookseek-base. Why: docs/decisions/align.md.
    "modern": AlignSettings(
        epochs=3,
        batch=256,
        rate=1e-3,
        tower_rate=3e-4,
        weight_decay=0.05,
        warm_up=0.05,
        dim=384,
        colours=64,
        hidden=1024,
        dropout=0.2,
        noise=0.2,
        scale=20.0,
        average=0.99,
        drawn=2000,
        precision="auto",
        seed=0,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> AlignSettings:
    """Return a preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of align")
