"""What a benchmark of copies asks: a photo of a design, its copies, and others like it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...types import Pixels

__all__ = ["AskedDesign", "CopyPhoto", "DesignPhoto"]


class DesignPhoto(NamedTuple):
    """A photo that is made when it is needed.

    Args:
        id: unique in the benchmark.
        pixels: makes it, uint8 (height, width, 3).
    """

    id: str
    pixels: Callable[[], Pixels]


class CopyPhoto(NamedTuple):
    """A photo of a copy.

    Args:
        photo: what is shown.
        changed: regions in which it differs, named as the original's photo shows them.
    """

    photo: DesignPhoto
    changed: frozenset[str]


class AskedDesign(NamedTuple):
    """A design, copies of it, and distractors.

    Args:
        original: the photo that asks.
        copies: at least one; of all designs as many, the n-th with as many changed regions.
        others: distractors, of all designs as many.
    """

    original: DesignPhoto
    copies: tuple[CopyPhoto, ...]
    others: tuple[DesignPhoto, ...]
