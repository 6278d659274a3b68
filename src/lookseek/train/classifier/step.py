"""The loop: a network learns to tell classes apart. Read it top to bottom; it is all that happens.

What chance decides depends on the seed and the step alone (``batches.py``, and ``manual_seed`` below for dropout), and
the checkpoint holds everything else, so a training that was killed and started again ends with the same weights.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ...progress import Progress
from ..labelled import Example, Labelled
from ..trainer.checkpoint import State, restore, save, save_best
from ..trainer.interrupt import stoppable
from ..trainer.log import Journal
from ..trainer.run_folder import TEST
from ..trainer.schedule import LOG_STEPS, SAVE_SECONDS, share_of_rate
from ..trainer.seeds import number
from .batches import Batches, plain
from .network import Network, rate_groups
from .settings import Settings

__all__ = ["fit", "predict"]


def fit(  # noqa: C901  one visible loop is easier to follow than its parts
    fabric: Fabric,
    network: Network,
    data: Labelled,
    settings: Settings,
    workers: int,
    folder: Path,
    progress: Progress,
) -> State:
    """Train, from the folder's checkpoint on if there is one.

    Args:
        fabric: launched; it knows devices, nodes and precision.
        network: with its first weights.
        data: the photos.
        settings: of the training.
        workers: processes that decode; 0 decodes in this one.
        folder: of the run; the best epoch's weights, the checkpoint and the logs go there.
        progress: told of every photo.

    Returns:
        How it ended. The weights that count are those of ``best.safetensors``.

    Raises:
        KeyboardInterrupt: Ctrl-C; the checkpoint is written first.
        TrainError: the checkpoint can't be read.
        ImageError: a photo that could be read before can't any more.
    """
    batches = Batches(data.splits["train"], settings, workers, fabric.global_rank, fabric.world_size)
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    model, optimiser = fabric.setup(network, kind(rate_groups(network, settings), lr=settings.rate))
    average = ModelEmaV3(network, decay=settings.average, use_warmup=True) if settings.average else None
    parts = {"network": network, "optimiser": optimiser, "average": average}
    state = restore(folder, **parts)
    judged = network if average is None else average.module
    if state.step == 0 and fabric.is_global_zero:
        (folder / TEST).unlink(missing_ok=True)  # of a run whose checkpoint was deleted to begin again
    steps = settings.epochs * len(batches)
    journal = Journal(folder, state.step, write=fabric.is_global_zero)
    progress.phase(f"training, {settings.epochs} epochs", settings.epochs * len(data.splits["train"]))
    progress.advance(state.step * len(data.splits["train"]) // len(batches))
    saved = time.monotonic()

    def learn(photos: Tensor, labels: Tensor) -> float:
        """One step."""
        torch.manual_seed(number(settings.seed, state.step))  # for dropout and its like
        share = share_of_rate(state.step, steps, settings)
        for group in optimiser.param_groups:
            group["lr"] = group["highest"] * share
        loss = cross_entropy(model(photos), labels, label_smoothing=settings.smoothing)
        optimiser.zero_grad()
        fabric.backward(loss)
        optimiser.step()
        state.step += 1
        if average is not None:
            average.update(network, step=state.step)
        if state.step % LOG_STEPS == 0:
            journal.write(state.step, {"loss": float(loss.detach()), "rate": settings.rate * share})
        return float(loss.detach())

    def end_epoch(epoch: int) -> None:
        """Validate, and keep the weights if they are the best so far."""
        if fabric.world_size > 1:  # batch norms count on each device for itself; what is judged is what is kept
            for buffer in (*network.buffers(), *judged.buffers()):
                torch.distributed.broadcast(buffer, 0)
        figures = _judge(state, epoch, predict(fabric, judged, data.splits["val"], settings, workers), data)
        if state.best_epoch == epoch and fabric.is_global_zero:
            save_best(folder, judged)
        journal.write(state.step, {"epoch": epoch, "train_loss": state.loss / len(batches), **figures})
        state.loss = 0.0

    with stoppable() as stop:
        while state.step < steps and not _agreed(fabric, stop.asked):
            epoch, first = divmod(state.step, len(batches))
            network.train()
            for photos, labels in batches.epoch(epoch, first):
                state.loss += learn(*fabric.to_device((photos, labels)))
                progress.advance(len(labels) * fabric.world_size)
                if _agreed(fabric, stop.asked or time.monotonic() - saved > SAVE_SECONDS):
                    break
            if state.step == (epoch + 1) * len(batches):
                end_epoch(epoch + 1)
            if fabric.is_global_zero:
                save(folder, state, **parts)
            saved = time.monotonic()
    journal.close()
    fabric.barrier()  # nobody reads what the first device has not written yet
    if state.step < steps:
        raise KeyboardInterrupt
    return state


def _agreed(fabric: Fabric, pause: bool) -> bool:
    """Whether any device would pause: those that paused at different steps would wait for each other for ever."""
    if fabric.world_size == 1:
        return pause
    return bool(fabric.all_reduce(torch.tensor(float(pause), device=fabric.device), reduce_op="max"))


def predict(
    fabric: Fabric, network: nn.Module, examples: Sequence[Example], settings: Settings, workers: int
) -> NDArray[np.float32]:
    """The network's probabilities, float32 (examples, classes); each device looks at its share of the photos."""
    own = list(range(fabric.global_rank, len(examples), fabric.world_size))
    network.eval()
    rows = []
    with torch.no_grad(), fabric.autocast():
        for photos, _ in plain([examples[row] for row in own], settings, settings.batch, workers):
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


def _judge(state: State, epoch: int, probabilities: NDArray[np.float32], data: Labelled) -> dict[str, float]:
    """Accuracy and loss on val; the state remembers the best epoch: by accuracy, then by loss."""
    labels = np.array([example.label for example in data.splits["val"]])
    right = probabilities[np.arange(len(labels)), labels]
    accuracy = float((probabilities.argmax(1) == labels).mean())
    loss = float(-np.log(np.maximum(right, 1e-12)).mean())
    if (accuracy, -loss) > (state.best_accuracy, -state.best_loss):
        state.best_epoch, state.best_accuracy, state.best_loss = epoch, accuracy, loss
    return {"val_accuracy": accuracy, "val_loss": loss}
