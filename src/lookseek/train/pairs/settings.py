"""How a matcher of pairs is trained: what each number means, and the preset of the one that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "PairSettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class PairSettings:
    """All that decides a training, beside the data and the device.

    Args:
        photos: of the shop's designs, at the most, >= 0; val has a quarter.
        drawn: drawn designs of four views each, >= 0; val has a quarter.
        dim: numbers that a cell is reduced to, which an index keeps.
        inner: numbers of a cell that are compared.
        width: numbers of a similarity vector.
        hidden: numbers of a node after a layer of reasoning, and of an edge's ends.
        layers: of reasoning, 1 to 8.
        share: of the match score in the final score, above 0 to 1; the rest is the cosine's. It is learned without.
        epochs: passes over the views, >= 1.
        batch: views that ask, a step, >= 1.
        wrong: photos that each is compared with beside one that matches, >= 1.
        near: nearest photos by cosine, without those that match, of which the wrong ones are drawn, >= wrong.
        apart: weight of the cross-entropy of each pair by itself beside that of one right photo among wrong ones.
        rate: learning rate at its highest.
        weight_decay: >= 0, of matrices.
        warm_up: share of the steps in which the rate rises, 0 to 1; then it falls along a half cosine.
        average: decay of the moving average of the weights, which is what is validated and kept.
        precision: of the products; auto is bf16-mixed where the device has it in hardware, else 32-true.
        seed: of all random choices.

    Raises:
        TrainError: a number outside its range.
    """

    photos: int
    drawn: int
    dim: int
    inner: int
    width: int
    hidden: int
    layers: int
    share: float
    epochs: int
    batch: int
    wrong: int
    near: int
    apart: float
    rate: float
    weight_decay: float
    warm_up: float
    average: float
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("photos", 0, 10_000_000),
            ("drawn", 0, 1_000_000),
            ("dim", 2, 1024),
            ("inner", 2, 1024),
            ("width", 2, 1024),
            ("hidden", 2, 1024),
            ("layers", 1, 8),
            ("share", 0.01, 1.0),
            ("epochs", 1, 10_000),
            ("batch", 1, 4_096),
            ("wrong", 1, 1_000),
            ("near", self.wrong, 100_000),
            ("apart", 0.0, 100.0),
            ("rate", 1e-9, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("warm_up", 0.0, 1.0),
            ("average", 0.0, 0.99999),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)


PRESETS: Mapping[str, PairSettings] = {
    # The matcher that docs/decisions/pairs.md measures.
    "modern": PairSettings(
        photos=3000,
        drawn=200,
        dim=128,
        inner=64,
        width=32,
        hidden=32,
        layers=2,
        share=0.1,
        epochs=3,
        batch=16,
        wrong=7,
        near=60,
        apart=0.3,
        rate=3e-3,
        weight_decay=0.02,
        warm_up=0.05,
        average=0.99,
        precision="32-true",
        seed=0,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> PairSettings:
    """Return a preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of pairs")
