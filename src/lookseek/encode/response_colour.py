"""The colour where a model's last map responds most: mean colour of the strongest cells, in Lab, without an order.

Source: ihciah/deep-fashion-retrieval takes the colours of the 10 strongest of 49 cells, by the mean over the channels
of the map that its network pools, as 30 numbers in an order of no meaning. Here it is their mean, on a sphere.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..types import Pixels, Vectors
from .colour import to_lab, to_lattice_space
from .encoder import Prepared
from .folder import ModelFolder
from .onnx_file import pooled_map, with_outputs
from .prepare import min_side, normalise, resize_to_input
from .runtime import cores, open_session
from .tower import cannot_run

__all__ = ["CELLS", "ResponseColourEncoder", "on_sphere", "strongest_colour"]

CELLS = 10
"""Cells whose colours are averaged. Source: COLOR_TOP_N of ihciah/deep-fashion-retrieval, of 49."""

RADIUS = 50.0
"""Of the sphere, in units of lattice space: black and white, 100 apart, are opposite points."""

_CHUNK = 8


class ResponseColourEncoder:
    """One colour in 4 numbers, of length 1. See Encoder.

    Args:
        model: the folder of a model whose tower pools a map, as networks of convolutions do.
        cells: whose colours are averaged, >= 1.

    Raises:
        ModelError: the tower pools no map, or can't be loaded.
    """

    name: ClassVar[str] = "response_colour"
    dim: ClassVar[int] = 4

    def __init__(self, model: ModelFolder, cells: int = CELLS) -> None:
        where = f"image.onnx of {model.path}"
        self._map = pooled_map(model.onnx)
        if not self._map:
            raise ModelError(f"{where} pools no map, so that no cell of a photo responds: take another model")
        self._settings, self._cells = model.config.preprocessing, cells
        self.min_side = min_side(self._settings)
        self._session, inputs, _ = open_session(with_outputs(model.onnx, [self._map]), 1, where)
        self._input = inputs[0].name
        self._pool = ThreadPoolExecutor(cores(), thread_name_prefix="lookseek-response")

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder: the photo at the size of the tower's input, uint8 (height, width, 3)."""
        return resize_to_input(pixels, self._settings)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder."""
        starts = range(0, len(batch), _CHUNK)
        parts = self._pool.map(lambda at: self._some(batch[at : at + _CHUNK]), starts)
        return np.concatenate([np.empty((0, self.dim), np.float32), *parts])

    def _some(self, photos: Sequence[Prepared]) -> Vectors:
        colours = [
            strongest_colour(response, photo, self._cells)
            for response, photo in zip(self.responses(photos), photos, strict=True)
        ]
        return on_sphere(np.array(colours))

    def responses(self, photos: Sequence[Prepared]) -> NDArray[np.float32]:
        """Return how much each cell of photos responds, float32 (n, rows, columns): the mean over the map's channels.

        Args:
            photos: what ``prepare`` returned, one or more.
        """
        inputs = np.stack([normalise(photo, self._settings) for photo in photos])
        try:
            (maps,) = self._session.run([self._map], {self._input: inputs})
        except Exception as error:  # each status of the runtime is a class of its own, right under Exception
            raise cannot_run("ONNX Runtime", "image.onnx", error, "export it again") from error
        found: NDArray[np.float32] = maps.mean(axis=1)
        return found


def strongest_colour(response: NDArray[np.float32], photo: Pixels, cells: int) -> NDArray[np.float64]:
    """Return the mean colour of the cells that respond most, float64 (3,), in lattice space.

    Args:
        response: of each cell, (rows, columns).
        photo: uint8 (height, width, 3), no smaller than the cells are many.
        cells: how many count; all where there are fewer.
    """
    rows, columns = response.shape
    down = np.linspace(0, len(photo), rows + 1).astype(np.intp)[:-1]
    across = np.linspace(0, photo.shape[1], columns + 1).astype(np.intp)[:-1]
    sums = np.add.reduceat(np.add.reduceat(photo.astype(np.float64), down, axis=0), across, axis=1)
    sizes = np.outer(np.diff(down, append=len(photo)), np.diff(across, append=photo.shape[1]))
    strongest = np.argsort(-response.ravel(), kind="stable")[:cells]
    means = (sums / sizes[:, :, None]).reshape(-1, 3)[strongest]
    found: NDArray[np.float64] = to_lattice_space(to_lab(means)).mean(axis=0)
    return found


def on_sphere(colours: NDArray[np.float64]) -> Vectors:
    """Return colours as unit vectors whose cosine falls with the square of their distance, float32 (n, 4).

    The inverse of the stereographic projection, with grey of lightness 50 at the pole.

    Args:
        colours: in lattice space, (n, 3).
    """
    flat = (colours - (50.0, 0.0, 0.0)) / RADIUS
    square = (flat**2).sum(axis=1, keepdims=True)
    return np.asarray(np.concatenate([2 * flat, 1 - square], axis=1) / (1 + square), np.float32)
