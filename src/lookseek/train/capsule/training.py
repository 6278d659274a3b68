"""What capsules give the loop: triplets of masked capsules, lengths of classes, recall on val masked both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from pytorch_metric_learning import distances, losses
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ..metric.photos import Batch
from ..metric.validation import recall_figures
from ..trainer.batches import Batches
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from .network import CapsuleNetwork, masked
from .settings import CapsuleSettings

__all__ = ["GIVEN", "ValCapsules", "capsule_training", "length_loss", "mask_both_ways"]

LONG, SHORT, ABSENT = 0.9, 0.1, 0.5
"""m+, m- and lambda. Source: Sabour et al., Dynamic Routing Between Capsules, 2017, equation 4."""

GIVEN = "class_given"
"""What is masked by the photo's true class, as the original does at test: not possible in a search."""


@dataclass(frozen=True, slots=True)
class FallingRate(Schedule):
    """A rate that falls by a factor after each epoch.

    Args:
        fall: the factor, above 0 to 1.
        epoch: steps of one, >= 1.
    """

    fall: float = 1.0
    epoch: int = 1

    def factor(self, step: int, steps: int) -> float:
        """See ``Schedule``."""
        return float(self.fall ** (step // self.epoch))


@dataclass(frozen=True, slots=True)
class ValCapsules:
    """What is measured.

    Args:
        inputs: yields all photos of val, in batches.
        views: yields a view of each where no two photos of val are of one item: then the views ask; else None.
        items: what should be found, int64 (n,); -1 for a photo that neither asks nor is right.
        classes: the true class of each photo, int64 (n,); -1: unknown.
    """

    inputs: Callable[[], Iterator[Tensor]]
    views: Callable[[], Iterator[Tensor]] | None
    items: NDArray[np.int64]
    classes: NDArray[np.int64]


def length_loss(lengths: Tensor, classes: Tensor) -> Tensor:
    """Return the margin loss of the lengths of class capsules, a scalar.

    Args:
        lengths: float (n, classes).
        classes: the right one of each photo, int64 (n,).
    """
    right = one_hot(classes, lengths.shape[1])
    short = (LONG - lengths).clamp(min=0) ** 2
    long = (lengths - SHORT).clamp(min=0) ** 2
    return (right * short + ABSENT * (1 - right) * long).sum(1).mean()


def capsule_training(
    fabric: Fabric,
    network: CapsuleNetwork,
    batches: Batches[Batch],
    classes: NDArray[np.int64],
    val: ValCapsules,
    settings: CapsuleSettings,
) -> Training[Batch]:
    """Return the training of capsules.

    Args:
        fabric: launched, of one device: a batch's items are compared with each other.
        network: with its first weights.
        batches: of train.
        classes: number of the class of each photo of train, int64 (n,); -1: unknown.
        val: what chooses the best epoch.
        settings: of the training.
    """
    known = torch.from_numpy(classes)
    distance = distances.LpDistance(normalize_embeddings=False, p=2, power=2)  # squared
    triplet = losses.TripletMarginLoss(margin=settings.margin, distance=distance)

    def loss(model: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        capsules = model(batch.inputs).float()
        labels = known.to(batch.rows.device)[batch.rows]
        lengths, has = capsules.norm(dim=2), labels >= 0
        mask = torch.where(has, labels, lengths.argmax(1))
        similar = batch.groups >= 0
        found = triplet(masked(capsules[similar], mask[similar]), batch.groups[similar])
        return {
            "similarity": found if found.requires_grad else 0 * capsules.sum(),  # no triplet of the batch teaches
            "lengths": length_loss(lengths[has], labels[has]) if has.any() else 0 * capsules.sum(),
        }

    def validate(network: nn.Module) -> Validation:
        figures = val_figures(fabric, network, val)
        return Validation((figures["val_recall@1"], figures["val_recall@10"]), figures)

    return Training(
        network=network,
        optimiser=torch.optim.Adam(network.parameters(), lr=settings.rate),
        batches=batches,
        loss=loss,
        weights={"similarity": settings.similarity, "lengths": settings.lengths},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=FallingRate(fall=settings.fall, epoch=len(batches)),
        average=settings.average,
    )


def val_figures(fabric: Fabric, network: nn.Module, val: ValCapsules) -> dict[str, float]:
    """Return recall@1 and @10 by each photo's own predicted class, and by its true one, and the accuracy of classes."""
    own, given, named = mask_both_ways(fabric, network, val.inputs(), val.classes)
    asking = None if val.views is None else mask_both_ways(fabric, network, val.views(), val.classes)
    figures = recall_figures(own, val.items, None if asking is None else asking[0])
    true = recall_figures(given, val.items, None if asking is None else asking[1])
    known = val.classes >= 0
    accuracy = {"val_accuracy": float((named == val.classes)[known].mean())} if known.any() else {}
    return figures | {f"{name}_{GIVEN}": value for name, value in true.items()} | accuracy


def mask_both_ways(
    fabric: Fabric, network: nn.Module, inputs: Iterator[Tensor], classes: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Return embeddings masked by the predicted and by the true class, float32 (n, dim), and the predicted, int64 (n,).

    Args:
        fabric: launched.
        network: in any mode; it is in evaluation mode after that.
        inputs: batches of photos.
        classes: the true ones, int64 (n,); where it is -1, the predicted one masks both.
    """
    network.eval()
    with torch.no_grad(), fabric.autocast():
        capsules = torch.cat([network(fabric.to_device(batch)).float().cpu() for batch in inputs])
    named = capsules.norm(dim=2).argmax(1)
    true = torch.from_numpy(classes)
    given = torch.where(true >= 0, true, named)
    return masked(capsules, named).numpy(), masked(capsules, given).numpy(), named.numpy()
