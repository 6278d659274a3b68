"""Encodes photos with an image tower."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..errors import ModelError
from ..types import Pixels, Vectors
from .config import Config
from .encoder import Prepared
from .prepare import Preprocessing, min_side, prepare
from .tower import Port, Tower

__all__ = ["ImageEncoder"]

_CHUNK = 8
"""Photos a run at most. More do not fit the cache. Source: docs/decisions/encoder.md."""


class ImageEncoder:
    """Runs a tower as an Encoder. The constructor checks the tower's input and output against the config.

    Args:
        config: of the model.
        tower: its image tower.
        where: the file's name, for messages.

    Raises:
        ModelError: the graph does not fit the config.
    """

    name = "look"

    def __init__(self, config: Config, tower: Tower, where: str) -> None:
        self.dim = config.dim
        self._settings: Preprocessing = config.preprocessing
        self.min_side = min_side(self._settings)
        self._run = tower.run
        self._streams = tower.streams
        self._pool = ThreadPoolExecutor(tower.streams, thread_name_prefix="lookseek-encode")
        self._where = where
        self._fixed_batch = _check_input(tower.inputs, self._settings, where)
        _check_output(tower.outputs, self.dim, where)

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return prepare(pixels, self._settings)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder."""
        vectors = np.empty((len(batch), self.dim), np.float32)
        step = self._fixed_batch or max(1, min(_CHUNK, -(-len(batch) // self._streams)))
        starts = range(0, len(batch), step)
        run = self._pool.map if len(starts) > 1 and self._streams > 1 else map
        for start, rows in zip(starts, run(lambda at: self._rows(batch[at : at + step]), starts), strict=True):
            vectors[start : start + step] = rows
        if not np.isfinite(vectors).all():
            raise ModelError(
                f"{self._where} gave numbers that are not finite: its weights overflow at this precision, "
                "export it again in fp32"
            )
        return vectors

    def _rows(self, photos: Sequence[Prepared]) -> Vectors:
        chunk = np.stack(photos)
        if self._fixed_batch:
            missing = self._fixed_batch - len(photos)
            chunk = np.concatenate([chunk, np.repeat(chunk[-1:], missing, axis=0)])
        out = self._run(chunk)
        if out.shape != (len(chunk), self.dim):
            raise ModelError(
                f"{self._where} gave an array of shape {out.shape} for {len(chunk)} photos, its config says "
                f"({len(chunk)}, {self.dim}): correct dim in config.json, or export pooled features"
            )
        rows: Vectors = out[: len(photos)]
        return rows


def _check_input(inputs: tuple[Port, ...], settings: Preprocessing, where: str) -> int:
    """Return the fixed batch size of the graph, 0 for a dynamic one."""
    sides = (settings.height, settings.width, 3) if settings.layout == "nhwc" else (3, settings.height, settings.width)
    if len(inputs) != 1:
        raise ModelError(f"{where} has {len(inputs)} inputs, not 1: export the image tower alone")
    (port,) = inputs
    if port.dtype != settings.dtype:
        raise ModelError(f"{where} takes {port.dtype}, its config says {settings.dtype}: correct dtype in config.json")
    if len(port.shape) != 4 or any(a not in (None, b) for a, b in zip(port.shape[1:], sides, strict=True)):
        raise ModelError(
            f"{where} takes photos of shape {port.shape[1:]}, its config says {sides} ({settings.layout}): correct "
            "width, height or layout in config.json"
        )
    return port.shape[0] or 0


def _check_output(outputs: tuple[Port, ...], dim: int, where: str) -> None:
    port = outputs[0]
    if port.dtype != "float32" or len(port.shape) != 2:
        raise ModelError(
            f"{where} gives {port.dtype} of shape {port.shape}, not float32 (n, {dim}): export pooled features"
        )
    if port.shape[1] not in (None, dim):
        raise ModelError(f"{where} gives {port.shape[1]} numbers a photo, its config says {dim}: correct dim")
