"""What a photo shows where: a frozen tower's last map, of the whole photo and of the garment in it, in a few cells.

The tower is cut before its global pool, and before a convolution that only widens the map on the way there, so any
model folder whose tower ends so will do. Cells are made once and kept where vectors are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.utils import Extractor

from lookseek import images
from lookseek.encode import Prepared
from lookseek.encode.folder import ModelFolder, read_folder
from lookseek.encode.prepare import min_side, prepare
from lookseek.encode.runtime import cores, open_session
from lookseek.errors import TrainError
from lookseek.evaluate.cache import embed_photos
from lookseek.progress import Progress
from lookseek.types import Box, Photo, Pixels, Vectors

__all__ = ["CELLS", "PLACES", "CellEncoder", "garment", "seen"]

VERSION = "1"
"""Of how cells are made; kept ones of another are made anew."""

CELLS = 4
"""A side: 16 of the whole photo and 16 of the garment."""

PLACES = 2 * CELLS * CELLS
"""Of both."""

WHITE = 235
"""A pixel whose channels are all as bright is background. Shop photos are on white, blurred by JPEG."""

SHARE = 0.02
"""Of a line's pixels that must not be background for the line to be of the garment: less is dirt."""


_BATCH = 8
"""Photos a run, as ``encode`` has it."""


class CellEncoder:
    """A tower's last map, its mean in each of 4 x 4 cells.

    Args:
        folder: of the model.
        of_garment: whether of the garment alone, or of the whole photo.

    Raises:
        TrainError: the tower does not end in a map.
    """

    def __init__(self, folder: ModelFolder, *, of_garment: bool) -> None:
        self.name = "garment-cells" if of_garment else "cells"
        self._how, self._of_garment = folder.config.preprocessing, of_garment
        self.min_side = min_side(self._how)
        where = f"image.onnx of {folder.path}"
        graph, side, self.channels = _cut(folder.onnx, where)
        self.dim = CELLS * CELLS * self.channels
        self._session, inputs, _ = open_session(graph.SerializeToString(), threads=cores(), where=where)
        self._input, self._pool = inputs[0].name, _pool(side)

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return prepare(images.crop(pixels, garment(pixels)) if self._of_garment else pixels, self._how)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder; a row is cell by cell, each of all channels."""
        rows = np.empty((len(batch), self.dim), np.float32)
        for start in range(0, len(batch), _BATCH):
            part = np.stack(batch[start : start + _BATCH])
            (maps,) = self._session.run(None, {self._input: part})
            cells = np.einsum("yi,xj,ncij->nyxc", self._pool, self._pool, maps, optimize=True)
            rows[start : start + len(part)] = cells.reshape(len(part), -1)
        return rows


def garment(pixels: Pixels) -> Box:
    """Where a photo is not white: of a shop photo the garment and who wears it, of any other nearly all of it."""
    shown = pixels.min(axis=2) < WHITE
    y, x = (np.flatnonzero(shown.mean(axis=axis) > SHARE) for axis in (1, 0))
    if not len(y) or not len(x):
        return Box(0, 0, pixels.shape[1], pixels.shape[0])
    return Box(int(x[0]), int(y[0]), int(x[-1] - x[0]) + 1, int(y[-1] - y[0]) + 1)


def _cut(onnx_file: bytes, where: str) -> tuple[onnx.ModelProto, int, int]:
    """The tower up to its last map, the map's side and its channels."""
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(onnx_file))
    shapes = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim] for value in model.graph.value_info}
    made_by = {name: node for node in model.graph.node for name in node.output}
    pools = [node for node in model.graph.node if node.op_type in ("GlobalAveragePool", "ReduceMean")]
    maps = [node.input[0] for node in pools if len(shapes.get(node.input[0], ())) == 4]
    if not maps:
        raise TrainError(f"{where} does not end in the mean of a map, so there are no cells to attend to")
    wide = maps[-1]
    bend = made_by.get(wide)
    last = made_by.get(bend.input[0]) if bend is not None and bend.op_type in ("Clip", "Relu") else bend
    if last is not None and last.op_type == "Conv" and 0 < shapes[last.input[0]][1] < shapes[wide][1]:
        wide = last.input[0]
    _, channels, height, width = shapes[wide]
    if height != width or height < CELLS:
        raise TrainError(f"{where} ends in a map of {width} x {height}: cells need a square one from {CELLS} a side")
    return Extractor(model).extract_model([model.graph.input[0].name], [wide]), height, channels


def _pool(side: int) -> NDArray[np.float32]:
    """(CELLS, side): each cell the mean of its lines; where they don't divide evenly, neighbours share one."""
    weights = np.zeros((CELLS, side), np.float32)
    for cell in range(CELLS):
        first, end = cell * side // CELLS, -(-(cell + 1) * side // CELLS)
        weights[cell, first:end] = 1 / (end - first)
    return weights


def seen(
    folder: Path, checksum: str, photos: Mapping[str, Photo], ids: Sequence[str], progress: Progress
) -> tuple[NDArray[np.float16], dict[str, int]]:
    """The cells of photos, of the whole and then of the garment, from the cache where it has them.

    Args:
        folder: of the model.
        checksum: of its photo tower.
        photos: id to photo.
        ids: the wanted ones.
        progress: told of each.

    Returns:
        float16 (found, 2 * 16 * channels), and the row of each photo that could be had.

    Raises:
        TrainError: the tower does not end in a map.
    """
    model = read_folder(folder)
    parts: list[NDArray[np.float16]] = []
    rows: dict[str, int] = {}
    for of_garment in (False, True):  # one after the other: a row is long
        encoder = CellEncoder(model, of_garment=of_garment)
        key = f"{checksum[:32]}-{encoder.name}-{VERSION}"
        vectors, rows = embed_photos(photos, ids, {key: encoder}, progress)
        parts.append(vectors[encoder.name].astype(np.float16))
    return np.concatenate(parts, axis=1), rows
