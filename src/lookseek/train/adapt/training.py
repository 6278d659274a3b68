"""What new heads give the loop: photos with a caption each, losses, and retrieval on val.

Source of the contrastive loss: see ``align.training``. Attributes beside it, each told by itself: L. Corbière's and
others' multi-label term; similarities kept as the sentence model has them: W. Park et al., "Relational knowledge
distillation", CVPR 2019, section 3.2, with the squared difference in place of Huber's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from ...types import Vectors
from ..align.pair_masks import title_pairs
from ..align.training import contrastive_loss
from ..trainer.adamw import adamw
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from ..words.fact_table import Marks, pairs
from .features import FeatureTable
from .network import AdaptedHeads
from .settings import AdaptSettings
from .texts import TextTable
from .validation import ValidationQueries, retrieval_figures

__all__ = ["PhotosAndTexts", "SplitArrays", "adapt_training", "load_texts", "text_losses"]


@dataclass(frozen=True, slots=True, eq=False)
class SplitArrays:
    """Photos and texts of a split, as numbers.

    Args:
        photos: their features.
        texts: captions and titles.
        words: features of the texts, float32 (texts, 384).
        have: facts of the photos, bool (n, facts).
        lack: facts that they are known not to have, bool (n, facts).
        designs: number of each photo's design, int64 (n,), -1: unknown.
        colours: number of each photo's colour, int64 (n,), -1: unknown.
    """

    photos: FeatureTable
    texts: TextTable
    words: Vectors
    have: Marks
    lack: Marks
    designs: NDArray[np.int64]
    colours: NDArray[np.int64]


class PhotosAndTexts(NamedTuple):
    """A batch: n photos, a caption and a title of each.

    Args:
        features: of the photos, float32 (n, 1408).
        words: features of n captions, then of n titles, float32 (2 n, 384).
        true: captions that are true of photos, bool (n, n).
        false: captions that are false of photos, bool (n, n).
        have, lack: facts of the photos, bool (n, facts).
        titles: number of each photo's title, int64 (n,), -1: none.
        designs, colours: as ``SplitArrays`` has them.
    """

    features: Tensor
    words: Tensor
    true: Tensor
    false: Tensor
    have: Tensor
    lack: Tensor
    titles: Tensor
    designs: Tensor
    colours: Tensor


def adapt_training(
    heads: AdaptedHeads,
    train: SplitArrays,
    val: tuple[SplitArrays, ValidationQueries, Vectors],
    settings: AdaptSettings,
) -> Training[PhotosAndTexts]:
    """Return the training of new heads.

    Args:
        heads: with their first weights.
        train: what they learn from.
        val: its photos and titles, the queries, and the features of their words.
        settings: of the training.
    """

    def validate(network: nn.Module) -> Validation:
        split, queries, words = val
        network = cast(AdaptedHeads, network)
        figure, parts = retrieval_figures(
            network, split.photos.features, split.texts.titles, split.words, queries, words
        )
        return Validation((figure,), {"val": figure, **parts})

    return Training(
        network=heads,
        optimiser=adamw(heads.parameters(), settings.rate, settings.weight_decay),
        batches=_Shuffled(train, settings),
        loss=text_losses(heads, train),
        weights={
            "captions": 1.0,
            "titles": settings.titles,
            "attributes": settings.attributes,
            "relations": settings.relations,
        },
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, cosine=True),
        average=settings.average,
    )


def text_losses(heads: AdaptedHeads, train: SplitArrays) -> Callable[[nn.Module, PhotosAndTexts], dict[str, Tensor]]:
    """Return the losses of photos and their texts, as a function of the heads (called as a module) and a batch.

    Args:
        heads: whose scale and texts' features are used.
        train: whose rare facts count more.
    """
    rare = _rarity(train)

    def losses(model: nn.Module, batch: PhotosAndTexts) -> dict[str, Tensor]:
        photos, words, logits = model(batch.features, batch.words)
        scale, count = heads.scale, len(photos)
        found = {"captions": contrastive_loss(photos * scale, words[:count], batch.true, batch.false)}
        if (batch.titles >= 0).any():
            masks = title_pairs(batch.titles, batch.designs, batch.colours)
            found["titles"] = contrastive_loss(photos * scale, words[count:], *masks)
        known = (batch.have | batch.lack).float()
        each = binary_cross_entropy_with_logits(
            logits.float(), batch.have.float(), known, reduction="sum", pos_weight=rare.to(logits.device)
        )
        found["attributes"] = each / known.sum().clamp(min=1)
        own = normalize((batch.words[:count] - heads.centre) / heads.spread, dim=1)
        found["relations"] = (words[:count] @ words[:count].T - own @ own.T).square().mean()
        return found

    return losses


def load_texts(train: SplitArrays, views: NDArray[np.int64], draws: NDArray[np.float64]) -> PhotosAndTexts:
    """Return a batch of views with a caption each, which chance chooses.

    Args:
        train: whose views they are.
        views: int64 (n,).
        draws: for each of them, 0 to below 1.
    """
    table, rows = train.texts, train.photos.photo[views]
    own = [table.captions[row] for row in rows]
    captions = np.array([some[int(draw * len(some))] for some, draw in zip(own, draws, strict=True)])
    true, false = pairs(
        train.have[rows], train.lack[rows], table.states[captions], table.whole[captions], np.arange(len(rows))
    )
    titles = table.titles[rows]
    words = np.concatenate([train.words[captions], train.words[np.maximum(titles, 0)]])
    known = (true, false, train.have[rows], train.lack[rows], titles, train.designs[rows], train.colours[rows])
    features = np.ascontiguousarray(train.photos.features[np.sort(views)])[np.argsort(np.argsort(views))]
    return PhotosAndTexts(
        torch.from_numpy(features.astype(np.float32)), torch.from_numpy(words), *map(torch.from_numpy, known)
    )


def _rarity(train: SplitArrays) -> Tensor:
    """The weight of having a fact beside lacking it, so that rare ones count, float32 (facts,), 1 to 10."""
    have, lack = train.have.sum(0), train.lack.sum(0)
    weights = np.sqrt((lack + 1) / (have + 1)).clip(1, 10)
    return torch.from_numpy(weights.astype(np.float32))


class _Shuffled:
    """See Batches: every view once an epoch, with a caption that chance chooses."""

    def __init__(self, train: SplitArrays, settings: AdaptSettings) -> None:
        self._train, self._seed = train, settings.seed
        photo = train.photos.photo
        broken = np.isin(photo, np.array(sorted(train.photos.broken), np.int64))
        self._views = np.flatnonzero(~broken & train.texts.captioned[photo])
        self._batch = min(settings.batch, len(self._views))

    @property
    def examples(self) -> int:
        """See Batches."""
        return len(self) * self._batch

    def __len__(self) -> int:
        return len(self._views) // self._batch

    def epoch(self, epoch: int, first: int) -> Iterator[PhotosAndTexts]:
        """See Batches."""
        chance = np.random.default_rng(derive_seed(self._seed, epoch))
        views = chance.permutation(self._views)
        draws = chance.random(len(views))
        for at in range(first * self._batch, len(views) - self._batch + 1, self._batch):
            yield load_texts(self._train, views[at : at + self._batch], draws[at : at + self._batch])
