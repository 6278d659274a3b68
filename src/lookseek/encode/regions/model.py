"""From a photo of a garment to a vector for each of its regions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ...types import Pixels, Vectors
from ...vectors import unit
from ..onnx_file import refuse_external_data
from ..prepare import min_side, resize_to_input
from ..runtime import open_tower
from ..tower import Tower
from .folder import DEFAULT_REGIONS, REGIONS_GRAPH, RegionsConfig, read_regions
from .geometry import LANDMARKS, region_points

__all__ = ["SLEEVE", "GarmentRegions", "RegionEncoder", "load_regions", "place_landmarks", "sample_places"]

SLEEVE = 0.3
"""Likelihood of a sleeve's end from which on the garment has that sleeve. A first choice: drawn sleeves reach .5, and
what is none .1."""

Maps = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class GarmentRegions:
    """The regions of a garment in a photo.

    Args:
        vectors: of each of ``REGIONS``, float32 (5, dim), of length 1; zeros where the garment has none.
        there: which regions it has, bool (5,).
        points: places of each, in widths and heights of the photo, float64 (5, SAMPLES, 2).
    """

    vectors: Vectors
    there: NDArray[np.bool_]
    points: NDArray[np.float64]


class RegionEncoder:
    """A model of regions that is ready to run. Any thread may call.

    Args:
        config: what it says of itself.
        tower: its graph.
        folder: where it is.
    """

    def __init__(self, config: RegionsConfig, tower: Tower, folder: Path) -> None:
        self.config, self.folder = config, folder
        self._tower = tower

    @property
    def min_side(self) -> int:
        """Return the shorter side, in pixels, that suffices for a photo."""
        return min_side(self.config.preprocessing)

    def encode(self, pixels: Pixels) -> GarmentRegions:
        """Return the regions of the garment that fills a photo.

        Args:
            pixels: uint8 (height, width, 3).

        Raises:
            ModelError: the graph fails, or gives another shape.
        """
        side, dim = self.config.side, self.config.dim
        out = self._tower.run(resize_to_input(pixels, self.config.preprocessing)[None])
        if out.ndim != 4 or out.shape[:2] != (1, dim + len(LANDMARKS)) or not np.isfinite(out).all():
            raise ModelError(
                f"{REGIONS_GRAPH} of {self.folder} gave {out.shape}, expected finite numbers of shape "
                f"(1, {dim + len(LANDMARKS)}, cells, cells): export the model again"
            )
        landmarks, likely = place_landmarks(out[0, dim:])
        there = {name: point for name, point in landmarks.items() if "sleeve" not in name or likely[name] >= SLEEVE}
        points, has = region_points(there)
        height, width = pixels.shape[:2]
        scale = min(side / width, side / height)
        size = np.array([width, height]) * scale / side
        in_photo = (points - (1 - size) / 2) / size
        weights = _inside(in_photo)
        sampled = sample_places(out[0, :dim], points)
        means = (sampled * weights[..., None]).sum(1) / np.maximum(weights.sum(1), 1e-9)[:, None]
        vectors = np.where(has[:, None], unit(means, zeros="keep"), 0).astype(np.float32)
        return GarmentRegions(vectors, has, in_photo)


def load_regions(
    name_or_path: str | Path = DEFAULT_REGIONS, *, threads: int | None = None, single: bool = False
) -> RegionEncoder:
    """Load a model of regions.

    Args:
        name_or_path: the shipped model's name, or a folder that lookseek export made.
        threads: that encode at once, >= 1; None for as many as there are cores.
        single: True for a photo or two.

    Raises:
        ModelError: no such model, a damaged folder, or a graph that can't be loaded.
    """
    config, onnx, path = read_regions(name_or_path)
    refuse_external_data(onnx, f"{REGIONS_GRAPH} of {path}")
    tower = open_tower(onnx, threads=threads, single=single, runtime="onnxruntime")
    port = tower.inputs[0]
    if len(tower.inputs) != 1 or port.dtype != "uint8" or port.shape[1:] != (config.side, config.side, 3):
        raise ModelError(
            f"{REGIONS_GRAPH} of {path} takes {port.dtype} {port.shape}, and regions.json says uint8 "
            f"(n, {config.side}, {config.side}, 3): export the model again"
        )
    return RegionEncoder(config, tower, path)


def place_landmarks(logits: Maps) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Return where each landmark lies, as shares of the map's sides, and how likely, 0 to 1.

    The likeliest cell, moved to the mean of it and its neighbours, each weighed by how likely it is.

    Args:
        logits: float32 (landmarks, rows, columns).
    """
    likely = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -30, 30)))
    _, rows, columns = likely.shape
    places, sure = {}, {}
    for name, map_ in zip(LANDMARKS, likely, strict=True):
        row, column = divmod(int(map_.argmax()), columns)
        top, left = max(0, row - 1), max(0, column - 1)
        around = map_[top : row + 2, left : column + 2]
        ys, xs = np.mgrid[top : top + around.shape[0], left : left + around.shape[1]] + 0.5
        places[name] = (
            float((xs * around).sum() / around.sum()) / columns,
            float((ys * around).sum() / around.sum()) / rows,
        )
        sure[name] = float(map_[row, column])
    return places, sure


def sample_places(maps: Maps, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the embeddings at places between cells, float64 (5, SAMPLES, dim).

    Args:
        maps: float32 (dim, rows, columns).
        points: as shares of the map's sides, float64 (5, SAMPLES, 2).
    """
    _, rows, columns = maps.shape
    x = np.clip(points[..., 0] * columns - 0.5, 0, columns - 1)
    y = np.clip(points[..., 1] * rows - 0.5, 0, rows - 1)
    left, top = np.minimum(x.astype(int), columns - 2), np.minimum(y.astype(int), rows - 2)
    right, down = x - left, y - top
    found = sum(
        maps[:, top + dy, left + dx] * ((down if dy else 1 - down) * (right if dx else 1 - right))
        for dy in (0, 1)
        for dx in (0, 1)
    )
    return np.moveaxis(np.asarray(found, np.float64), 0, -1)


def _inside(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much each place counts, float64 (5, SAMPLES): those beside the photo nothing, unless all are."""
    inside = np.where(((points >= 0) & (points <= 1)).all(-1), 1.0, 0.0)
    return np.where(inside.max(1, keepdims=True) > 0, inside, 1.0)
