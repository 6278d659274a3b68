"""What the classifier gives the loop: cross-entropy over photos, accuracy on val."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..labelled import Example, LabelledPhotos
from ..photos import in_order
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from .batches import training_batches
from .network import ClassifierNetwork, parameter_groups
from .settings import ClassifierSettings

__all__ = ["classifier_training", "predict"]


def classifier_training(
    fabric: Fabric, network: ClassifierNetwork, data: LabelledPhotos, settings: ClassifierSettings, workers: int
) -> Training[tuple[Tensor, Tensor]]:
    """Return the training of a classifier.

    Args:
        fabric: launch.
        network: with its first weights.
        data: the photos.
        settings: of the training.
        workers: processes that decode; 0 decodes in this one.
    """

    def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Mapping[str, Tensor]:
        photos, labels = batch
        return {"cross_entropy": cross_entropy(model(photos), labels, label_smoothing=settings.smoothing)}

    def validate(network: nn.Module) -> Validation:
        probabilities = predict(fabric, network, data.splits["val"], settings, workers)
        labels = np.array([example.label for example in data.splits["val"]])
        right = probabilities[np.arange(len(labels)), labels]
        accuracy = float((probabilities.argmax(1) == labels).mean())
        loss = float(-np.log(np.maximum(right, 1e-12)).mean())
        return Validation((accuracy, -loss), {"val_accuracy": accuracy, "val_loss": loss})

    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    return Training(
        network=network,
        optimiser=kind(parameter_groups(network, settings), lr=settings.rate),
        batches=training_batches(data.splits["train"], settings, workers, fabric.global_rank, fabric.world_size),
        loss=loss,
        weights={"cross_entropy": 1.0},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, settings.cosine),
        average=settings.average,
    )


def predict(
    fabric: Fabric, network: nn.Module, examples: Sequence[Example], settings: ClassifierSettings, workers: int
) -> NDArray[np.float32]:
    """Return the network's probabilities, float32 (examples, classes); each device takes its share of the photos."""
    own = list(range(fabric.global_rank, len(examples), fabric.world_size))
    network.eval()
    rows = []
    with torch.no_grad(), fabric.autocast():
        mine = [examples[row] for row in own]
        for photos, _ in in_order(mine, settings.size, settings.resize, settings.batch, workers):
            rows.append(network(fabric.to_device(photos)).float().softmax(1))
    found = torch.cat(rows) if rows else torch.zeros(0, 1)
    if fabric.world_size > 1:
        width = int(fabric.all_reduce(torch.tensor(found.shape[1], device=fabric.device), reduce_op="max"))  # type: ignore[arg-type]
        whole = torch.zeros(len(examples), width, device=fabric.device)
        if own:
            whole[own] = found.to(whole.device)
        found = fabric.all_reduce(whole, reduce_op="sum")  # type: ignore[assignment]
    probabilities: NDArray[np.float32] = found.cpu().numpy()
    return probabilities
