"""Stage 2: a Combiner learns to join features of frozen towers.

Each photo and each text is encoded once (towers.py keeps them); an epoch then takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from ...types import Vectors
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from .combiner import Combiner
from .loss import in_batch_contrastive_loss
from .order import TripletOrder
from .settings import CombinerSettings
from .towers import FeatureTable
from .triplets import Example, GeneratedSets
from .tune import target_groups

__all__ = ["combiner_training", "compose_vectors"]

_ROWS = 1024
"""Rows that are composed together when it is not learned from them."""


class TrainableCombiner(nn.Module):
    """A Combiner as stage 2 trains it."""

    def __init__(self, combiner: Combiner) -> None:
        super().__init__()
        self.combiner = combiner

    def forward(
        self, references: Tensor, texts: Tensor, targets: Tensor, tokens: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Queries and targets, each of length 1, of features float (n, dim), and tokens as ``Combiner`` has them."""
        return self.combiner(references, texts, tokens), normalize(targets, dim=-1)


def combiner_training(
    combiner: Combiner,
    features: FeatureTable,
    train: Sequence[Example],
    more: GeneratedSets,
    settings: CombinerSettings,
    validate: Callable[[], Validation],
) -> Training[Sequence[Tensor]]:
    """Return the training of stage 2.

    Args:
        combiner: with its first weights, which are trained in place.
        features: of all photos and texts of the triplets.
        train: triplets.
        more: triplets that were made, and their shares.
        settings: of the training.
        validate: measures the Combiner as it is.
    """
    network = TrainableCombiner(combiner)
    kind = torch.optim.AdamW if settings.weight_decay else torch.optim.Adam

    def loss(model: nn.Module, batch: Sequence[Tensor]) -> Mapping[str, Tensor]:
        references, texts, targets, groups, *tokens = batch
        queries, found = model(references, texts, targets, tokens[0] if tokens else None)
        return {"contrast": in_batch_contrastive_loss(queries, found, groups, combiner.scale)}

    return Training(
        network=network,
        optimiser=kind(_groups(network, settings)),
        batches=_Features(features, train, more, settings),
        loss=loss,
        weights={"contrast": 1.0},
        validate=lambda _: validate(),
        epochs=settings.epochs,
        seed=(settings.seed, 2),
        schedule=Schedule(settings.warm_up, settings.cosine),
        every=settings.every,
        patience=settings.patience,
        name="training, stage 2: the Combiner",
    )


def compose_vectors(
    combiner: Combiner,
    photos: Vectors,
    texts: Vectors,
    tokens: NDArray[np.float32] | None = None,
    *,
    units: bool = False,
) -> Vectors:
    """Return composed vectors, float32 (n, dim), without dropout.

    Args:
        combiner: trained.
        photos: float32 (n, dim).
        texts: float32 (n, dim).
        tokens: of the photos, float32 (n, PLACES, numbers), for attention; None else.
        units: whether the rows are brought to length 1 first, as a search gives them.
    """
    device = next(combiner.parameters()).device
    combiner.eval()
    parts = []
    with torch.no_grad():
        for start in range(0, len(photos), _ROWS):
            rows = slice(start, start + _ROWS)
            given = (x[rows] for x in (photos, texts, tokens) if x is not None)
            tensors = [torch.from_numpy(np.ascontiguousarray(x)).to(device) for x in given]
            made = combiner.compose_units(*tensors) if units else combiner(*tensors)
            parts.append(made.float().cpu().numpy())
    return np.concatenate(parts) if parts else np.empty((0, photos.shape[1]), np.float32)


def _groups(network: nn.Module, settings: CombinerSettings) -> list[dict[str, object]]:
    """Decay is of matrices alone."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [
        {"params": matrices, "lr": settings.rate, "weight_decay": settings.weight_decay},
        {"params": others, "lr": settings.rate, "weight_decay": 0.0},
    ]


class _Features:
    """See Batches."""

    def __init__(
        self, features: FeatureTable, train: Sequence[Example], more: GeneratedSets, settings: CombinerSettings
    ) -> None:
        whole = [*train, *(e for made, _ in more for e in made)]
        self._tokens, self._whole = features.tokens, whole
        sizes = [(len(made), share) for made, share in more]
        self._order = TripletOrder(len(train), sizes, settings.batch, settings.seed, 2)
        self._photos, self._texts = torch.from_numpy(features.photos), torch.from_numpy(features.texts)
        self._references = torch.tensor([features.rows[e.reference] for e in whole])
        self._targets = torch.tensor([features.rows[e.target] for e in whole])
        self._forms = torch.tensor([[features.text_rows[text] for text in e.texts] for e in whole])
        self._groups = target_groups(whole)

    @property
    def examples(self) -> int:
        """See Batches."""
        return self._order.examples

    def __len__(self) -> int:
        return len(self._order)

    def epoch(self, epoch: int, first: int) -> Iterator[Sequence[Tensor]]:
        """See Batches."""
        for keys in self._order.epoch(epoch, first):
            rows, forms = torch.tensor(keys).T
            texts = self._texts[self._forms[rows, forms]]
            batch = [self._photos[self._references[rows]], texts, self._photos[self._targets[rows]], self._groups[rows]]
            if self._tokens is not None:
                seen = self._tokens.of([self._whole[row].reference for row in rows.tolist()])
                batch.append(torch.from_numpy(seen))
            yield batch
