"""Masks of ``ccp`` as masks of kinds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import images
from ..errors import ItemError
from .garment_kinds import CCP_KINDS, KINDS, UNJUDGED

__all__ = ["UNKNOWN", "kinds_of_labels", "read_kinds"]

UNKNOWN = 255
"""In a mask of kinds: what is there is not known, or no kind."""


def kinds_of_labels(labels: Mapping[int, str]) -> NDArray[np.uint8]:
    """Return the kind of each label's number, uint8 (256,): 0 for no garment, 1 and up for ``KINDS``, ``UNKNOWN``.

    >>> kinds_of_labels({0: "null", 14: "dress", 8: "bra", 41: "skin"})[[0, 14, 8, 41]].tolist()
    [0, 3, 255, 0]
    """
    kinds = np.zeros(256, np.uint8)
    for number, label in labels.items():
        if label in UNJUDGED:
            kinds[number] = UNKNOWN
        elif label in CCP_KINDS:
            kinds[number] = KINDS.index(CCP_KINDS[label]) + 1
    return kinds


def read_kinds(mask: Path, kinds: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the kind at each pixel of a mask, uint8 (height, width).

    Args:
        mask: its file, a label's number at each pixel.
        kinds: as ``kinds_of_labels`` gives them.
        shape: height and width of its photo.

    Raises:
        ItemError: it can't be decoded, or has another size than its photo.
    """
    numbers = images.decode(mask)[..., 0]
    if numbers.shape != shape:
        raise ItemError(
            f"the mask {mask} has {numbers.shape[1]} x {numbers.shape[0]} pixels, its photo has {shape[1]} x "
            f"{shape[0]}: give one of the same size"
        )
    found: NDArray[np.uint8] = kinds[numbers]
    return found
