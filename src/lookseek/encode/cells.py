"""What each cell of a photo adds to its cosine with a vector, by the tower's last maps.

The tower's pooled features are sums over the cells of its maps. A photo's features are led from those of a blank photo
in a straight line, and each cell is given what its own change does to the cosine on the way (integrated gradients: M.
Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017). The contributions and what a blank
photo has sum to the cosine. The derivative along a cell's change is a difference quotient, since the head is fast and
the cells are few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..types import Pixels, Vector
from ..vectors import unit
from .folder import ModelFolder
from .onnx_split import Pool, SplitGraph, split_graph
from .prepare import Preprocessing, min_side, prepare
from .runtime import open_session

__all__ = ["CellContributions", "CellEncoder", "PhotoCells", "Window", "open_cells", "photo_window"]

_STEPS = 4
"""Points of the straight line, at the places of Gauss and Legendre."""

_CHANGE = 0.5
"""Of a cell's change, the most that a difference quotient goes to each side; it never leaves the line's ends, beyond
which features have signs that no photo has."""

_ROWS = 256
"""Rows that the head takes at once."""

_MAP_DIMENSIONS, _CELLS_DIMENSIONS = 4, 3

Window: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class PhotoCells:
    """A photo's pooled features by cell.

    Args:
        parts: what each cell adds to the output of each pool, float32 (rows * columns, numbers).
        rows: of the cells.
        columns: of the cells.
        window: left, top, right and bottom of what the cells cover, in widths and heights of the photo: below 0 and
            above 1 is margin.
    """

    parts: tuple[NDArray[np.float32], ...]
    rows: int
    columns: int
    window: Window


@dataclass(frozen=True, slots=True, eq=False)
class CellContributions:
    """What each cell of a photo adds to a cosine.

    Args:
        cells: float32 (rows, columns).
        rest: what a blank photo has; with all cells it sums to the cosine.
        window: that the cells cover, as ``PhotoCells.window``.
    """

    cells: NDArray[np.float32]
    rest: float
    window: Window


def open_cells(folder: ModelFolder) -> CellEncoder | None:
    """Return a model's tower by cells; None where its graph has no maps that it pools, or it takes photos unevenly.

    Raises:
        ModelError: the graph can't be loaded.
    """
    graph = split_graph(folder.onnx)
    if graph is None or folder.config.preprocessing.resize == "target-pad":
        return None
    encoder = CellEncoder(folder.config.preprocessing, graph, f"image.onnx of {folder.path}")
    return encoder if encoder.usable else None


class CellEncoder:
    """A model's tower by cells. Any thread may call.

    Args:
        settings: of the tower's input.
        graph: of the tower.
        where: the file's name, for messages.
    """

    def __init__(self, settings: Preprocessing, graph: SplitGraph, where: str) -> None:
        self._settings, self._graph = settings, graph
        self._trunk, inputs, _ = open_session(graph.trunk, threads=2, where=where)
        self._head = open_session(graph.head, threads=2, where=where)[0] if graph.head else None
        self._photos = inputs[0].name
        white = np.full((settings.height, settings.width, 3), 255, np.uint8)
        made = self._run(white)
        self._shapes = [made[pool.pooled].shape[1:] for pool in graph.pools]
        self._sizes = {name: made[name] for name in graph.sizes}
        grids = [_grid(pool, made) for pool in graph.pools]
        self._grid = min((grid for grid in grids if grid), default=(0, 0))
        rows, columns = self._grid
        self.usable = all(grid and grid[0] % rows == 0 and grid[1] % columns == 0 for grid in grids)
        self._blank = self._cells(made, (0.0, 0.0, 1.0, 1.0)) if self.usable else None

    @property
    def min_side(self) -> int:
        """Return the shorter side, in pixels, that suffices for a photo."""
        return min_side(self._settings)

    def encode(self, pixels: Pixels) -> PhotoCells:
        """Return a photo's features by cell.

        Args:
            pixels: uint8 (height, width, 3).
        """
        return self._cells(self._run(pixels), photo_window(pixels.shape[1], pixels.shape[0], self._settings))

    def contributions(self, photo: PhotoCells, vector: Vector) -> CellContributions:
        """Return what each cell adds to the photo's cosine with a vector.

        Args:
            photo: by cell.
            vector: float32 (dim,), of any length but 0.
        """
        assert self._blank is not None  # of a usable one
        starts, ends = _joined(self._blank), _joined(photo)
        changes, start, end = ends - starts, starts.sum(0), ends.sum(0)
        direction = unit(vector, out=np.float64)
        cells = np.zeros(len(changes), np.float64)
        places, weights = np.polynomial.legendre.leggauss(_STEPS)
        for root, weight in zip((places + 1) / 2, weights, strict=True):
            place, weight = root**2, weight * root  # closer at the blank photo, where heads bend most
            here, share = start + place * (end - start), min(_CHANGE, place, 1 - place)
            beside = np.concatenate([here + share * changes, here - share * changes])
            beyond, before = np.split(self._cosines(beside, direction), 2)
            cells += weight * (beyond - before) / (2 * share)
        rest, whole = self._cosines(np.stack([start, end]), direction)
        size = np.abs(cells)
        if size.any():  # what the quotients and the sum over places left over
            cells += (whole - rest - cells.sum()) * size / size.sum()
        return CellContributions(cells.astype(np.float32).reshape(photo.rows, photo.columns), float(rest), photo.window)

    def gradient(self, photo: PhotoCells, vector: Vector) -> NDArray[np.float32]:
        """Return the map of gradients times activations, float32 (rows, columns), its negative cells 0.

        Of features that are means it is Grad-CAM's: R. Selvaraju et al., "Grad-CAM", ICCV 2017.
        """
        parts, direction = _joined(photo), unit(vector, out=np.float64)
        whole = parts.sum(0)
        cosines = self._cosines(np.concatenate([whole[None], whole - _CHANGE * parts]), direction)
        lit = np.maximum(cosines[0] - cosines[1:], 0).astype(np.float32)
        return np.asarray(lit.reshape(photo.rows, photo.columns))

    def _cosines(self, pooled: NDArray[Any], direction: NDArray[np.float64]) -> NDArray[np.float64]:
        vectors = np.concatenate([self._run_head(pooled[at : at + _ROWS]) for at in range(0, len(pooled), _ROWS)])
        return np.asarray(unit(vectors, out=np.float64) @ direction)

    def _run_head(self, pooled: NDArray[Any]) -> NDArray[np.float32]:
        rows = np.asarray(pooled, np.float32)
        if self._head is None:
            return rows
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])[:-1]
        given: dict[str, NDArray[Any]] = {
            pool.pooled: part.reshape(len(rows), *shape)
            for pool, part, shape in zip(self._graph.pools, np.split(rows, ends, axis=1), self._shapes, strict=True)
        }
        for name, size in self._sizes.items():
            given[name] = np.concatenate([[len(rows)], size[1:]]).astype(np.int64)
        vectors: NDArray[np.float32] = self._head.run([self._graph.vectors], given)[0]
        return vectors

    def _run(self, pixels: Pixels) -> dict[str, NDArray[Any]]:
        names = [name for pool in self._graph.pools for name in (pool.pooled, pool.map, pool.weights) if name]
        names += self._graph.sizes
        made = self._trunk.run(names, {self._photos: prepare(pixels, self._settings)[None]})
        return dict(zip(names, made, strict=True))

    def _cells(self, made: Mapping[str, NDArray[Any]], window: Window) -> PhotoCells:
        parts = tuple(_coarser(_parts(pool, made), _grid(pool, made), self._grid) for pool in self._graph.pools)
        return PhotoCells(parts, *self._grid, window)


def _joined(photo: PhotoCells) -> NDArray[np.float64]:
    """Return what each cell adds to all pooled features, float64 (cells, numbers)."""
    return np.concatenate(photo.parts, axis=1).astype(np.float64)


def _grid(pool: Pool, made: Mapping[str, NDArray[Any]]) -> tuple[int, int]:
    """Return the rows and columns of a pool's cells; (0, 0) where it pools no map of a square."""
    shape = made[pool.map].shape
    if not pool.weights:
        return (shape[2], shape[3]) if len(shape) == _MAP_DIMENSIONS else (0, 0)
    side = round(shape[1] ** 0.5) if len(shape) == _CELLS_DIMENSIONS else 0
    return (side, side) if side and side * side == shape[1] else (0, 0)


