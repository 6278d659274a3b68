"""Arrays that a training computes once, row after row, and keeps in its run folder: it goes on where it stopped.

SPLIT-NAME.npy      an array, as many as a recipe wants
SPLIT-done.json     how many rows are there, which of them are broken, and of which photos and tower they are
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...atomic import write_text
from ...errors import TrainError

__all__ = ["KeptArrays", "Shapes", "open_arrays"]

Shapes: TypeAlias = Mapping[str, tuple[type[np.generic], tuple[int, ...]]]
"""Name of an array to its dtype and shape, rows first."""


@dataclass(slots=True, eq=False)
class KeptArrays:
    """The arrays of a split.

    Args:
        file: says how far they are.
        content: of what they are computed from.
        arrays: by name, on disk.
        done: rows that are there.
        broken: rows of photos that can't be decoded.
    """

    file: Path
    content: str
    arrays: Mapping[str, NDArray[Any]]
    done: int
    broken: list[int]

    def save(self, done: int) -> None:
        """Write down that so many rows are there."""
        self.done = done
        for array in self.arrays.values():
            array.flush()  # type: ignore[attr-defined]
        write_text(self.file, json.dumps({"content": self.content, "done": done, "broken": self.broken}))


def open_arrays(folder: Path, split: str, content: str, shapes: Shapes, what: str) -> KeptArrays:
    """Open the arrays of a split, or begin them.

    Args:
        folder: of the cache, made where it is not there.
        split: names the files.
        content: of what they are computed from: kept ones of another are refused.
        shapes: of the arrays.
        what: they hold, for messages, e.g. the maps.

    Raises:
        TrainError: the files can't be written or read, or kept ones are of something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{split}-done.json"
    state: dict[str, Any] = {"content": content, "done": 0}
    if file.is_file():
        state = json.loads(file.read_text(encoding="utf-8"))
    if state["content"] != content:
        raise TrainError(f"{folder} holds {what} of other photos: give a new folder, or remove this one")
    try:
        arrays = {
            name: np.lib.format.open_memmap(folder / f"{split}-{name}.npy", "r+")
            if state["done"]
            else np.lib.format.open_memmap(folder / f"{split}-{name}.npy", "w+", dtype, shape)
            for name, (dtype, shape) in shapes.items()
        }
    except (OSError, ValueError) as error:
        raise TrainError(f"{folder} can't keep {what} of {split} ({error}): remove it, or make room") from error
    return KeptArrays(file, content, arrays, state["done"], state.get("broken", []))
