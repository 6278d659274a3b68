"""The state of a training, written so that a kill at any moment loses at most the last few minutes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ...atomic import move, replacing
from ...errors import TrainError
from .run_folder import BEST, CHECKPOINT

__all__ = ["State", "restore", "save", "save_best"]

FORMAT = 1


@dataclass
class State:
    """Where a training stands.

    Args:
        step: batches learned from.
        loss: sum of the losses of this epoch's batches.
        best_epoch: whose weights are kept, from 1; 0 before the first.
        best_accuracy: of it, on val.
        best_loss: of it, on val.
    """

    step: int = 0
    loss: float = 0.0
    best_epoch: int = 0
    best_accuracy: float = -1.0
    best_loss: float = float("inf")


def save(folder: Path, state: State, **parts: Any) -> None:
    """Write the checkpoint, whole or not at all.

    Args:
        folder: of the run.
        state: where it stands.
        parts: name to whatever has a ``state_dict``, or None.
    """
    kept = {name: part.state_dict() for name, part in parts.items() if part is not None}
    with replacing(folder / CHECKPOINT) as file:
        torch.save({"format": FORMAT, "state": asdict(state), **kept}, file)


def restore(folder: Path, **parts: Any) -> State:
    """Put a checkpoint's content into the parts; a fresh state where there is none.

    Raises:
        TrainError: a checkpoint that can't be read, or of another network.
    """
    file = folder / CHECKPOINT
    if not file.is_file():
        return State()
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}, not {FORMAT}")
        for name, part in parts.items():
            if part is not None:
                part.load_state_dict(found[name])
        return State(**found["state"])
    except Exception as error:  # torch raises a class of its own for each way in which a file can be wrong
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise TrainError(f"{file} can't be read ({said}): delete it to train this run from its beginning") from error


def save_best(folder: Path, network: nn.Module) -> None:
    """Write the weights that are kept, whole or not at all."""
    weights: dict[str, Tensor] = {name: value.contiguous() for name, value in network.state_dict().items()}
    beside = folder / (BEST + ".part")
    save_file(weights, beside)
    move(beside, folder / BEST)
