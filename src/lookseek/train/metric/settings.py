"""How an embedding is trained: its presets, and what each number of them means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ...encode.prepare import Resize
from ...errors import TrainError
from ..trainer.precision import Precision
from ..trainer.presets import apply_changes, check_ranges

__all__ = ["FROZEN", "PRESETS", "Loss", "MetricSettings", "Pooling", "View", "settings_of"]

FROZEN = "model:"
"""What the name of a backbone begins with that is a model folder or a shipped model, frozen."""

Loss: TypeAlias = Literal[
    "triplet", "triplet-semi-hard", "triplet-hard", "contrastive", "multi-similarity", "proxy-anchor", "arcface",
    "supcon",
]  # fmt: skip

Pooling: TypeAlias = Literal["average", "max", "gem"]

View: TypeAlias = Literal["none", "crops", "strong", "street"]


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """All that decides how an embedding is trained, beside the data and the device.

    Args:
        backbone: efficientnet-lite2, a name of torchvision (resnet50) or timm (timm/NAME), all of whose layers may
            learn; or model:NAME, a shipped model or a model folder that stays as it is, whose vectors are computed
            once.
        pooling: of a backbone's last map: average; max or gem (generalised mean) of efficientnet-lite2 and timm's.
        dim: of the embedding.
        hidden: units of a second way from the features to the embedding, with a bend; 0 for a linear layer alone.
        neck: whether a batch norm ends the embedding.
        loss: of similarity: triplet (all of a batch), triplet-semi-hard, triplet-hard, contrastive, multi-similarity,
            proxy-anchor, arcface, supcon.
        margin: of the triplet losses and of contrastive, in distances of vectors of length 1, above 0 to 2.
        similarity: weight of that loss, >= 0.
        classification: weight of the cross-entropy of the class beside it, >= 0; 0 leaves the class layer out.
        relaxation: whether two layers stand between the embedding and the class layer, so that the class pulls less
            at the embedding.
        items: of a batch (P), >= 2.
        photos: of each item in a batch (K), >= 2; an item with fewer gives several views of one.
        labelled: photos of a batch beside those, of which only the class is learned, >= 0.
        category_share: share of batches in which the photos of one category are the similar ones, 0 to 1.
        cap: photos of one item that are used, >= 2.
        body: which garments of DeepFashion: all, or those of the upper body.
        crop: whether DeepFashion's photos are cropped to their official box.
        epochs: number of epochs, passes over the training photos, >= 1.
        rate: the highest learning rate, > 0.
        optimiser: sgd or adamw.
        momentum: of sgd, 0 to below 1.
        weight_decay: >= 0, of weights but not of biases and norms.
        deepest_rate: share of the rate that a backbone's first layer learns with, above 0 to 1.
        frozen: share of a backbone's weights, from the first layer on, that stay as they are, 0 to 1.
        warm_up: share of the steps in which the rate rises to its highest, 0 to 1.
        cosine: whether the rate falls to nothing along a half cosine after that, or stays.
        average: decay of the moving average of the weights, which is what is validated and kept; 0 for none.
        dropout: of features and hidden units, 0 to below 1.
        view: what chance does to a training photo: none; crops (at least 8 % of it, mirrored or not); strong (at least
            40 %, mirrored or not, in other light); street (the same, half of them cut out and put before a street).
        views: views of each photo whose vectors are computed, of a frozen model; >= 1. The first is the photo itself.
        size: of a backbone's input, pixels a side, 32 to 1024.
        resize: how a photo is brought to that size.
        precision: of the network's products; auto is bf16-mixed where the device has it in hardware, else 32-true.
        seed: the random seed of all choices.

    Raises:
        TrainError: a number outside its range, or two that don't go together.
    """

    backbone: str
    pooling: Pooling
    dim: int
    hidden: int
    neck: bool
    loss: Loss
    margin: float
    similarity: float
    classification: float
    relaxation: bool
    items: int
    photos: int
    labelled: int
    category_share: float
    cap: int
    body: Literal["all", "upper"]
    crop: bool
    epochs: int
    rate: float
    optimiser: Literal["sgd", "adamw"]
    momentum: float
    weight_decay: float
    deepest_rate: float
    frozen: float
    warm_up: float
    cosine: bool
    average: float
    dropout: float
    view: View
    views: int
    size: int
    resize: Resize
    precision: Precision
    seed: int

    def __post_init__(self) -> None:
        ranges = (
            ("dim", 2, 65_536),
            ("hidden", 0, 65_536),
            ("margin", 1e-6, 2.0),
            ("similarity", 0.0, 1e6),
            ("classification", 0.0, 1e6),
            ("items", 2, 65_536),
            ("photos", 2, 65_536),
            ("labelled", 0, 65_536),
            ("category_share", 0.0, 1.0),
            ("cap", 2, 1_000_000),
            ("epochs", 1, 10_000),
            ("rate", 1e-9, 10.0),
            ("momentum", 0.0, 0.9999),
            ("weight_decay", 0.0, 10.0),
            ("deepest_rate", 1e-6, 1.0),
            ("frozen", 0.0, 1.0),
            ("warm_up", 0.0, 1.0),
            ("average", 0.0, 0.99999),
            ("dropout", 0.0, 0.99),
            ("views", 1, 64),
            ("size", 32, 1024),
            ("seed", 0, 2**31 - 1),
        )
        check_ranges(self, ranges)
        if not self.similarity and not self.classification:
            raise TrainError("similarity and classification are both 0, so nothing is learned: give one a weight")
        if self.relaxation and not self.classification:
            raise TrainError("relaxation stands before the class layer, and classification is 0: give it a weight")
        if self.classification == 0 and self.labelled:
            raise TrainError(f"labelled is {self.labelled} and classification 0: nothing is learned of these photos")


PRESETS: Mapping[str, MetricSettings] = {
    # ihciah/deep-fashion-retrieval: ResNet-50, 2048 -> 512 -> 20, cross-entropy + 2 x triplets of margin 1, 80 % of
    # them of in-shop items, SGD 1e-3 with momentum .5, batches of 32 (docs/decisions/metric.md says what is mended).
    "deep-fashion": MetricSettings(
        backbone="resnet50",
        pooling="average",
        dim=512,
        hidden=0,
        neck=False,
        loss="triplet",
        margin=1.0,
        similarity=2.0,
        classification=1.0,
        relaxation=False,
        items=16,
        photos=2,
        labelled=32,
        category_share=0.2,
        cap=1_000_000,
        body="upper",
        crop=True,
        epochs=10,
        rate=1e-3,
        optimiser="sgd",
        momentum=0.5,
        weight_decay=0.0,
        deepest_rate=1.0,
        frozen=0.0,
        warm_up=0.0,
        cosine=False,
        average=0.0,
        dropout=0.0,
        view="crops",
        views=1,
        size=224,
        resize="crop",
        precision="32-true",
        seed=0,
    ),
    # First settings: nothing was chosen on val yet (docs/decisions/metric.md).
    "modern": MetricSettings(
        backbone="model:lookseek-base",
        pooling="average",
        dim=512,
        hidden=1024,
        neck=False,
        loss="multi-similarity",
        margin=0.2,
        similarity=1.0,
        classification=0.1,
        relaxation=False,
        items=64,
        photos=4,
        labelled=0,
        category_share=0.0,
        cap=8,
        body="all",
        crop=False,
        epochs=20,
        rate=1e-3,
        optimiser="adamw",
        momentum=0.9,
        weight_decay=0.05,
        deepest_rate=0.05,
        frozen=0.33,
        warm_up=0.1,
        cosine=True,
        average=0.99,
        dropout=0.1,
        view="strong",
        views=2,
        size=224,
        resize="pad",
        precision="auto",
        seed=0,
    ),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> MetricSettings:
    """A preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of metric")
