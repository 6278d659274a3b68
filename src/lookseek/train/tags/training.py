"""What the attribute head gives the loop: cross-entropy of each value over what is known, mean AP on val."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ..trainer.adamw import adamw
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from .labels import LabelledSplit, Labels
from .measure import mean_ap
from .network import TagsNetwork, log_shares
from .settings import TagsSettings

__all__ = ["exclusive_losses", "logits_of", "tags_training"]


class VectorsAndLabels(NamedTuple):
    """A batch.

    Args:
        vectors: float32 (n, width).
        known: int8 (n, values): 1, 0, -1 unknown.
    """

    vectors: Tensor
    known: Tensor


def tags_training(
    fabric: Fabric,
    network: TagsNetwork,
    labels: Labels,
    vectors: Mapping[str, NDArray[np.float32]],
    settings: TagsSettings,
) -> Training[VectorsAndLabels]:
    """Return the training of an attribute head.

    Args:
        fabric: launched.
        network: with its first weights.
        labels: of the photos.
        vectors: split to the photos' vectors, float32 (n, width), of length 1.
        settings: of the training.
    """
    members = network.members

    def loss(model: nn.Module, batch: VectorsAndLabels) -> Mapping[str, Tensor]:
        if settings.exclusive:
            scores = model(batch.vectors, joined=False).float()
            return exclusive_losses(scores, batch.known, members.to(scores.device))
        return {"cross_entropy": _known_loss(model(batch.vectors).float(), batch.known)}

    def validate(network: nn.Module) -> Validation:
        logits = logits_of(fabric, network, vectors["val"])
        found = mean_ap(labels.values, logits, labels.splits["val"])
        score = float(np.mean([ap for ap, _ in found.values()])) if found else 0.0  # too few photos: the loss decides
        known = labels.splits["val"].known
        each = np.logaddexp(0, logits) - logits * (known == 1)
        loss = float((each * (known >= 0)).sum() / max(1, (known >= 0).sum()))
        return Validation((score, -loss), {"val_map": score, "val_loss": loss})

    return Training(
        network=network,
        optimiser=adamw(network.parameters(), settings.rate, settings.weight_decay),
        batches=_Shuffled(vectors["train"], labels.splits["train"], settings),
        loss=loss,
        weights={"cross_entropy": 1.0, "applies": 1.0} if settings.exclusive else {"cross_entropy": 1.0},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, cosine=True),
        average=settings.average,
    )


def exclusive_losses(scores: Tensor, known: Tensor, members: Tensor) -> Mapping[str, Tensor]:
    """Return the cross-entropy of values within their groups, and that of whether a group applies: scalars.

    Args:
        scores: of values and then of groups, float (n, values + groups).
        known: int8 (n, values): 1, 0, -1 unknown. A group of which no value is right does not apply.
        members: which value is of which group, float32 (values, groups).
    """
    scores, applies = scores[:, : len(members)], scores[:, len(members) :]
    right, alone = known == 1, members.sum(0) == 1
    inside = right & ~alone[members.argmax(1)]  # the others are of no group but their own
    each = -(log_shares(scores, members) * inside).sum()
    values = each / inside.sum().clamp(min=1) + _known_loss(scores, known.where(alone[members.argmax(1)], -1))
    found = right.float() @ members
    state = found.clamp(max=1).where(((known >= 0).float() @ members > 0) & ~alone, -1)
    return {"cross_entropy": values, "applies": _known_loss(applies, state)}


def _known_loss(logits: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy over what is known, 1 or 0; -1 is unknown."""
    each = binary_cross_entropy_with_logits(logits, known.clamp(min=0).float(), reduction="none")
    there = known >= 0
    return (each * there).sum() / there.sum().clamp(min=1)


def logits_of(fabric: Fabric, network: nn.Module, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the network's logits, float32 (n, values)."""
    network.eval()
    with torch.no_grad():
        rows = torch.split(torch.from_numpy(vectors), 4096)
        parts = [network(fabric.to_device(some)).float().cpu() for some in rows]
    found: NDArray[np.float32] = torch.cat(parts).numpy()
    return found


class _Shuffled:
    """See Batches: every photo once an epoch."""

    def __init__(self, vectors: NDArray[np.float32], split: LabelledSplit, settings: TagsSettings) -> None:
        self._vectors, self._known, self._seed = vectors, split.known, settings.seed
        self._batch = min(settings.batch, len(vectors))
        self.examples = len(self) * self._batch

    def __len__(self) -> int:
        return len(self._vectors) // self._batch

    def epoch(self, epoch: int, first: int) -> Iterator[VectorsAndLabels]:
        """See Batches."""
        order = np.random.default_rng(derive_seed(self._seed, epoch)).permutation(len(self._vectors))
        for at in range(first * self._batch, len(self) * self._batch, self._batch):
            rows = order[at : at + self._batch]
            yield VectorsAndLabels(torch.from_numpy(self._vectors[rows]), torch.from_numpy(self._known[rows]))