def _parts(pool: Pool, made: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Return what each cell adds to the output of a pool, float32 (cells, numbers)."""
    cells = made[pool.map][0].astype(np.float32)
    if not pool.weights:
        flat = cells.reshape(len(cells), -1).T
        return np.asarray(flat / np.float32(len(flat)))
    weights = made[pool.weights][0].astype(np.float32)
    return np.asarray((weights.T[:, :, None] * cells[:, None, :]).reshape(len(cells), -1))


def _coarser(parts: NDArray[np.float32], grid: tuple[int, int], wanted: tuple[int, int]) -> NDArray[np.float32]:
    """Return the sums over the cells that each wanted cell is made of."""
    (rows, columns), down, across = wanted, grid[0] // wanted[0], grid[1] // wanted[1]
    summed = parts.reshape(rows, down, columns, across, -1).sum((1, 3))
    return np.asarray(summed.reshape(rows * columns, -1))


def photo_window(width: int, height: int, settings: Preprocessing) -> Window:
    """Return what a tower sees of a photo, in widths and heights of the photo."""
    if settings.resize == "squash":
        return 0.0, 0.0, 1.0, 1.0
    fit = min if settings.resize == "crop" else max
    scale = fit(width / settings.width, height / settings.height) * (settings.crop if fit is min else 1.0)
    across, down = settings.width * scale / width, settings.height * scale / height
    return (1 - across) / 2, (1 - down) / 2, (1 + across) / 2, (1 + down) / 2
