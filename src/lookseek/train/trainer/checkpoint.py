"""The state of a training, written so that a kill at any moment loses at most the last few minutes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ...atomic import move, replacing
from ...errors import TrainError
from .run_folder import BEST, CHECKPOINT

__all__ = ["TrainingState", "restore", "save", "save_best"]

FORMAT = 2
"""1 had ``best_accuracy`` and ``best_loss`` in place of ``best_score``, and not always a ``scaler``; it is read too."""


@dataclass
class TrainingState:
    """Where a training stands.

    Args:
        step: batches learned from.
        loss: sum of the losses of this epoch's batches.
        best_epoch: the epoch whose weights are kept, from 1; 0 before the first.
        best_score: its score on val, as ``Validation`` has it.
    """

    step: int = 0
    loss: float = 0.0
    best_epoch: int = 0
    best_score: tuple[float, ...] = (-math.inf,)


def save(folder: Path, state: TrainingState, **parts: Any) -> None:
    """Write the checkpoint, whole or not at all.

    Args:
        folder: of the run.
        state: where it stands.
        parts: name to whatever has a ``state_dict``, or None.
    """
    kept = {name: part.state_dict() for name, part in parts.items() if part is not None}
    with replacing(folder / CHECKPOINT) as file:
        torch.save({"format": FORMAT, "state": asdict(state), **kept}, file)


def restore(folder: Path, **parts: Any) -> TrainingState:
    """Load the checkpoint into the parts; return a fresh state where there is none.

    Raises:
        TrainError: a checkpoint that can't be read, or of another network.
    """
    file = folder / CHECKPOINT
    if not file.is_file():
        return TrainingState()
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
        if found["format"] not in (1, FORMAT):
            raise ValueError(f"format {found['format']}, not {FORMAT}")
        for name, part in parts.items():
            if part is not None and not (name == "scaler" and found["format"] == 1 and name not in found):
                part.load_state_dict(found[name])
        return TrainingState(**(_from_format_1(found["state"]) if found["format"] == 1 else found["state"]))
    except Exception as error:  # torch raises a class of its own for each way in which a file can be wrong
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise TrainError(f"{file} can't be read ({reason}): delete it to train this run from its beginning") from error


def _from_format_1(state: Mapping[str, Any]) -> dict[str, Any]:
    accuracy, loss = state["best_accuracy"], state["best_loss"]
    score = (accuracy,) if math.isinf(loss) else (accuracy, -loss)
    return {"step": state["step"], "loss": state["loss"], "best_epoch": state["best_epoch"], "best_score": score}


def save_best(folder: Path, network: nn.Module) -> None:
    """Write the weights that are kept, whole or not at all."""
    weights: dict[str, Tensor] = {name: value.contiguous() for name, value in network.state_dict().items()}
    beside = folder / (BEST + ".part")
    save_file(weights, beside)
    move(beside, folder / BEST)
