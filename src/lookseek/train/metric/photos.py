"""What a batch is made of: photos that are decoded now, or vectors of a frozen model that were computed once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ... import images
from ...encode import Model
from ...encode.prepare import Preprocessing, min_side, resize_to_input
from ...evaluate.cache import cache_key, embed_photos
from ...progress import Progress
from ...types import Photo
from ...vectors import unit
from .batches import GroupedOrder, Key
from .item_photo import ItemPhoto
from .settings import MetricSettings
from .views import ViewedPhotos, look_at

__all__ = ["Batch", "CachedBatches", "ViewedDataset", "compute_features", "in_order"]


class Batch(NamedTuple):
    """A batch.

    Args:
        inputs: photos uint8 (n, 3, size, size), or vectors float32 (n, width).
        groups: int64 (n,), as ``GroupedOrder`` numbers them.
        rows: of train, int64 (n,).
    """

    inputs: Tensor
    groups: Tensor
    rows: Tensor


class ViewedDataset(Dataset[Batch]):
    """Photos of train in views, by ``Key``.

    Args:
        shown: the photos.
        photos: id to photo.
        settings: of the training.
        street: photos to put behind garments.
    """

    def __init__(
        self,
        shown: Sequence[ItemPhoto],
        photos: Mapping[str, Photo],
        settings: MetricSettings,
        street: Sequence[Photo] = (),
    ) -> None:
        self._shown, self._photos, self._settings, self._street = shown, photos, settings, street
        side = settings.size
        self._how = Preprocessing(side, side, settings.resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc")

    def __len__(self) -> int:
        return len(self._shown)

    def __getitem__(self, key: Key) -> Batch:
        row, seed, group = key
        pixels = images.decode(self._photos[self._shown[row].id], min_side(self._how))
        seen = look_at(pixels, self._settings.view, self._settings.size, seed, self._street)
        fitted = np.ascontiguousarray(resize_to_input(seen, self._how))
        photo = torch.from_numpy(fitted).permute(2, 0, 1)
        return Batch(photo, torch.tensor(group), torch.tensor(row))


def in_order(
    shown: Sequence[ItemPhoto], photos: Mapping[str, Photo], settings: MetricSettings, workers: int, seeds: bool = False
) -> Iterator[Tensor]:
    """Yield photos as a search sees them, in batches uint8 (n, 3, size, size).

    Args:
        shown: which.
        photos: id to photo.
        settings: of the training.
        workers: processes that decode; 0 decodes in this one.
        seeds: True yields a view of each instead, the same every time.
    """
    how = settings if seeds else replace(settings, view="none")
    dataset = ViewedDataset(shown, photos, how)
    keys = [(row, row, 0) for row in range(len(shown))]
    size = settings.items * settings.photos
    parts = [keys[at : at + size] for at in range(0, len(keys), size)]
    for batch in DataLoader(dataset, batch_sampler=parts, num_workers=workers):
        yield batch.inputs


class CachedBatches:
    """See ``Batches``: vectors that were computed once, of a view that the key's seed chooses.

    Args:
        features: float32 (photos of train, views, width).
        order: of the training.
    """

    def __init__(self, features: NDArray[np.float32], order: GroupedOrder) -> None:
        self._features, self._order = features, order

    @property
    def examples(self) -> int:
        """See Batches."""
        return self._order.examples

    def __len__(self) -> int:
        return len(self._order)

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """See Batches."""
        for keys in self._order.epoch(epoch, first):
            rows, seeds, groups = (np.array(column, np.int64) for column in zip(*keys, strict=True))
            vectors = self._features[rows, seeds % self._features.shape[1]]
            yield Batch(*(torch.from_numpy(some) for some in (vectors, groups, rows)))


def compute_features(
    model: Model,
    photos: Mapping[str, Photo],
    ids: Sequence[str],
    views: int,
    settings: MetricSettings,
    street: Sequence[Photo],
    progress: Progress,
) -> tuple[NDArray[np.float32], list[str]]:
    """Return a frozen model's vectors of photos and of their views; they are kept in the cache of evaluations.

    Args:
        model: the frozen one.
        photos: id to photo.
        ids: which.
        views: of each; the first is the photo itself.
        settings: of the training.
        street: photos to put behind garments.
        progress: notified of every photo, and of each that can't be used.

    Returns:
        float32 (found, views, width), each of length 1; and the ids of those that were found.
    """
    encoders, name = {cache_key(model): model.image}, model.image.name
    vectors, rows = embed_photos(photos, ids, encoders, progress)
    found = [id for id in ids if id in rows]
    made = [vectors[name][[rows[id] for id in found]]]
    viewed = ViewedPhotos(photos, views - 1, settings.view, settings.size, settings.seed, street)
    for number in range(1, views):
        keys = [viewed.key(id, number) for id in found]
        vectors, rows = embed_photos(viewed, keys, encoders, progress)
        made.append(vectors[name][[rows[key] for key in keys]])
    if not found:
        return np.empty((0, views, model.dim), np.float32), found
    return unit(np.stack(made, axis=1)), found
