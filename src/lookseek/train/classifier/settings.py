"""How a classifier is trained: two presets, and what each number of them means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...encode.prepare import Resize
from ...errors import TrainError
from ..augment import Augment
from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "ClassifierSettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class ClassifierSettings:
    """All that decides how a network is trained, beside the data and the device.

    Args:
        backbone: efficientnet-lite2, a name of torchvision (resnet50, densenet121) or of timm (timm/NAME).
        epochs: number of epochs, passes over the training photos, >= 1.
        batch: photos a step, over all devices, >= 2.
        rate: the optimiser's learning rate, > 0, at its highest.
        optimiser: ``adam``, or ``adamw`` whose weight decay leaves the rates alone.
        weight_decay: >= 0, of weights but not of biases and norms.
        deepest_rate: share of ``rate`` that the first layer learns with, above 0 to 1; those between follow
            geometrically. 1: all alike.
        frozen: share of the backbone's weights, from the first layer on, that stay as they are, 0 to 1; none of
            random numbers.
        warm_up: share of the steps in which the rate rises to its highest, 0 to 1.
        cosine: whether the rate falls to nothing along a half cosine after that, or stays.
        smoothing: share of the target that is spread over all classes, 0 to 1.
        augment: random changes of a training photo: none, or strong: crops, mirror images, rotations, light.
        balance: 0 takes each photo once an epoch, 1 each class equally often, between: classes by the power of their
            size.
        average: decay of the moving average of the weights, which is what is validated and kept; 0 for none.
        size: of the network's input, pixels a side, 32 to 1024.
        resize: how a photo is brought to that size.
        precision: of the network's products; auto is bf16-mixed where the device has it in hardware, else 32-true.
        seed: the random seed of all choices.

    Raises:
        TrainError: a number outside its range.
    """

    backbone: str
    epochs: int
    batch: int
    rate: float
    optimiser: Literal["adam", "adamw"]
    weight_decay: float
    deepest_rate: float
    frozen: float
    warm_up: float
    cosine: bool
    smoothing: float
    augment: Augment
    balance: float
    average: float
    size: int
    resize: Resize
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("epochs", 1, 10_000),
            ("batch", 2, 65_536),
            ("rate", 1e-9, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("deepest_rate", 1e-6, 1.0),
            ("frozen", 0.0, 1.0),
            ("warm_up", 0.0, 1.0),
            ("smoothing", 0.0, 1.0),
            ("balance", 0.0, 1.0),
            ("average", 0.0, 0.99999),
            ("size", 32, 1024),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)
        if self.precision not in get_args(Precision):
            raise TrainError(f"precision {self.precision!r} is unknown: use one of {', '.join(get_args(Precision))}")


PRESETS: Mapping[str, ClassifierSettings] = {
    # The student system that lookseek replaces: a classifier of dress, shirt and toptee (docs/decisions/train.md).
    "baseline": ClassifierSettings(
        backbone="resnet50",
        epochs=10,
        batch=32,
        rate=1e-3,
        optimiser="adam",
        weight_decay=0.0,
        deepest_rate=1.0,
        frozen=0.0,
        warm_up=0.0,
        cosine=False,
        smoothing=0.0,
        augment="none",
        balance=0.0,
        average=0.0,
        size=224,
        resize="squash",
        precision="32-true",
        seed=0,
    ),
    # Chosen on val of ``clothing`` (docs/decisions/train.md).
    "modern": ClassifierSettings(
        backbone="efficientnet-lite2",
        epochs=8,
        batch=32,
        rate=1e-3,
        optimiser="adamw",
        weight_decay=0.05,
        deepest_rate=0.05,
        frozen=0.33,
        warm_up=0.1,
        cosine=True,
        smoothing=0.1,
        augment="strong",
        balance=0.5,
        average=0.99,
        size=224,
        resize="pad",
        precision="auto",
        seed=0,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> ClassifierSettings:
    """Return a preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes)
