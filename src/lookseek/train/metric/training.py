"""What the embedding gives the loop: a loss of similarity and of classes over batches of items, recall on val."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..trainer.batches import Batches
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from .losses import SimilarityLoss
from .network import MetricNetwork, parameter_groups
from .photos import Batch
from .settings import MetricSettings
from .validation import ValPhotos, val_figures

__all__ = ["LearningNetwork", "metric_training"]


class LearningNetwork(nn.Module):
    """All that learns: the network, and what its loss of similarity learns beside. Called as the network is.

    Args:
        network: photos or features to embeddings and logits.
        similarity: the loss, with its proxies.
    """

    def __init__(self, network: MetricNetwork, similarity: SimilarityLoss) -> None:
        super().__init__()
        self.network, self.similarity = network, similarity

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """See ``MetricNetwork.forward``."""
        found: tuple[Tensor, Tensor] = self.network(inputs)
        return found


def metric_training(
    fabric: Fabric,
    learning: LearningNetwork,
    batches: Batches[Batch],
    classes: NDArray[np.int64],
    val: ValPhotos,
    settings: MetricSettings,
) -> Training[Batch]:
    """Return the training of an embedding.

    Args:
        fabric: launched, of one device: a batch's items are compared with each other.
        learning: with its first weights.
        batches: of train.
        classes: number of the class of each photo of train, int64 (n,); -1: unknown.
        val: what chooses the best epoch.
        settings: of the training.
    """
    known = torch.from_numpy(classes)

    def loss(model: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        vectors, logits = model(batch.inputs)
        vectors, logits = vectors.float(), logits.float()
        found = {}
        if settings.similarity:
            similar = batch.groups >= 0
            found["similarity"] = learning.similarity(vectors[similar], batch.groups[similar])
        if settings.classification:
            labels = known.to(batch.rows.device)[batch.rows]
            has = labels >= 0
            found["classes"] = cross_entropy(logits[has], labels[has]) if has.any() else 0 * logits.sum()
        return found

    def validate(network: nn.Module) -> Validation:
        figures = val_figures(fabric, network, val)
        recall = figures["val_recall@1"], figures["val_recall@10"]
        accuracy = figures.get("val_accuracy", 0.0)
        return Validation(recall if recall[0] == recall[0] else (accuracy,), figures)

    groups = parameter_groups(learning, settings)
    if settings.optimiser == "sgd":
        optimiser: torch.optim.Optimizer = torch.optim.SGD(groups, lr=settings.rate, momentum=settings.momentum)
    else:
        optimiser = torch.optim.AdamW(groups, lr=settings.rate)
    return Training(
        network=learning,
        optimiser=optimiser,
        batches=batches,
        loss=loss,
        weights={"similarity": settings.similarity, "classes": settings.classification},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, settings.cosine),
        average=settings.average,
    )
