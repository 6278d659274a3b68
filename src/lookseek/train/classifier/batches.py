"""Which training photos make up which batch: shuffled, or drawn so that small classes come more often."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..labelled import Example
from ..photos import DecodedPhotos, Key
from ..trainer.batches import LoadedBatches
from ..trainer.seeds import derive_seed
from .settings import ClassifierSettings

__all__ = ["ShuffledOrder", "training_batches"]


class ShuffledOrder:
    """See ``Order``.

    Args:
        examples: of train.
        settings: of the training: batch, balance and seed.
        rank: which device this is.
        ranks: how many there are; each takes its share of every batch.
    """

    def __init__(
        self, examples: Sequence[Example], settings: ClassifierSettings, rank: int = 0, ranks: int = 1
    ) -> None:
        self._weights, self._settings = _weights(examples, settings.balance), settings
        self._rank, self._ranks = rank, ranks
        self.examples = len(examples)
        batches = math.ceil(self.examples / settings.batch)
        last = self.examples - (batches - 1) * settings.batch
        # a batch norm can't learn from one photo
        self._batches = batches if last >= 2 * ranks or batches == 1 else batches - 1

    def __len__(self) -> int:
        return self._batches

    def epoch(self, epoch: int, first: int = 0) -> Iterator[list[Key]]:
        """See Order."""
        seed = self._settings.seed
        chance = np.random.default_rng(derive_seed(seed, epoch))
        if self._weights is None:
            order = chance.permutation(self.examples)
        else:
            order = chance.choice(self.examples, self.examples, p=self._weights)
        for batch in range(first, self._batches):
            start = batch * self._settings.batch
            rows = order[start : start + self._settings.batch].tolist()
            keys = [(row, derive_seed(seed, epoch, start, place)) for place, row in enumerate(rows)]
            yield keys[self._rank :: self._ranks]


def training_batches(
    examples: Sequence[Example], settings: ClassifierSettings, workers: int, rank: int = 0, ranks: int = 1
) -> LoadedBatches:
    """Return the training photos in batches: uint8 (n, 3, size, size) and labels int64 (n,).

    Args:
        examples: of train.
        settings: of the training.
        workers: processes that decode; 0 decodes in this one.
        rank: which device this is.
        ranks: how many there are.
    """
    photos = DecodedPhotos(examples, settings.size, settings.resize, settings.augment)
    return LoadedBatches(photos, ShuffledOrder(examples, settings, rank, ranks), workers)


def _weights(examples: Sequence[Example], balance: float) -> NDArray[np.float64] | None:
    """Return the probability of drawing each example; None where an epoch takes each once."""
    if not balance:
        return None
    labels = np.array([example.label for example in examples])
    weights = (1.0 / np.bincount(labels)[labels]) ** balance
    normal: NDArray[np.float64] = weights / weights.sum()
    return normal
