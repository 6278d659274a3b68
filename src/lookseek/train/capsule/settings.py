"""How capsules are trained: their presets, and what each number of them means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from ...encode.prepare import Resize
from ..metric.settings import PRESETS as METRIC
from ..metric.settings import MetricSettings, View
from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "CapsuleSettings", "Stem", "settings_of"]

Stem: TypeAlias = Literal["sc", "rc"]


@dataclass(frozen=True, slots=True)
class CapsuleSettings:
    """All that decides how capsules are trained, beside the data and the device.

    Args:
        stem: what is below the capsules: sc, stacked convolutions; rc, residual blocks.
        width: channels of the first convolution, >= 2; the others have their multiples (the original's: 64).
        primary: kinds of primary capsules, >= 1 (32).
        dim: numbers of a capsule, >= 2 (16).
        rounds: of the routing, >= 1 (3).
        margin: of the triplet loss, in squared distances of capsules of length 1, above 0 to 4; 2 means orthogonal.
        similarity: weight of the triplet loss, >= 0.
        lengths: weight of the margin loss of the classes' lengths, >= 0: what makes the longest capsule the class.
        items: of a batch (P), >= 2.
        photos: of each item in a batch (K), >= 2; an item with fewer gives several views of one.
        cap: photos of one item that are used, >= 2.
        body: which garments of DeepFashion: all, or those of the upper body.
        crop: whether DeepFashion's photos are cropped to their official box.
        epochs: number of epochs, passes over the training photos, >= 1.
        rate: the highest learning rate, > 0.
        fall: by which the rate is multiplied after each epoch, above 0 to 1.
        average: decay of the moving average of the weights, which is what is validated and kept; 0 for none.
        dropout: of the first maps' channels, 0 to below 1.
        view: what chance does to a training photo: none; crops (at least 8 % of it, mirrored or not); strong (at least
            40 %, mirrored or not, in other light); street (the same, half of them cut out and put before a street).
        size: of the input, pixels a side, 32 to 1024.
        resize: how a photo is brought to that size.
        precision: of the network's products; auto is bf16-mixed where the device has it in hardware, else 32-true.
        seed: the random seed of all choices.

    Raises:
        TrainError: a number outside its range.
    """

    stem: Stem
    width: int
    primary: int
    dim: int
    rounds: int
    margin: float
    similarity: float
    lengths: float
    items: int
    photos: int
    cap: int
    body: Literal["all", "upper"]
    crop: bool
    epochs: int
    rate: float
    fall: float
    average: float
    dropout: float
    view: View
    size: int
    resize: Resize
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("width", 2, 4096),
            ("primary", 1, 4096),
            ("dim", 2, 4096),
            ("rounds", 1, 100),
            ("margin", 1e-6, 4.0),
            ("similarity", 0.0, 1e6),
            ("lengths", 0.0, 1e6),
            ("items", 2, 65_536),
            ("photos", 2, 65_536),
            ("cap", 2, 1_000_000),
            ("epochs", 1, 10_000),
            ("rate", 1e-9, 10.0),
            ("fall", 1e-6, 1.0),
            ("average", 0.0, 0.99999),
            ("dropout", 0.0, 0.99),
            ("size", 32, 1024),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)

    @property
    def photos_of(self) -> MetricSettings:
        """What ``train metric`` reads photos, views and batches by."""
        return replace(
            METRIC["modern"],
            backbone="",
            items=self.items,
            photos=self.photos,
            labelled=0,
            category_share=0.0,
            cap=self.cap,
            body=self.body,
            crop=self.crop,
            view=self.view,
            size=self.size,
            resize=self.resize,
            seed=self.seed,
        )


_ORIGINAL = CapsuleSettings(
    stem="rc",
    width=64,
    primary=32,
    dim=16,
    rounds=3,
    margin=2.0,
    similarity=1.0,
    lengths=1.0,
    items=16,
    photos=2,
    cap=1_000_000,
    body="all",
    crop=False,
    epochs=450,
    rate=1e-3,
    fall=0.995,
    average=0.0,
    dropout=0.3,
    view="strong",
    size=256,
    resize="pad",
    precision="32-true",
    seed=0,
)

PRESETS: Mapping[str, CapsuleSettings] = {
    # Kınlı et al.: RCCapsNet and SCCapsNet. Ours are the batches of items by photos, the views, and the weight of the
    # lengths, without which no class can be predicted (docs/decisions/similarity-papers.md).
    "rc": _ORIGINAL,
    "sc": replace(_ORIGINAL, stem="sc"),
    # What trains on a processor in minutes. First settings: nothing was chosen on val yet.
    "modern": replace(
        _ORIGINAL, width=16, primary=8, items=16, photos=4, cap=8, epochs=20, fall=0.9, average=0.99, size=96
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> CapsuleSettings:
    """A preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of capsule")
