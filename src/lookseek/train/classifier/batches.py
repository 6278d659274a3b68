"""Training photos in batches. What chance decides depends on the seed and the place alone, never on what ran before.

So a training that was stopped goes on with the very photos, crops and order that it would have had, on any number of
worker processes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ... import images
from ...encode.prepare import Preprocessing, fit, min_side
from ..labelled import Example
from ..trainer.seeds import number
from .augment import MARGIN, Change, change_of
from .settings import Settings

__all__ = ["Batches", "plain"]

Place = tuple[int, int]
"""Row of an example, and the seed of what chance does to it."""


class _Photos(Dataset[tuple[Tensor, int]]):
    """Photos decoded, fitted and changed, when they are asked for."""

    def __init__(self, examples: Sequence[Example], how: Preprocessing, change: Change) -> None:
        self._examples, self._how, self._change = examples, how, change
        self._min_side = min_side(how)

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, place: Place) -> tuple[Tensor, int]:
        row, seed = place
        example = self._examples[row]
        pixels = fit(images.decode(example.photo, self._min_side), self._how)
        torch.manual_seed(seed)  # torchvision draws from the one generator there is
        return self._change(torch.from_numpy(pixels).permute(2, 0, 1)), example.label


class _Order:
    """Which photos make up which batch of an epoch."""

    def __init__(self, examples: Sequence[Example], settings: Settings, rank: int, ranks: int) -> None:
        count = len(examples)
        self._weights, self._count, self._settings = _weights(examples, settings.balance), count, settings
        self._rank, self._ranks = rank, ranks
        self.epoch, self.first = 0, 0
        batches = math.ceil(count / settings.batch)
        last = count - (batches - 1) * settings.batch
        # a batch norm can't learn from one photo
        self.batches = batches if last >= 2 * ranks or batches == 1 else batches - 1

    def __len__(self) -> int:
        return self.batches - self.first

    def __iter__(self) -> Iterator[list[Place]]:
        seed = self._settings.seed
        chance = np.random.default_rng(number(seed, self.epoch))
        if self._weights is None:
            order = chance.permutation(self._count)
        else:
            order = chance.choice(self._count, self._count, p=self._weights)
        for batch in range(self.first, self.batches):
            start = batch * self._settings.batch
            rows = order[start : start + self._settings.batch].tolist()
            places = [(row, number(seed, self.epoch, start, place)) for place, row in enumerate(rows)]
            yield places[self._rank :: self._ranks]


class Batches:
    """The training photos, epoch by epoch.

    Args:
        examples: of train.
        settings: of the training.
        workers: processes that decode; 0 decodes in this one.
        rank: which device this is.
        ranks: how many there are; each takes its share of every batch.
    """

    def __init__(self, examples: Sequence[Example], settings: Settings, workers: int, rank: int, ranks: int) -> None:
        side = settings.size if settings.augment == "none" else round(settings.size * MARGIN)
        how = Preprocessing(side, side, settings.resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc")
        photos = _Photos(examples, how, change_of(settings.augment, settings.size))
        self._order = _Order(examples, settings, rank, ranks)
        self._loader = DataLoader(
            photos,
            batch_sampler=self._order,
            num_workers=workers,
            persistent_workers=workers > 0,
        )

    def __len__(self) -> int:
        """Batches an epoch."""
        return self._order.batches

    def epoch(self, epoch: int, first: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of an epoch from one of them on: photos uint8 (n, 3, size, size) and labels int64 (n,)."""
        self._order.epoch, self._order.first = epoch, first
        yield from self._loader


def plain(examples: Sequence[Example], settings: Settings, batch: int, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Photos as a search would see them, in order, in batches: uint8 (n, 3, size, size) and labels int64 (n,)."""
    side = settings.size
    how = Preprocessing(side, side, settings.resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc")
    photos = _Photos(examples, how, change_of("none", side))
    starts = range(0, len(examples), batch)
    places = [[(row, 0) for row in range(start, min(start + batch, len(examples)))] for start in starts]
    yield from DataLoader(photos, batch_sampler=places, num_workers=workers)


def _weights(examples: Sequence[Example], balance: float) -> NDArray[np.float64] | None:
    """How likely each example is drawn; None where each is taken once an epoch."""
    if not balance:
        return None
    labels = np.array([example.label for example in examples])
    weights = (1.0 / np.bincount(labels)[labels]) ** balance
    normal: NDArray[np.float64] = weights / weights.sum()
    return normal
