"""How an embedding is trained on a shop's texts: its preset, and what each number of it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "WeakSettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class WeakSettings:
    """All that decides a training on texts, beside the data.

    Args:
        words: of the vocabulary at the most, the most frequent, >= 2.
        least: texts of train that have a word, at the least, >= 2.
        most: share of the texts of train that have it, at the most, 0 to 1.
        visual: nats by which the looks of a word's photos differ from those of all photos, at the least: words that
            say nothing of a look are left out; 0 keeps all that differ, -1 all.
        cells: of similar photos, by which that is counted, >= 2.
        dim: of the embedding.
        hidden: units of a way with a bend from the features to the embedding, beside a linear one; 0 for that alone.
        neck: whether a batch norm ends the embedding.
        negatives: words that a photo's text lacks, drawn beside each that it has, >= 1.
        power: of the words' counts, by which negatives are drawn: 0 all alike, 1 as often as they are written.
        epochs: number of epochs, passes over the photos of train, >= 1; in each, one word of each photo is learned.
        batch: photos a step, >= 1.
        rate: the highest learning rate, > 0.
        weight_decay: >= 0, of weights but not of biases and norms.
        dropout: of features and hidden units, 0 to below 1.
        warm_up: share of the steps in which the rate rises to its highest, 0 to 1.
        average: decay of the moving average of the weights, which is what is validated and kept; 0 for none.
        precise: share of right ones among the words written, which a word's threshold reaches on val, 0 to 1.
        precision: of the network's products; auto is bf16-mixed where the device has it in hardware, else 32-true.
        seed: the random seed of all choices.

    Raises:
        TrainError: a number outside its range.
    """

    words: int
    least: int
    most: float
    visual: float
    cells: int
    dim: int
    hidden: int
    neck: bool
    negatives: int
    power: float
    epochs: int
    batch: int
    rate: float
    weight_decay: float
    dropout: float
    warm_up: float
    average: float
    precise: float
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("words", 2, 100_000),
            ("least", 2, 1_000_000),
            ("most", 0.0, 1.0),
            ("visual", -1.0, 100.0),
            ("cells", 2, 10_000),
            ("dim", 2, 65_536),
            ("hidden", 0, 65_536),
            ("negatives", 1, 10_000),
            ("power", 0.0, 1.0),
            ("epochs", 1, 10_000),
            ("batch", 1, 65_536),
            ("rate", 1e-9, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("dropout", 0.0, 0.99),
            ("warm_up", 0.0, 1.0),
            ("average", 0.0, 0.99999),
            ("precise", 0.0, 1.0),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)


PRESETS: Mapping[str, WeakSettings] = {
    "modern": WeakSettings(
        words=3000,
        least=10,
        most=0.5,
        visual=0.3,
        cells=100,
        dim=512,
        hidden=1024,
        neck=False,
        negatives=64,
        power=0.5,
        epochs=60,
        batch=256,
        rate=1e-3,
        weight_decay=0.05,
        dropout=0.3,
        warm_up=0.05,
        average=0.99,
        precise=0.9,
        precision="32-true",
        seed=0,
    ),
}
"""Name to settings. Source of the batch and the rate: those of ``tags``; nothing was chosen on val yet."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> WeakSettings:
    """A preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of weak")
