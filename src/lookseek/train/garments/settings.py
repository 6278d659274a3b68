"""How a parser is trained: what each number means, and the preset of the one that ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "GarmentsSettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class GarmentsSettings:
    """All that decides a training, beside the data and the device.

    Args:
        epochs: passes over the views, >= 1.
        batch: views a step, >= 1.
        rate: learning rate at its highest.
        weight_decay: >= 0, of matrices and kernels.
        warm_up: share of the steps in which the rate rises, 0 to 1; then it falls along a half cosine.
        width: channels of the decoder.
        dropout: share of the channels that a step leaves out before the last layer, 0 to below 1.
        overlap: weight of the loss of overlap beside the cross-entropy of cells: it counts a small garment as a large
            one. Source: Milletari et al., V-Net, 3DV 2016 (Dice).
        rare: power of the inverse share of cells by which a kind's cells count more in the cross-entropy, 0 to 1.
        flat_share: weight of the loss of photos of which one kind is known and no place.
        average: decay of the moving average of the weights, which is what is validated and kept.
        flat: phone photos of clothing that join the street photos, at the most, >= 0.
        drawn: drawn garments that join them, >= 0.
        precision: of the decoder's products; auto is bf16-mixed where the device has it in hardware, else 32-true.
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
    dropout: float
    overlap: float
    rare: float
    flat_share: float
    average: float
    flat: int
    drawn: int
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("epochs", 1, 10_000),
            ("batch", 1, 4_096),
            ("rate", 1e-9, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("warm_up", 0.0, 1.0),
            ("width", 8, 1024),
            ("dropout", 0.0, 0.99),
            ("overlap", 0.0, 100.0),
            ("rare", 0.0, 1.0),
            ("flat_share", 0.0, 100.0),
            ("average", 0.0, 0.99999),
            ("flat", 0, 1_000_000),
            ("drawn", 0, 1_000_000),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)


PRESETS: Mapping[str, GarmentsSettings] = {
    # The parser that ships. Why: docs/decisions/garments.md.
    "modern": GarmentsSettings(
        epochs=12,
        batch=8,
        rate=3e-3,
        weight_decay=0.02,
        warm_up=0.05,
        width=64,
        dropout=0.1,
        overlap=0.5,
        rare=0.3,
        flat_share=0.3,
        average=0.99,
        flat=640,
        drawn=320,
        precision="auto",
        seed=0,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> GarmentsSettings:
    """Return a preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of garments")
