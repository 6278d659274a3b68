"""The garment's colours as a vector: a soft histogram over a lattice in a Lab space, the background weighted down.

The cosine of two such vectors is the Bhattacharyya coefficient of their histograms: 1 for the same
colours in the same shares, 0 for no colour in common. How the numbers here were chosen:
docs/decisions/encoder.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import images
from ..types import Pixels, Vector, Vectors
from .encoder import Prepared

__all__ = ["ColourEncoder", "Lattice", "lattice", "to_lab", "to_lattice_space"]

_Floats = NDArray[np.float64]

SIDE = 64
"""Pixels: the photo is resized to a square of this side; a histogram needs no more."""

MIN_SHARE = 0.35
"""A lattice point stays if some colour of sRGB has this share on it; the rest lie outside sRGB."""

BORDER = 4
"""Width in pixels of the frame whose colours count as background, of SIDE."""

_BITS = 5
"""Bits of a channel in the table of all colours: 32 steps, far finer than the lattice."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """The position of each of 32,768 colours between the points of the lattice.

    Args:
        points: float64 (dim, 3), in lattice space.
        index: int64 (32768, 8), the points around a colour.
        share: float64 (32768, 8), the weight of each by its distance; sums to 1 a colour.
    """

    points: _Floats
    index: NDArray[np.int64]
    share: _Floats


@dataclass(frozen=True, slots=True)
class ColourEncoder:
    """The colours of the garment in 105 numbers, >= 0, of length 1. See Encoder.

    Args:
        levels: points of the lattice along lightness 0 to 100.
        step: between its points along a and b, after compression.
        centre: standard deviation of the Gaussian window, where the photo reaches from -1 to 1.
        background: how strongly a colour of the frame is weighted down; 0: not at all.
    """

    name: ClassVar[str] = "colour"
    version: ClassVar[str] = "din99-lattice-1"
    """Increased with every change of its vectors: an index has one version."""
    min_side: ClassVar[int] = SIDE
    levels: int = 5
    step: float = 12.0
    centre: float = 0.5
    background: float = 3.0

    @property
    def dim(self) -> int:
        """See Encoder."""
        return len(lattice(self.levels, self.step).points)

    def prepare(self, pixels: Pixels) -> Vector:
        """Return the vector itself, so that it is computed in the decoding threads.

        Args:
            pixels: uint8 (height, width, 3).

        Returns:
            float32 (dim,).
        """
        small = images.resize(pixels, SIDE, SIDE) >> (8 - _BITS)
        codes = small.astype(np.int64) @ (1 << 2 * _BITS, 1 << _BITS, 1)
        window, frame = _masks(self.centre)
        table = lattice(self.levels, self.step)
        middle = _histogram(codes.ravel(), window, table)
        around = _histogram(codes[frame], np.full(frame.sum(), 1 / frame.sum()), table)
        # The probability that a pixel of this colour is garment if the frame is all background: of a white
        # shirt on white enough remains, of a white wall behind a red shirt little.
        garment = middle * (middle / np.maximum(middle + self.background * around, 1e-12))
        vector: Vector = np.sqrt(garment / garment.sum()).astype(np.float32)
        return vector

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder."""
        return np.array(batch, np.float32).reshape(len(batch), self.dim)


def to_lab(rgb: _Floats) -> _Floats:
    """Convert sRGB to CIE Lab, white D65.

    Args:
        rgb: (..., 3), 0 to 255.

    Returns:
        (..., 3): L 0 to 100, a, b.

    Source: IEC 61966-2-1 (the curve and matrix of sRGB); CIE 15 (Lab).
    """
    value = rgb / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    white = np.sum(matrix, axis=1)
    xyz = linear @ np.transpose(matrix) / white
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def to_lattice_space(lab: _Floats) -> _Floats:
    """Compress the chroma of Lab, so that greys and muted colours, most of clothing, lie further apart.

    Source: the logarithm of DIN 6176 (DIN99), C' = ln(1 + 0.045 C) / 0.045.
    """
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    shrink = np.where(chroma > 1e-9, np.log1p(0.045 * chroma) / np.maximum(0.045 * chroma, 1e-12), 1.0)
    return np.stack([lab[..., 0], lab[..., 1] * shrink, lab[..., 2] * shrink], axis=-1)


@cache
def lattice(levels: int, step: float) -> Lattice:
    """Return the lattice and every colour's position in it: the eight points around it, by trilinear weights.

    Args:
        levels: points along lightness, >= 2.
        step: between points along a and b.
    """
    values = (np.arange(1 << _BITS) + 0.5) * (256 >> _BITS)
    rgb = np.stack(np.meshgrid(values, values, values, indexing="ij"), axis=-1).reshape(-1, 3)
    steps = np.array([100 / (levels - 1), step, step])
    position = to_lattice_space(to_lab(rgb)) / steps
    corner = np.floor(position).astype(np.int64)
    rest = position - corner
    first = corner.min(axis=0)
    size = corner.max(axis=0) - first + 2
    index = np.empty((len(rgb), 8), np.int64)
    share = np.empty((len(rgb), 8))
    for i, offset in enumerate(product((0, 1), repeat=3)):
        index[:, i] = np.ravel_multi_index(tuple((corner + offset - first).T), tuple(size))
        share[:, i] = np.where(offset, rest, 1 - rest).prod(axis=1)

    largest_share = np.zeros(size.prod())
    np.maximum.at(largest_share, index.ravel(), share.ravel())
    used = np.flatnonzero(largest_share > MIN_SHARE)
    number = np.zeros(len(largest_share), np.int64)
    number[used] = np.arange(len(used))
    share[largest_share[index] <= MIN_SHARE] = 0
    share /= share.sum(axis=1, keepdims=True)
    points = (np.stack(np.unravel_index(used, tuple(size)), axis=-1) + first) * steps
    return Lattice(points, number[index], share)


@cache
def _masks(centre: float) -> tuple[_Floats, NDArray[np.bool_]]:
    """Return the window's weights, (SIDE * SIDE,), sum 1, and the mask of the frame, (SIDE, SIDE)."""
    at = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    row = np.exp(-(at**2) / (2 * centre**2))
    window = np.outer(row, row).ravel()
    frame = np.ones((SIDE, SIDE), np.bool_)
    frame[BORDER:-BORDER, BORDER:-BORDER] = False
    return window / window.sum(), frame


def _histogram(codes: NDArray[np.int64], weights: _Floats, table: Lattice) -> _Floats:
    """Return the shares of the lattice's points, float64 (dim,), sum 1."""
    amounts = np.bincount(codes, weights)
    present = np.flatnonzero(amounts)
    shares = table.share[present] * amounts[present, None]
    return np.bincount(table.index[present].ravel(), shares.ravel(), len(table.points)).astype(np.float64, copy=False)
