"""A tower's maps as cells of several sizes: the whole photo, its quarters, its ninths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ...types import Pixels, Vectors
from ..encoder import Prepared
from ..folder import ModelFolder
from ..map_cells import square_means
from ..onnx_split import split_graph
from ..prepare import min_side, prepare
from ..runtime import open_session
from ..tower import cannot_run

__all__ = ["CELLS", "SCALES", "Pyramid"]

SCALES = (1, 2, 3)
"""Cells a side at each scale. The paper's scales were not found; these are ours (docs/decisions/pairs.md)."""

CELLS = sum(side * side for side in SCALES)

_MAP, _ATTENDED = 4, 3
"""Dimensions of a map, and of the cells that attention pools."""


class Pyramid:
    """Runs a model's tower up to the maps that it pools. Any thread may call.

    Args:
        model: the folder of a model whose tower pools maps, as networks of convolutions do.
        threads: that one run takes, >= 1.

    Raises:
        ModelError: the tower pools no map, or can't be loaded.
    """

    def __init__(self, model: ModelFolder, threads: int = 1) -> None:
        where = f"image.onnx of {model.path}"
        graph = split_graph(model.onnx)
        if graph is None:
            raise ModelError(f"{where} pools no map, so that its photos have no cells: take another model")
        self._maps = [pool.map for pool in graph.pools]
        self._vectors, self._settings = graph.vectors, model.config.preprocessing
        self.min_side = min_side(self._settings)
        self._session, inputs, _ = open_session(graph.trunk, threads, where)
        self._input = inputs[0].name
        white = np.full((self._settings.height, self._settings.width, 3), 255, np.uint8)
        cells, vectors = self.encode([self.prepare(white)])
        self.channels, self.dim = cells.shape[2], vectors.shape[1]

    def prepare(self, pixels: Pixels) -> Prepared:
        """Return a photo as the tower's input. See Encoder."""
        return prepare(pixels, self._settings)

    def encode(self, photos: Sequence[Prepared]) -> tuple[NDArray[np.float32], Vectors]:
        """Return the cells of photos, and the model's vectors of them.

        Args:
            photos: what ``prepare`` returned, one or more.

        Returns:
            float32 (n, CELLS, channels), the maps' channels side by side, scale after scale, row after row; and
            float32 (n, dim), of any length.

        Raises:
            ModelError: the graph fails, or its maps are of no square cells.
        """
        try:
            *maps, vectors = self._session.run([*self._maps, self._vectors], {self._input: np.stack(photos)})
        except Exception as error:  # each status of the runtime is a class of its own, right under Exception
            raise cannot_run("ONNX Runtime", "image.onnx", error, "export it again") from error
        squares = [_rows_and_columns(each.astype(np.float32)) for each in maps]
        levels = [np.concatenate([square_means(each, side) for each in squares], axis=2) for side in SCALES]
        return np.concatenate(levels, axis=1), vectors.astype(np.float32)


def _rows_and_columns(made: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return maps with channels last, float32 (n, rows, columns, channels)."""
    if made.ndim == _MAP:
        return made.transpose(0, 2, 3, 1)
    side = round(made.shape[1] ** 0.5) if made.ndim == _ATTENDED else 0
    if side * side != made.shape[1]:
        raise ModelError(f"the tower pools cells of shape {made.shape}, which are no square: take another model")
    return made.reshape(len(made), side, side, -1)
