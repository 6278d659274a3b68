"""What a training writes down while it runs: JSON lines, the same for TensorBoard, and learning curves to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from ...atomic import write_text
from .run_folder import LOG, TENSORBOARD

__all__ = ["TrainingLog", "read_log"]


class TrainingLog:
    """The two logs of a run folder.

    Args:
        folder: of the run.
        step: that the training goes on from. Lines of later steps, by a run that was killed, are removed, so that
            the logs read as if it had never been stopped.
        write: False where another process writes them.
    """

    def __init__(self, folder: Path, step: int, *, write: bool = True) -> None:
        self._file = folder / LOG
        self._board: SummaryWriter | None = None
        if write:
            kept = [line for line in read_log(folder) if line["step"] <= step]
            write_text(self._file, "".join(json.dumps(line) + "\n" for line in kept))
            self._board = SummaryWriter(str(folder / TENSORBOARD), purge_step=step + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Write down what was measured after a step."""
        if self._board is None:
            return
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        for name, value in values.items():
            self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush what TensorBoard's writer holds."""
        if self._board is not None:
            self._board.close()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Read the lines written so far, in order, without one that a kill truncated."""
    file = folder / LOG
    lines: list[dict[str, Any]] = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines
