"""The loop of every training. Read ``fit`` top to bottom; it is all that happens.

    batches ──> loss(model, batch) ──> weighted sum ──> a step of the optimiser      each batch
    validate(network) ──> figures, and the score that chooses the best epoch          each epoch

A recipe fills a ``Training``. The loop owns all else: learning rates, the average of the weights, validation,
checkpoints, logs, Ctrl-C, several devices, and patience.

What chance decides depends on the seed and the step alone (``Batches``, and ``manual_seed`` below), and the checkpoint
holds everything else. So a training that was killed and started again ends with the same weights, bit by bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from lightning_fabric import Fabric
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.optim import Optimizer

from ...progress import Progress
from .batches import Batches
from .checkpoint import TrainingState, restore, save, save_best
from .interrupt import deferred_interrupt
from .log import TrainingLog
from .schedule import CONSTANT, Schedule
from .seeds import derive_seed

__all__ = ["Training", "Validation", "fit"]

LOG_STEPS = 10
"""Steps between two lines of the log."""

SAVE_SECONDS = 120.0
"""After which a checkpoint is written within an epoch: what a kill can cost."""

Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True)
class Validation:
    """How good a network is on val.

    Args:
        score: what chooses the best epoch, the higher the better; further numbers decide between equals. An epoch
            whose score is not a number is never the best.
        figures: name to value of all that the log should hold.
    """

    score: tuple[float, ...]
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Training(Generic[Batch]):
    """What a recipe gives the loop.

    Args:
        network: with its first weights. All that a step changes is a part of it (parameters, buffers), so that the
            checkpoint has it.
        optimiser: of what learns; each group of its parameters at its highest learning rate.
        batches: what is learned from.
        loss: takes the network, called as a module so that it runs on its device, in its precision and with its
            gradients shared among devices, and a batch on that device; returns losses, scalars, by name. Where the
            precision has 16 bits, Fabric rounds the module's floating-point inputs to it; integers stay as they are.
        weights: name to the factor of a loss in the sum that is minimised. What has the weight 0 is logged alone.
        validate: measures the network, in evaluation mode; where weights are averaged, the network of the averages.
        epochs: >= 1.
        seed: numbers that this training's chances follow from.
        schedule: of the learning rates.
        average: decay of the moving average of the weights, which is what is validated and kept, 0 to below 1; 0 for
            none.
        every: epochs from one validation to the next, >= 1; the last epoch is always validated.
        patience: validations without a better one after which the training ends; 0 for never.
        name: for people, beginning with "training".
    """

    network: nn.Module
    optimiser: Optimizer
    batches: Batches[Batch]
    loss: Callable[[nn.Module, Batch], Mapping[str, Tensor]]
    weights: Mapping[str, float]
    validate: Callable[[nn.Module], Validation]
    epochs: int
    seed: tuple[int, ...]
    schedule: Schedule = CONSTANT
    average: float = 0.0
    every: int = 1
    patience: int = 0
    name: str = "training"


def fit(  # noqa: C901  one visible loop is easier to follow than its parts
    fabric: Fabric, training: Training[Batch], folder: Path, progress: Progress
) -> TrainingState:
    """Train, from the folder's checkpoint on if there is one.

    Args:
        fabric: launch; it holds devices, nodes and precision.
        training: what learns from what.
        folder: made where it does not exist; the best epoch's weights, the checkpoint and the logs go there.
        progress: notified of every example.

    Returns:
        How it ended. The weights that count are those of ``best.safetensors``.

    Raises:
        KeyboardInterrupt: Ctrl-C; the checkpoint is written first.
        TrainError: the checkpoint can't be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network, batches = training.network, training.batches
    highest = [group["lr"] for group in training.optimiser.param_groups]
    model, optimiser = fabric.setup(network, training.optimiser)
    average = ModelEmaV3(network, decay=training.average, use_warmup=True) if training.average else None
    kept = network if average is None else average.module
    scaler = getattr(fabric._precision, "scaler", None)  # of fp16: its scale is part of the state
    parts = {"network": network, "optimiser": optimiser, "average": average, "scaler": scaler}
    state = restore(folder, **parts)
    steps = training.epochs * len(batches)
    log = TrainingLog(folder, state.step, write=fabric.is_global_zero)
    progress.phase(f"{training.name}, {training.epochs} epochs", training.epochs * batches.examples)
    progress.advance(_examples(batches, state.step))
    saved = time.monotonic()

    def learn(batch: Batch) -> float:
        """Take one step; return its loss."""
        torch.manual_seed(derive_seed(*training.seed, state.step))  # for dropout and its like
        factor = training.schedule.factor(state.step, steps)
        for group, rate in zip(optimiser.param_groups, highest, strict=True):
            group["lr"] = rate * factor
        losses = training.loss(model, batch)
        total = _weighted_sum(losses, training.weights)
        optimiser.zero_grad()
        fabric.backward(total)
        optimiser.step()
        state.step += 1
        if average is not None:
            average.update(network, step=state.step)
        loss = float(total.detach())
        if state.step % LOG_STEPS == 0:
            named = {name: float(value.detach()) for name, value in losses.items()} if len(losses) > 1 else {}
            log.write(state.step, {"loss": loss, **named, "rate": max(highest) * factor})
        return loss

    def end_epoch(epoch: int) -> None:
        """Validate where it is time, and keep the weights if they are the best so far."""
        figures: dict[str, float] = {"epoch": epoch, "train_loss": state.loss / len(batches)}
        if epoch % training.every == 0 or epoch == training.epochs:
            _share_buffers(fabric, network, kept)
            found = training.validate(kept.eval())
            if found.score > state.best_score:
                state.best_epoch, state.best_score = epoch, found.score
                if fabric.is_global_zero:
                    save_best(folder, kept)
            figures |= found.figures
        log.write(state.step, figures)
        state.loss = 0.0

    def ended() -> bool:
        waited = (state.step // len(batches) - state.best_epoch) // training.every
        impatient = training.patience > 0 and state.best_epoch > 0 and waited >= training.patience
        return state.step >= steps or impatient

    with deferred_interrupt() as stop:
        while not ended() and not _agreed(fabric, stop.requested):
            epoch, first = divmod(state.step, len(batches))
            network.train()
            for batch in batches.epoch(epoch, first):
                state.loss += learn(fabric.to_device(batch))
                progress.advance(_examples(batches, state.step) - _examples(batches, state.step - 1))
                if _agreed(fabric, stop.requested or time.monotonic() - saved > SAVE_SECONDS):
                    break
            if state.step == (epoch + 1) * len(batches):
                end_epoch(epoch + 1)
            if fabric.is_global_zero:
                save(folder, state, **parts)
            saved = time.monotonic()
    log.close()
    fabric.barrier()  # nobody reads what the first device has not written yet
    if not ended():
        raise KeyboardInterrupt
    return state


def _weighted_sum(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    first, *others = (weights[name] * loss for name, loss in losses.items() if weights[name])
    return sum(others, first)


def _examples(batches: Batches[Batch], step: int) -> int:
    """Examples that were learned from after so many steps; batches differ in size by the last one at most."""
    return step * batches.examples // len(batches)


def _agreed(fabric: Fabric, pause: bool) -> bool:
    """Return whether any device would pause; if they paused at different steps, they would wait for ever."""
    if fabric.world_size == 1:
        return pause
    return bool(fabric.all_reduce(torch.tensor(float(pause), device=fabric.device), reduce_op="max"))


def _share_buffers(fabric: Fabric, *networks: nn.Module) -> None:
    """Give all devices the first one's buffers: batch norms count on each device for itself."""
    if fabric.world_size > 1:
        for network in networks:
            for buffer in network.buffers():
                torch.distributed.broadcast(buffer, 0)
