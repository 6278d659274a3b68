"""How a model of regions is trained: what each number means, and the preset of the one that ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "RegionsSettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class RegionsSettings:
    """All that decides a training, beside the device.

    Args:
        epochs: passes over the designs, >= 1.
        batch: designs a step, >= 2; each comes with its copies.
        rate: learning rate at its highest.
        weight_decay: >= 0, of matrices and kernels.
        warm_up: share of the steps in which the rate rises, 0 to 1; then it falls along a half cosine.
        width: channels of the layers.
        dim: numbers of a region's vector.
        margin: of the triplets, in cosine, 0 to 2. Ours: the margin of the paper could not be found.
        landmarks: weight of the loss of landmarks beside that of triplets.
        average: decay of the moving average of the weights, which is what is validated and kept.
        designs: drawn designs of train, each in four photos, >= 2.
        judged: drawn designs of val, >= 2.
        precision: of products; auto is bf16-mixed where the device has it in hardware, else 32-true.
        seed: of all random choices.

    Raises:
        TrainError: a number outside its range.
    """

    epochs: int
    batch: int
    rate: float
    weight_decay: float
    warm_up: float
    width: int
    dim: int
    margin: float
    landmarks: float
    average: float
    designs: int
    judged: int
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("epochs", 1, 10_000),
            ("batch", 2, 4_096),
            ("rate", 1e-9, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("warm_up", 0.0, 1.0),
            ("width", 8, 1024),
            ("dim", 2, 4096),
            ("margin", 0.0, 2.0),
            ("landmarks", 0.0, 1000.0),
            ("average", 0.0, 0.99999),
            ("designs", 2, 1_000_000),
            ("judged", 2, 1_000_000),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)


PRESETS: Mapping[str, RegionsSettings] = {
    # The model that ships. Why: docs/decisions/copies.md.
    "modern": RegionsSettings(
        epochs=6,
        batch=6,
        rate=3e-3,
        weight_decay=0.02,
        warm_up=0.1,
        width=64,
        dim=128,
        margin=0.3,
        landmarks=1.0,
        average=0.99,
        designs=280,
        judged=50,
        precision="auto",
        seed=0,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> RegionsSettings:
    """Return a preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of regions")
