"""The loop of both stages. Read it top to bottom; it is all that happens.

What chance decides depends on the seed and the step alone (order.py, and ``manual_seed`` below for dropout), and the
checkpoint holds everything else, so a training that was killed and started again ends with the same weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from ...progress import Progress
from ..trainer.checkpoint import State, restore, save, save_best
from ..trainer.interrupt import stoppable
from ..trainer.log import Journal
from ..trainer.schedule import LOG_STEPS, SAVE_SECONDS, share_of_rate
from ..trainer.seeds import number
from .loss import contrast
from .settings import CombinerSettings

__all__ = ["Batch", "Batches", "Stage", "fit"]

Batch: TypeAlias = tuple[tuple[Tensor, ...], Tensor]
"""What the network takes, and the groups of the targets, int64 (n, 2), as ``contrast`` has them."""


class Batches(Protocol):
    """The triplets of a stage, epoch by epoch."""

    def __len__(self) -> int:
        """Batches an epoch."""
        ...

    def epoch(self, epoch: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from one of them on."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What the two stages differ in.

    Args:
        number: 1 or 2.
        name: for people.
        network: a batch's tensors to queries and targets, float (n, dim), each of length 1.
        optimiser: of what learns.
        rate: its highest learning rate.
        epochs: how many.
        batches: the triplets.
        scale: what cosines are multiplied by in the loss.
        judge: the figure on val that chooses the best epoch, and all that a log should hold of it.
        training: brings the network into the mode in which it learns.
    """

    number: int
    name: str
    network: nn.Module
    optimiser: Optimizer
    rate: float
    epochs: int
    batches: Batches
    scale: Callable[[], Tensor | float]
    judge: Callable[[], tuple[float, dict[str, float]]]
    training: Callable[[], Any]


def fit(  # noqa: C901  one visible loop is easier to follow than its parts
    fabric: Fabric, stage: Stage, settings: CombinerSettings, folder: Path, progress: Progress
) -> State:
    """Train, from the folder's checkpoint on if there is one.

    Args:
        fabric: launched, of one device.
        stage: what learns from what.
        settings: of the training.
        folder: of the stage; the best epoch's weights, the checkpoint and the logs go there.
        progress: told of every batch.

    Returns:
        How it ended; ``best_accuracy`` is the judge's figure. The weights that count are in ``best.safetensors``.

    Raises:
        KeyboardInterrupt: Ctrl-C; the checkpoint is written first.
        TrainError: the checkpoint can't be read.
        ImageError: a photo that could be read before can't any more.
    """
    folder.mkdir(exist_ok=True)
    model, optimiser = fabric.setup(stage.network, stage.optimiser)
    scaler = getattr(fabric._precision, "scaler", None)  # of fp16: its scale is part of the state
    parts = {"network": stage.network, "optimiser": optimiser, "scaler": scaler}
    state = restore(folder, **parts)
    steps = stage.epochs * len(stage.batches)
    journal = Journal(folder, state.step)
    progress.phase(f"training, stage {stage.number}: {stage.name}, {stage.epochs} epochs", steps)
    progress.advance(state.step)
    saved = time.monotonic()

    def learn(inputs: tuple[Tensor, ...], groups: Tensor) -> float:
        """One step."""
        torch.manual_seed(number(settings.seed, stage.number, state.step))  # for dropout
        share = share_of_rate(state.step, steps, settings)
        for group in optimiser.param_groups:
            group["lr"] = stage.rate * share
        queries, targets = model(*inputs)
        loss = contrast(queries, targets, groups, stage.scale())
        optimiser.zero_grad()
        fabric.backward(loss)
        optimiser.step()
        state.step += 1
        if state.step % LOG_STEPS == 0:
            journal.write(state.step, {"loss": float(loss.detach()), "rate": stage.rate * share})
        return float(loss.detach())

    def end_epoch(epoch: int) -> None:
        """Look at val where it is time, and keep the weights if they are the best so far."""
        figures: dict[str, float] = {"epoch": epoch, "train_loss": state.loss / len(stage.batches)}
        if epoch % settings.every == 0 or epoch == stage.epochs:
            figure, said = stage.judge()
            if figure > state.best_accuracy:
                state.best_epoch, state.best_accuracy = epoch, figure
                save_best(folder, stage.network)
            figures |= {"val": figure, **said}
        journal.write(state.step, figures)
        state.loss = 0.0

    def ended() -> bool:
        epoch = state.step // len(stage.batches)
        waited = (epoch - state.best_epoch) // settings.every
        return state.step >= steps or (settings.patience > 0 and state.best_epoch > 0 and waited >= settings.patience)

    with stoppable() as stop:
        while not ended() and not stop.asked:
            epoch, first = divmod(state.step, len(stage.batches))
            stage.training()
            for inputs, groups in stage.batches.epoch(epoch, first):
                state.loss += learn(*fabric.to_device((inputs, groups)))
                progress.advance(1)
                if stop.asked or time.monotonic() - saved > SAVE_SECONDS:
                    break
            if state.step == (epoch + 1) * len(stage.batches):
                end_epoch(epoch + 1)
            save(folder, state, **parts)
            saved = time.monotonic()
    journal.close()
    if not ended():
        raise KeyboardInterrupt
    return state
