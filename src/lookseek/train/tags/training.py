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

from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from .labels import LabelledSplit, Labels
from .measure import mean_ap
from .network import TagsNetwork
from .settings import TagsSettings

__all__ = ["logits_of", "tags_training"]


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

    def loss(model: nn.Module, batch: VectorsAndLabels) -> Mapping[str, Tensor]:
        logits = model(batch.vectors).float()
        known = batch.known >= 0
        each = binary_cross_entropy_with_logits(logits, batch.known.clamp(min=0).float(), reduction="none")
        return {"cross_entropy": (each * known).sum() / known.sum().clamp(min=1)}

    def validate(network: nn.Module) -> Validation:
        logits = logits_of(fabric, network, vectors["val"])
        found = mean_ap(labels.values, logits, labels.splits["val"])
        score = float(np.mean([ap for ap, _ in found.values()])) if found else 0.0  # too few photos: the loss decides
        known = labels.splits["val"].known
        each = np.logaddexp(0, logits) - logits * (known == 1)
        loss = float((each * (known >= 0)).sum() / max(1, (known >= 0).sum()))
        return Validation((score, -loss), {"val_map": score, "val_loss": loss})

    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "lr": settings.rate, "weight_decay": settings.weight_decay},
        {"params": others, "lr": settings.rate, "weight_decay": 0.0},
    ]
    return Training(
        network=network,
        optimiser=torch.optim.AdamW(groups),
        batches=_Shuffled(vectors["train"], labels.splits["train"], settings),
        loss=loss,
        weights={"cross_entropy": 1.0},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, cosine=True),
        average=settings.average,
    )


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
