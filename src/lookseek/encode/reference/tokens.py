"""A reference photo as tokens: what the model's own tower sees where.

    whole photo ───────────────────────> tower's maps ─> 3 x 3 cells
    garment's box (encode/garments) ───> tower's maps ─> 3 x 3 cells
                                    └──> landmarks (encode/regions) ─> the maps at the places of five regions

FashionVLP's reference side: the whole image, the cropped clothing, and landmarks sampled from the map. Ours are the
numbers of cells, the five regions in place of single landmarks, and that the tower stays as it is.

Source: S. Goenka et al., "FashionVLP: Vision language transformer for fashion retrieval with feedback", CVPR 2022.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ... import images
from ...errors import ModelError
from ...types import Pixels, Vectors
from ..cells import photo_window
from ..encoder import Prepared
from ..folder import ModelFolder
from ..garments import GarmentParser, load_parser
from ..map_cells import square_means
from ..onnx_file import pooled_map, with_only_output
from ..prepare import min_side, prepare
from ..regions import REGIONS, SAMPLES, RegionEncoder, load_regions
from ..runtime import open_tower
from .geometry import place_weights

__all__ = ["GRID", "PLACES", "WITH_REGIONS", "ReferenceEncoder", "open_reference"]

GRID = 3
"""Cells a side of the whole photo and of the garment's crop: few, so that attention stays cheap. Not searched."""

CELLS = GRID * GRID

PLACES = 2 * CELLS + len(REGIONS)
"""Tokens of a photo: cells of the whole, cells of the crop, regions."""

WITH_REGIONS = ("top", "outer", "dress")
"""Kinds of garments that have a collar, a chest, a waist and sleeves; tokens of others' regions are zeros."""

_VERSION = "1"
"""Of how tokens are made: kept ones of another version are made anew."""

_CHUNK = 4
"""Photos a run of the tower, each twice."""

_MAP_DIMENSIONS = 4


class ReferenceEncoder:
    """A photo as tokens, side by side in one row. See Encoder. Any thread may call.

    A token of zeros is none: the regions of shoes, a sleeve that a garment has not. Numbers are signed roots of the
    maps' channels, whose large values would else outweigh all others.

    Args:
        model: the folder of a model whose tower pools maps.
        parser: finds the garment; the largest is taken, the whole photo where there is none.
        regions: finds its landmarks.

    Raises:
        ModelError: the tower pools no map, or can't be loaded.
    """

    name = "reference"

    def __init__(self, model: ModelFolder, parser: GarmentParser, regions: RegionEncoder) -> None:
        where = f"image.onnx of {model.path}"
        map_, self._settings = pooled_map(model.onnx), model.config.preprocessing
        if not map_ or self._settings.resize == "target-pad":
            raise ModelError(f"{where} pools no map, so that attention has no cells to see: take another model")
        self._parser, self._regions = parser, regions
        self._tower = open_tower(with_only_output(model.onnx, map_), threads=None, single=False)
        self.min_side = max(min_side(self._settings), parser.min_side, regions.min_side)
        white = prepare(np.full((self._settings.height, self._settings.width, 3), 255, np.uint8), self._settings)
        self._type = np.dtype(
            [
                ("photos", white.dtype, (2, *white.shape)),
                ("points", np.float32, (len(REGIONS), SAMPLES, 2)),
                ("there", np.bool_, (len(REGIONS),)),
            ]
        )
        self.channels = self._run(white[None]).shape[3]
        self.dim = PLACES * self.channels
        made_by = (model.checksum, parser.config.checksum, regions.config.checksum)
        self.version = "-".join([*(each[:16] for each in made_by), self._tower.precision, _VERSION])

    def prepare(self, pixels: Pixels) -> Prepared:
        """Return the whole photo and the garment as the tower's input, and the places of its regions in that."""
        found = self._parser.parse(pixels).regions()
        crop = images.crop(pixels, found[0].box) if found else pixels
        made = np.zeros((), self._type)
        made["photos"] = np.stack([prepare(pixels, self._settings), prepare(crop, self._settings)])
        if found and found[0].label in WITH_REGIONS:
            garment = self._regions.encode(crop)
            left, top, right, bottom = photo_window(crop.shape[1], crop.shape[0], self._settings)
            made["points"] = (garment.points - (left, top)) / (right - left, bottom - top)
            made["there"] = garment.there
        return made

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder: float32 (n, PLACES * channels)."""
        rows = np.empty((len(batch), PLACES, self.channels), np.float32)
        for start in range(0, len(batch), _CHUNK):
            part = np.stack(batch[start : start + _CHUNK])
            rows[start : start + len(part)] = self._tokens(part)
        return np.ascontiguousarray((np.sign(rows) * np.sqrt(np.abs(rows))).reshape(len(batch), self.dim))

    def _tokens(self, photos: NDArray[np.void]) -> NDArray[np.float32]:
        count = len(photos)
        maps = self._run(photos["photos"].reshape(2 * count, *photos["photos"].shape[2:]))
        both = square_means(maps, GRID).reshape(count, 2 * CELLS, self.channels)
        regions = np.zeros((count, len(REGIONS), self.channels), np.float32)
        rows, columns = maps.shape[1:3]
        for row, photo in enumerate(photos):
            if (there := photo["there"]).any():
                weights = place_weights(photo["points"][there], rows, columns)
                regions[row, there] = weights @ maps[2 * row + 1].reshape(-1, self.channels)
        return np.concatenate([both, regions], axis=1)

    def _run(self, photos: Prepared) -> NDArray[np.float32]:
        """Return the maps, float32 (n, rows, columns, channels)."""
        made = self._tower.run(np.ascontiguousarray(photos))
        if made.ndim != _MAP_DIMENSIONS:
            raise ModelError(f"the tower pools {made.shape}, which is no map of cells: take another model")
        return np.ascontiguousarray(made.transpose(0, 2, 3, 1), np.float32)


def open_reference(model: ModelFolder) -> ReferenceEncoder:
    """Return the encoder of a model, with the parser and the regions that ship.

    Args:
        model: the folder of the model.

    Raises:
        ModelError: the tower pools no map, or something can't be loaded.
    """
    return ReferenceEncoder(model, load_parser(), load_regions())
