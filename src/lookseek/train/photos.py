"""Labelled photos as a data set of torch: decoded, fitted and augmented when they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from .. import images
from ..encode.prepare import Preprocessing, Resize, min_side, resize_to_input
from .augment import MARGIN, Augment, augmentation
from .labelled import Example

__all__ = ["DecodedPhotos", "Key", "in_order"]

Key: TypeAlias = tuple[int, int]
"""Row of an example, and the seed of its augmentation."""


class DecodedPhotos(Dataset[tuple[Tensor, int]]):
    """Photos uint8 (3, size, size) and their labels, by ``Key``.

    Args:
        examples: the photos.
        size: pixels a side.
        resize: how a photo is brought to that size.
        augment: what chance does to it.
    """

    def __init__(self, examples: Sequence[Example], size: int, resize: Resize, augment: Augment = "none") -> None:
        side = size if augment == "none" else round(size * MARGIN)
        self._how = Preprocessing(side, side, resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc")
        self._examples, self._augmentation = examples, augmentation(augment, size)
        self._min_side = min_side(self._how)

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, key: Key) -> tuple[Tensor, int]:
        row, seed = key
        example = self._examples[row]
        pixels = resize_to_input(images.decode(example.photo, self._min_side), self._how)
        torch.manual_seed(seed)  # torchvision draws from the one generator there is
        return self._augmentation(torch.from_numpy(pixels).permute(2, 0, 1)), example.label


def in_order(
    examples: Sequence[Example], size: int, resize: Resize, batch: int, workers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield photos as a search would see them, in batches: uint8 (n, 3, size, size) and labels int64 (n,)."""
    starts = range(0, len(examples), batch)
    keys = [[(row, 0) for row in range(start, min(start + batch, len(examples)))] for start in starts]
    yield from DataLoader(DecodedPhotos(examples, size, resize), batch_sampler=keys, num_workers=workers)
