"""A perceptual hash, by which near-identical pictures are found."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..types import Pixels

__all__ = ["fingerprint"]

_NOISE = 4
"""Grey levels of 256 by which saving again as JPEG shifts a ninth of a picture (docs/benchmarks/duplicates.md)."""


def fingerprint(pixels: Pixels) -> str:
    """Return two 64-bit difference hashes, 32 hex digits: near-identical pictures differ in few bits of each.

    Source: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013: of 9 x 9 grey pixels, one bit for each of 8 x 8
    that is darker than its right neighbour, and one for each that is darker than the one below. Darker means by
    more than ``_NOISE``, so that a plain background has the same bits however it was compressed.
    """
    small = Image.fromarray(np.ascontiguousarray(pixels)).resize((9, 9), Image.Resampling.BOX)
    values = np.asarray(small.convert("L")).astype(np.int16)
    across = values[:8, :-1] + _NOISE < values[:8, 1:]
    down = values[:-1, :8] + _NOISE < values[1:, :8]
    return np.packbits([across, down]).tobytes().hex()
