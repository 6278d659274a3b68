"""How a Combiner is trained: two presets, and what each number of them means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from ...errors import TrainError
from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["HEAD_WIDTH", "PRESETS", "CombinerSettings", "ComposerKind", "Tune", "settings_of"]

ComposerKind: TypeAlias = Literal["combiner", "attention"]
"""What joins a photo and a change."""

Tune: TypeAlias = Literal["none", "image", "text", "both"]
"""Which towers of a CLIP learn in stage 1."""


HEAD_WIDTH = 32
"""Numbers of a head of attention."""


@dataclass(frozen=True, slots=True)
class CombinerSettings:
    """All that decides both stages, beside the data, the towers and the device.

    Args:
        composer: what stage 2 trains: combiner, of the two vectors alone; attention, which sees the cells of the photo,
            of its garment and of the garment's regions too, and needs a model folder whose tower pools a map.
        width: numbers of a token inside attention, a multiple of 32.
        layers: of attention, >= 1.
        unseen: share of the photos whose cells a step of attention leaves out, 0 to 1, so that it also composes where
            only a photo's vector is at hand.
        references: photos whose triplets are learned, chosen by the seed; 0 for all. Each costs attention a tenth of a
            second, once.
        tune: which towers learn in stage 1; none leaves that stage out.
        tune_epochs: number of epochs of stage 1, passes over the triplets, >= 1.
        tune_batch: triplets a step of stage 1, >= 2: the others' targets are the negatives, so more teach better.
        tune_rate: learning rate of stage 1.
        checkpointing: whether stage 1 computes activations twice to keep few of them.
        epochs: number of epochs of stage 2, >= 1.
        batch: triplets a step of stage 2, >= 2.
        rate: learning rate of stage 2, at its highest.
        weight_decay: of stage 2, >= 0; 0 is Adam.
        projection: numbers that photo and words are each brought to, in multiples of the features' number.
        hidden: numbers of the middle layers, in multiples of the features' number.
        dropout: share of the middle numbers that a step of stage 2 leaves out, 0 to below 1.
        normalise: whether the Combiner brings photo and words to length 1 itself, and begins as their plain sum.
        scale: what cosines are multiplied by in the loss of both stages.
        learn_scale: whether stage 2 learns it, from there on.
        warm_up: share of the steps in which the rate rises, 0 to 1; of both stages.
        cosine: whether the rate then falls to nothing along a half cosine, or stays; of both stages.
        every: epochs from one validation to the next, >= 1; of both stages.
        patience: validations without a better one after which a stage ends; 0 for never.
        generated: triplets made from a catalogue's labels that join an epoch, as a share of the written ones, >= 0.
        drawn: triplets of drawn garments that join an epoch of a shop, as a share of the written ones, >= 0.
        precision: of the networks' products in training; auto is bf16-mixed where the device has it in hardware, else
            32-true. Features are always fp32.
        seed: the random seed of all choices.

    Raises:
        TrainError: a number outside its range.
    """

    tune: Tune
    tune_epochs: int
    tune_batch: int
    tune_rate: float
    checkpointing: bool
    epochs: int
    batch: int
    rate: float
    weight_decay: float
    projection: float
    hidden: float
    dropout: float
    normalise: bool
    scale: float
    learn_scale: bool
    warm_up: float
    cosine: bool
    every: int
    patience: int
    generated: float
    drawn: float
    precision: Precision
    seed: int
    composer: ComposerKind = "combiner"  # from here on with the values of runs that were written before
    width: int = 192
    layers: int = 1
    unseen: float = 0.1
    references: int = 0

    def __post_init__(self) -> None:
        ranges = (
            ("width", HEAD_WIDTH, 4096),
            ("layers", 1, 24),
            ("unseen", 0.0, 1.0),
            ("references", 0, 10_000_000),
            ("tune_epochs", 1, 10_000),
            ("tune_batch", 2, 65_536),
            ("tune_rate", 1e-9, 10.0),
            ("epochs", 1, 10_000),
            ("batch", 2, 65_536),
            ("rate", 1e-9, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("projection", 1 / 64, 64),
            ("hidden", 1 / 64, 64),
            ("dropout", 0.0, 0.99),
            ("scale", 1.0, 1000.0),
            ("warm_up", 0.0, 1.0),
            ("every", 1, 10_000),
            ("patience", 0, 10_000),
            ("generated", 0.0, 100.0),
            ("drawn", 0.0, 100.0),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)
        if self.width % HEAD_WIDTH:
            raise TrainError(f"width is {self.width}: give a multiple of {HEAD_WIDTH}, the numbers of a head")
        words = (("composer", ComposerKind), ("tune", Tune), ("precision", Precision))
        for name, allowed in ((name, get_args(kind)) for name, kind in words):
            if getattr(self, name) not in allowed:
                raise TrainError(f"{name} {getattr(self, name)!r} is unknown: use one of {', '.join(allowed)}")


PRESETS: Mapping[str, CombinerSettings] = {
    # The original to the letter: its README's commands. Source: github.com/ABaldrati/CLIP4Cir.
    "clip4cir": CombinerSettings(
        composer="combiner",
        width=192,
        layers=1,
        unseen=0.1,
        references=0,
        tune="both",
        tune_epochs=100,
        tune_batch=128,
        tune_rate=2e-6,
        checkpointing=False,
        epochs=300,
        batch=4096,
        rate=2e-5,
        weight_decay=0.0,
        projection=4.0,
        hidden=8.0,
        dropout=0.5,
        normalise=False,
        scale=100.0,
        learn_scale=False,
        warm_up=0.0,
        cosine=False,
        every=3,
        patience=0,
        generated=0.0,
        drawn=0.0,
        precision="16-mixed",
        seed=0,
    ),
    # Why each differs: docs/decisions/combiner.md.
    "modern": CombinerSettings(
        composer="combiner",
        width=192,
        layers=1,
        unseen=0.1,
        references=0,
        tune="none",
        tune_epochs=20,
        tune_batch=128,
        tune_rate=4e-6,
        checkpointing=True,
        epochs=60,
        batch=512,
        rate=5e-4,
        weight_decay=0.01,
        projection=0.5,
        hidden=1.0,
        dropout=0.5,
        normalise=True,
        scale=30.0,
        learn_scale=True,
        warm_up=0.1,
        cosine=True,
        every=1,
        patience=10,
        generated=1.0,
        drawn=1.0,
        precision="auto",
        seed=0,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> CombinerSettings:
    """Return a preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of the combiner")
