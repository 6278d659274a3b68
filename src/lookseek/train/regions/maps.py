"""The tower's maps of each photo, computed once and kept in the run's folder: SPLIT-maps.npy, and how far it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...atomic import write_text
from ...encode.runtime import Tower, cores, open_tower
from ...errors import TrainError
from ...progress import Progress
from ..export.graph import export_onnx
from ..export.parity import INSTALL
from .examples import RegionExamples
from .network import NUMBERS, SIZE, RegionTower

__all__ = ["compute_maps", "open_encoder"]

_STEP, _RUN = 32, 4


def compute_maps(
    folder: Path,
    split: str,
    examples: RegionExamples,
    encoder_of: Callable[[], Tower],
    content: str,
    progress: Progress,
) -> NDArray[np.float16]:
    """Return the maps of a split, float16 (n, NUMBERS) on disk; those that are not there yet are computed.

    Args:
        folder: of the cache, made where it is not there.
        split: names the files.
        examples: the photos.
        encoder_of: returns the tower's graph, opened; called where photos are left.
        content: of the photos and the tower: with another one, what is kept is refused.
        progress: notified of every photo.

    Raises:
        TrainError: the files can't be written, or a kept one is not of these photos.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done_file, count = folder / f"{split}-done.json", len(examples)
    state = _state(done_file, content)
    try:
        maps = np.lib.format.open_memmap(
            folder / f"{split}-maps.npy",
            "r+" if state["done"] else "w+",
            np.float16,
            None if state["done"] else (count, NUMBERS),
        )
    except (OSError, ValueError) as error:
        raise TrainError(f"{folder} can't keep the maps of {split} ({error}): remove it, or make room") from error
    progress.phase(f"drawing the photos of {split}", count)
    progress.advance(state["done"])
    encoder = encoder_of() if state["done"] < count else None
    with ThreadPoolExecutor(cores()) as pool:
        for start in range(state["done"], count, _STEP):
            taken = range(start, min(start + _STEP, count))
            photos = np.stack(list(pool.map(examples.load, taken)))
            assert encoder is not None
            parts = [photos[at : at + _RUN] for at in range(0, len(photos), _RUN)]
            found = np.concatenate(list(pool.map(encoder.run, parts)))
            maps[taken.start : taken.stop] = found.clip(-60_000, 60_000).astype(np.float16)
            state["done"] = taken.stop
            if (start // _STEP) % 8 == 7 or taken.stop == count:
                maps.flush()
                write_text(done_file, json.dumps(state))
            progress.advance(len(taken))
    return maps


def open_encoder(tower: RegionTower) -> Tower:
    """Return the tower as a graph, which ONNX Runtime runs on all cores.

    Raises:
        TrainError: torch can't write it as ONNX.
    """
    graph = export_onnx(tower, {"photos": torch.zeros((2, SIZE, SIZE, 3), dtype=torch.uint8)}, INSTALL)
    return open_tower(graph.SerializeToString(), threads=None, single=False, runtime="onnxruntime")


def _state(done_file: Path, content: str) -> dict[str, Any]:
    """How far the file is: ``done`` and ``content``."""
    if not done_file.is_file():
        return {"content": content, "done": 0}
    state: dict[str, Any] = json.loads(done_file.read_text(encoding="utf-8"))
    if state["content"] != content:
        raise TrainError(f"{done_file.parent} holds maps of other photos: give a new folder, or remove this one")
    return state
