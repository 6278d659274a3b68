"""The tower's cells of each view, computed once and kept in the run's folder: the tower stays as it is.

SPLIT-cells.npy      float16 (views, CELLS, channels)
SPLIT-vectors.npy    float32 (views, dim), the model's vectors, of length 1
SPLIT-done.json      how many views are there, and of which training
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...atomic import write_text
from ...encode.encoder import Prepared
from ...encode.pairs.pyramid import Pyramid
from ...encode.runtime import cores
from ...errors import ItemError, TrainError
from ...progress import Progress
from ...types import Skipped
from ...vectors import unit
from .examples import PairExamples

__all__ = ["PairCells", "compute_cells"]

_STEP, _RUN = 64, 8


@dataclass(frozen=True, slots=True, eq=False)
class PairCells:
    """A split's views.

    Args:
        cells: float16 (views, CELLS, channels), on disk.
        vectors: float32 (views, dim), of length 1.
        groups: number of each view's item, int64 (views,).
        plain: views that a gallery would have, bool (views,).
        broken: rows of views that can't be decoded.
    """

    cells: NDArray[np.float16]
    vectors: NDArray[np.float32]
    groups: NDArray[np.int64]
    plain: NDArray[np.bool_]
    broken: frozenset[int]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Return which views can be learned from, bool (views,)."""
        return ~np.isin(np.arange(len(self.groups)), list(self.broken))


def compute_cells(
    folder: Path,
    split: str,
    examples: PairExamples,
    pyramid_of: Callable[[], Pyramid],
    content: str,
    progress: Progress,
) -> PairCells:
    """Return the cells of a split; those that are not there yet are computed.

    Args:
        folder: of the cache, made where it is not there.
        split: names the files.
        examples: the views.
        pyramid_of: returns the tower, opened; called where views are left.
        content: of the views and the tower: with another one, what is kept is refused.
        progress: notified of every view, and of those that can't be decoded.

    Raises:
        TrainError: the files can't be written, or a kept one is not of these views.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done_file, count = folder / f"{split}-done.json", len(examples)
    state = _state(done_file, content)
    progress.phase(f"looking at the photos of {split}", count)
    progress.advance(state["done"])
    if state["done"] < count:
        _compute(folder, split, examples, pyramid_of(), state, progress)
    try:
        cells, vectors = (
            np.load(folder / f"{split}-{name}.npy", mmap_mode="r", allow_pickle=False) for name in ("cells", "vectors")
        )
    except (OSError, ValueError) as error:
        raise TrainError(f"{folder} has no cells of {split} that can be read ({error}): remove it") from error
    return PairCells(cells, np.array(vectors), examples.groups, examples.plain, frozenset(state["broken"]))


def _compute(
    folder: Path, split: str, examples: PairExamples, pyramid: Pyramid, state: dict[str, Any], progress: Progress
) -> None:
    """Compute the cells that are left, and write down how far it is."""

    def prepared(row: int) -> Prepared | str:
        try:
            return pyramid.prepare(examples.pixels(row))
        except ItemError as error:
            return str(error)

    files: list[NDArray[Any]] = []
    with ThreadPoolExecutor(cores()) as pool:
        for start in range(state["done"], len(examples), _STEP):
            taken = range(start, min(start + _STEP, len(examples)))
            photos = list(pool.map(prepared, taken))
            good = [place for place, photo in enumerate(photos) if not isinstance(photo, str)]
            for row, photo in zip(taken, photos, strict=True):
                if isinstance(photo, str):
                    progress.skipped(Skipped(examples.items[row].id, "broken photo", photo))
                    state["broken"].append(row)
            parts = [[photos[place] for place in good[at : at + _RUN]] for at in range(0, len(good), _RUN)]
            made = list(pool.map(pyramid.encode, parts))
            for name, place in (("cells", 0), ("vectors", 1)) if made else ():
                found = np.concatenate([part[place] for part in made])
                if len(files) < place + 1:
                    files.append(_file(folder, split, name, found, len(examples), begun=state["done"] > 0))
                rows = np.array(taken)[good]
                files[place][rows] = found.clip(0, 60_000) if name == "cells" else unit(found)
            state["done"] = taken.stop
            if (start // _STEP) % 8 == 7 or taken.stop == len(examples):
                for each in files:
                    each.flush()  # type: ignore[attr-defined]
                write_text(folder / f"{split}-done.json", json.dumps(state))
            progress.advance(len(taken))


def _file(folder: Path, split: str, name: str, like: NDArray[Any], count: int, *, begun: bool) -> NDArray[Any]:
    """Return an array on disk, of the views' rows."""
    path, dtype = folder / f"{split}-{name}.npy", np.float16 if name == "cells" else np.float32
    try:
        if begun and path.is_file():
            return np.lib.format.open_memmap(path, "r+")
        return np.lib.format.open_memmap(path, "w+", dtype, (count, *like.shape[1:]))
    except (OSError, ValueError) as error:
        raise TrainError(f"{folder} can't keep the cells of {split} ({error}): remove it, or make room") from error


def _state(done_file: Path, content: str) -> dict[str, Any]:
    """How far the files are: ``done``, ``broken`` and ``content``."""
    if not done_file.is_file():
        return {"content": content, "done": 0, "broken": []}
    state: dict[str, Any] = json.loads(done_file.read_text(encoding="utf-8"))
    if state["content"] != content:
        raise TrainError(f"{done_file.parent} holds cells of other photos: give a new folder, or remove this one")
    return state
