"""From a photo of a garment to a vector for each of its regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...types import Pixels, Vectors
from ...vectors import unit
from ..map_model import MapModel
from .folder import DEFAULT_REGIONS, REGION_MODELS, RegionsConfig, read_regions
from .geometry import LANDMARKS, region_points

__all__ = [
    "NO_SLEEVE",
    "SLEEVE",
    "GarmentRegions",
    "RegionEncoder",
    "load_regions",
    "place_landmarks",
    "region_likelihoods",
    "sample_places",
]

SLEEVE = 0.3
"""Likelihood of a sleeve's end from which on the garment has that sleeve. A first choice: drawn sleeves reach .5, and
what is none .1."""

NO_SLEEVE = 0.1
"""Likelihood of a sleeve's end below which the garment surely has no such sleeve."""

Maps = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class GarmentRegions:
    """The regions of a garment in a photo.

    Args:
        vectors: of each of ``REGIONS``, float32 (5, dim), of length 1; zeros where the garment has none.
        there: which regions it has, bool (5,).
        points: places of each, in widths and heights of the photo, float64 (5, SAMPLES, 2).
        likely: how likely each is found where it is, or absent where it is not, 0 to 1, float64 (5,).
    """

    vectors: Vectors
    there: NDArray[np.bool_]
    points: NDArray[np.float64]
    likely: NDArray[np.float64]


class RegionEncoder:
    """A model of regions that is ready to run. Any thread may call.

    Args:
        config: what it says of itself.
        maps: its graph.
    """

    def __init__(self, config: RegionsConfig, maps: MapModel) -> None:
        self.config, self._maps = config, maps

    @property
    def min_side(self) -> int:
        """See ``MapModel``."""
        return self._maps.min_side

    def encode(self, pixels: Pixels) -> GarmentRegions:
        """Return the regions of the garment that fills a photo.

        Args:
            pixels: uint8 (height, width, 3).

        Raises:
            ModelError: the graph fails, or gives another shape.
        """
        side, dim, maps = self.config.side, self.config.dim, self._maps.run(pixels)
        landmarks, likely = place_landmarks(maps[dim:])
        there = {name: point for name, point in landmarks.items() if "sleeve" not in name or likely[name] >= SLEEVE}
        points, has = region_points(there)
        height, width = pixels.shape[:2]
        scale = min(side / width, side / height)
        size = np.array([width, height]) * scale / side
        in_photo = (points - (1 - size) / 2) / size
        weights = _inside(in_photo)
        sampled = sample_places(maps[:dim], points)
        means = (sampled * weights[..., None]).sum(1) / np.maximum(weights.sum(1), 1e-9)[:, None]
        vectors = np.where(has[:, None], unit(means, zeros="keep"), 0).astype(np.float32)
        return GarmentRegions(vectors, has, in_photo, region_likelihoods(likely))


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
    config, found = read_regions(name_or_path)
    channels = config.dim + len(LANDMARKS)
    return RegionEncoder(config, MapModel(REGION_MODELS, found, config.side, channels, threads=threads, single=single))


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


def region_likelihoods(likely: Mapping[str, float]) -> NDArray[np.float64]:
    """Return how likely each region is found, 0 to 1, float64 (5,).

    The mean of the nine landmarks of collar, shoulders, waist and hem; 0 for a sleeve that may be there or not.

    Args:
        likely: each landmark's likelihood, 0 to 1.

    >>> region_likelihoods({**dict.fromkeys(LANDMARKS, 0.75), "sleeve_left": 0.2, "sleeve_right": 0.02}).tolist()
    [0.75, 0.75, 0.75, 0.0, 0.75]
    """
    body = float(np.mean([each for name, each in likely.items() if "sleeve" not in name]))
    sleeves = (not NO_SLEEVE <= likely[f"sleeve_{side}"] < SLEEVE for side in ("left", "right"))
    return body * np.array([True, True, True, *sleeves], np.float64)


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
