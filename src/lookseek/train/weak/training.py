"""What a training on texts gives the loop: one word of each photo, words that it lacks beside; mean AP on val."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ..tags.measure import FEWEST, average_precision
from ..tags.training import logits_of
from ..trainer.adamw import adamw
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from .network import WeakNetwork
from .settings import WeakSettings

__all__ = ["SampledWords", "mentioned", "weak_training", "word_ap", "word_chance"]


class Batch(NamedTuple):
    """A batch.

    Args:
        features: float32 (n, width).
        numbers: of words, int64 (n, 1 + negatives): first one of the text, then words drawn of all.
        lacks: bool (n, negatives): whether the text lacks that word. Others teach nothing.
    """

    features: Tensor
    numbers: Tensor
    lacks: Tensor


def weak_training(
    fabric: Fabric,
    network: WeakNetwork,
    batches: SampledWords,
    val: tuple[NDArray[np.float32], NDArray[np.bool_]],
    settings: WeakSettings,
) -> Training[Batch]:
    """Return the training of an embedding by words.

    Args:
        fabric: launched.
        network: with its first weights.
        batches: of train.
        val: features of the photos of val, and which words their texts have, bool (n, words).
        settings: of the training.
    """

    def loss(model: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        logits = model(batch.features, batch.numbers).float()
        right, wrong = logsigmoid(logits[:, 0]), logsigmoid(-logits[:, 1:]) * batch.lacks
        return {"words": -(right + wrong.sum(1)).mean()}

    def validate(network: nn.Module) -> Validation:
        score = word_ap(logits_of(fabric, network, val[0]), val[1])
        return Validation((score,), {"val_word_ap": score})

    return Training(
        network=network,
        optimiser=adamw(network.parameters(), settings.rate, settings.weight_decay),
        batches=batches,
        loss=loss,
        weights={"words": 1.0},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, cosine=True),
        average=settings.average,
    )


def word_ap(scores: NDArray[np.float32], has: NDArray[np.bool_]) -> float:
    """Return the mean AP of words that five photos have, by texts: all photos are ranked for each.

    Args:
        scores: float32 (n, words).
        has: whether the photo's text has the word, bool (n, words).
    """
    found = [average_precision(scores[:, w], has[:, w]) for w in np.flatnonzero(has.sum(0) >= FEWEST)]
    return float(np.mean(found)) if found else 0.0


def word_chance(has: NDArray[np.bool_]) -> float:
    """Return what a random order reaches in ``word_ap``: the mean share of photos that have one of the same words."""
    often = has.sum(0) >= FEWEST
    return float(has[:, often].mean()) if often.any() else 0.0


def mentioned(numbers: Sequence[NDArray[np.int64]], words: int) -> NDArray[np.bool_]:
    """Return which words each text has, bool (n, words)."""
    has = np.zeros((len(numbers), words), bool)
    for row, some in enumerate(numbers):
        has[row, some] = True
    return has


class SampledWords:
    """See Batches: every photo once an epoch, with one of its words, each as likely as the others.

    Args:
        features: float32 (n, width) of the photos of train that have a word.
        numbers: the words of each.
        words: how many there are.
        settings: of the training.
    """

    def __init__(
        self,
        features: NDArray[np.float32],
        numbers: Sequence[NDArray[np.int64]],
        words: int,
        settings: WeakSettings,
    ) -> None:
        self._features, self._seed, self._negatives = features, settings.seed, settings.negatives
        self._count = np.array([len(some) for some in numbers])
        self._start = np.cumsum(self._count) - self._count
        self._flat = np.concatenate(numbers)
        rows = np.repeat(np.arange(len(numbers)), self._count)
        self._words, self._keys = words, rows * words + self._flat  # ascending, as rows and their words are
        share = np.maximum(np.bincount(self._flat, minlength=words), 1) ** settings.power
        self._reach = np.cumsum(share / share.sum())
        self._batch = min(settings.batch, len(features))
        self.examples = len(self) * self._batch

    def __len__(self) -> int:
        return len(self._features) // self._batch

    def epoch(self, epoch: int, first: int) -> Iterator[Batch]:
        """See Batches."""
        order = np.random.default_rng(derive_seed(self._seed, epoch)).permutation(len(self._features))
        for number in range(first, len(self)):
            rows = order[number * self._batch : (number + 1) * self._batch]
            yield self._drawn(rows, np.random.default_rng(derive_seed(self._seed, epoch, number)))

    def _drawn(self, rows: NDArray[np.intp], random: np.random.Generator) -> Batch:
        own = self._flat[self._start[rows] + random.integers(self._count[rows])]
        drawn = np.searchsorted(self._reach, random.random((len(rows), self._negatives)), side="right")
        drawn = np.minimum(drawn, self._words - 1)  # the last sum may round to below 1
        keys = rows[:, None] * self._words + drawn
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        lacks = self._keys[place] != keys
        numbers = np.concatenate([own[:, None], drawn], axis=1)
        return Batch(torch.from_numpy(self._features[rows]), torch.from_numpy(numbers), torch.from_numpy(lacks))
