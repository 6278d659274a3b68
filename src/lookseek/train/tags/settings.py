"""How an attribute head is trained: its preset, and what each number of it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "TagsSettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class TagsSettings:
    """All that decides how an attribute head is trained, beside the data.

    Args:
        least: photos of train that a value needs, >= 2; rarer ones are left out.
        absent: share of the photos of a type that state an attribute up to which it counts as one that the type does
            not have, 0 to 1: all of its values are then wrong there. -1: never, what is not stated is unknown.
        hidden: units of a way with a bend beside the linear layer; 0 for the linear layer alone.
        epochs: number of epochs, passes over the photos of train, >= 1.
        batch: photos a step, >= 1.
        rate: the highest learning rate, > 0.
        weight_decay: >= 0, of weights but not of biases.
        dropout: of features and hidden units, 0 to below 1.
        noise: standard deviation of what is added to features of length 1 in training, times their spread; >= 0.
        warm_up: share of the steps in which the rate rises to its highest, 0 to 1.
        average: decay of the moving average of the weights, which is what is validated and kept; 0 for none.
        precise: share of right ones among the values written, which a value's threshold reaches on val, 0 to 1.
        precision: of the network's products; auto is bf16-mixed where the device has it in hardware, else 32-true.
        seed: the random seed of all choices.
        exclusive: whether the values of an attribute of which no photo of train has two share one probability: a likely
            one makes the others unlikely. Whether the attribute applies to a photo is learned beside.
        attributes: names of those that are learned, parted by commas; "" for all. Photos that state none of them are
            left out.

    Raises:
        TrainError: a number outside its range.
    """

    least: int
    absent: float
    hidden: int
    epochs: int
    batch: int
    rate: float
    weight_decay: float
    dropout: float
    noise: float
    warm_up: float
    average: float
    precise: float
    precision: Precision
    seed: int
    exclusive: bool = False
    attributes: str = ""

    def __post_init__(self) -> None:
        ranges = (
            ("least", 2, 1_000_000),
            ("absent", -1.0, 1.0),
            ("hidden", 0, 65_536),
            ("epochs", 1, 10_000),
            ("batch", 1, 65_536),
            ("rate", 1e-9, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("dropout", 0.0, 0.99),
            ("noise", 0.0, 10.0),
            ("warm_up", 0.0, 1.0),
            ("average", 0.0, 0.99999),
            ("precise", 0.0, 1.0),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)


PRESETS: Mapping[str, TagsSettings] = {
    # Hidden units, epochs and what values share were chosen on val (docs/decisions/similarity-papers.md); the rest are
    # first settings.
    "modern": TagsSettings(
        least=20,
        absent=0.01,
        hidden=512,
        epochs=15,
        batch=256,
        rate=1e-3,
        weight_decay=0.05,
        dropout=0.3,
        noise=0.0,
        warm_up=0.05,
        average=0.99,
        precise=0.9,
        precision="32-true",
        seed=0,
        exclusive=True,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> TagsSettings:
    """A preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of tags")
