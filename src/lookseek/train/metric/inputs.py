"""Where a network's inputs come from: photos that are decoded in each epoch, or a frozen model's vectors, kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...encode import load_model
from ...errors import TrainError
from ...progress import Progress
from ...types import Photo
from ..labelled import SPLITS
from ..trainer.batches import Batches, LoadedBatches
from ..unreadable import find_unreadable, write_unreadable
from .batches import GroupedOrder
from .item_photo import ItemPhotos
from .photos import Batch, CachedBatches, ViewedDataset, compute_features, in_order
from .settings import FROZEN, MetricSettings
from .validation import needs_views

__all__ = ["Inputs", "decoded_inputs", "frozen_inputs"]


class Inputs(Protocol):
    """The inputs of a training.

    ``found`` are the photos that can be used; ``width`` is that of a frozen model's vectors, 0 of photos; ``origin``
    and ``checksum`` name the frozen model, "" of photos.
    """

    @property
    def found(self) -> ItemPhotos: ...

    @property
    def width(self) -> int: ...

    @property
    def origin(self) -> str: ...

    @property
    def checksum(self) -> str: ...

    def batches(self, order: GroupedOrder) -> Batches[Batch]:
        """Return the batches of train in an order."""
        ...

    def in_order(self, split: str, views: bool = False) -> Iterator[Tensor]:
        """Yield a split as a search sees it, or a view of each photo of it, in batches."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    found: ItemPhotos
    settings: MetricSettings
    street: Sequence[Photo]
    workers: int
    width: int = 0
    origin: str = ""
    checksum: str = ""

    def batches(self, order: GroupedOrder) -> Batches[Batch]:
        photos = ViewedDataset(self.found.splits["train"], self.found.photos, self.settings, self.street)
        return LoadedBatches(photos, order, self.workers)

    def in_order(self, split: str, views: bool = False) -> Iterator[Tensor]:
        return in_order(self.found.splits[split], self.found.photos, self.settings, self.workers, views)


@dataclass(frozen=True, slots=True, eq=False)
class _Frozen:
    found: ItemPhotos
    features: Mapping[str, NDArray[np.float32]]
    width: int
    origin: str
    checksum: str

    def batches(self, order: GroupedOrder) -> Batches[Batch]:
        return CachedBatches(self.features["train"], order)

    def in_order(self, split: str, views: bool = False) -> Iterator[Tensor]:
        rows = torch.from_numpy(self.features[split][:, 1 if views else 0])
        yield from torch.split(rows, 4096)


def decoded_inputs(
    settings: MetricSettings,
    found: ItemPhotos,
    street: Sequence[Photo],
    workers: int,
    out: Path,
    listed: bool,
    progress: Progress,
) -> Inputs:
    """Return the inputs of a backbone: photos that can be decoded.

    Args:
        settings: of the training.
        found: the photos.
        street: photos to put behind garments.
        workers: processes that decode; 0 decodes in this one.
        out: the run folder, which lists those that can't be.
        listed: whether that list is there and of this training.
        progress: notified of every photo that is decoded.

    Raises:
        TrainError: none of train or val can be read.
    """
    photos = ((shown.id, found.photos[shown.id]) for split in SPLITS for shown in found.splits[split])
    return _Decoded(_usable(found, find_unreadable(out, photos, progress, listed=listed)), settings, street, workers)


def frozen_inputs(
    settings: MetricSettings, found: ItemPhotos, street: Sequence[Photo], out: Path, progress: Progress
) -> Inputs:
    """Return the inputs of a frozen model: vectors of all photos, and of the views of train.

    Args:
        settings: of the training.
        found: the photos.
        street: photos to put behind garments.
        out: the run folder, which lists photos that can't be used.
        progress: notified of every photo.

    Raises:
        TrainError: none of train or val can be read.
        ModelError: the model can't be loaded.
    """
    model = load_model(settings.backbone.removeprefix(FROZEN))
    features: dict[str, NDArray[np.float32]] = {}
    kept: set[str] = set()
    for split in SPLITS:
        shown = found.splits[split]
        views = settings.views if split == "train" and settings.view != "none" else 1
        views = max(2, views) if split == "val" and needs_views(shown) else views
        some, ids = compute_features(model, found.photos, [one.id for one in shown], views, settings, street, progress)
        features[split] = some
        kept |= set(ids)
    broken = {one.id: "can't be used" for split in SPLITS for one in found.splits[split] if one.id not in kept}
    write_unreadable(out, broken)
    return _Frozen(_usable(found, broken), features, model.dim, f"the model {model.name}", model.checksum)


def _usable(found: ItemPhotos, broken: Mapping[str, str]) -> ItemPhotos:
    usable = found.without(broken)
    if not usable.splits["train"] or not usable.splits["val"]:
        raise TrainError(f"none of the photos of train or val can be read, e.g. {next(iter(broken.values()))}")
    return usable
