"""The photos that regions are learned from: drawn designs and their copies, with landmarks and the regions' cloths.

Photos of a design stand side by side: the original, then copies with 0, 1 and 2 changed regions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...catalogue.drawn import DrawnItem, draw, split_seed
from ...catalogue.drawn.copies import CopiedDesign, copied_designs
from ...catalogue.drawn.regions import region_key
from ...encode.regions import LANDMARKS, REGIONS, SAMPLES, region_points
from ...types import Pixels
from .network import SIZE

__all__ = ["PHOTOS", "RegionExamples", "pictured_regions", "read_examples"]

CHANGES = (0, 1, 2)
PHOTOS = 1 + len(CHANGES)
"""Of each design."""


@dataclass(frozen=True, slots=True, eq=False)
class RegionExamples:
    """The photos of one split.

    Args:
        photos: what is drawn, ``PHOTOS`` of each design.
        points: places in each region, in widths of the photo, float32 (n, 5, SAMPLES, 2).
        there: which regions each garment has, bool (n, 5).
        cloths: number of the cloth of each region, int64 (n, 5): the same where the same cloth of the same design lies.
        landmarks: in widths of the photo, float32 (n, landmarks, 2).
        known: which landmarks each garment has, bool (n, landmarks).
        designs: the designs, in order.
    """

    photos: tuple[DrawnItem, ...]
    points: NDArray[np.float32]
    there: NDArray[np.bool_]
    cloths: NDArray[np.int64]
    landmarks: NDArray[np.float32]
    known: NDArray[np.bool_]
    designs: tuple[CopiedDesign, ...]

    def __len__(self) -> int:
        return len(self.photos)

    def load(self, row: int) -> Pixels:
        """Return the input, uint8 (320, 320, 3)."""
        return draw(self.photos[row], SIZE)


def read_examples(split: str, designs: int) -> RegionExamples:
    """Draw up a split; the photos are drawn when they are asked for.

    Args:
        split: train, val or test.
        designs: how many, >= 1.

    Raises:
        CatalogueError: there is no such split.
    """
    made = tuple(copied_designs(designs, split_seed(split), CHANGES, others=0))
    photos = tuple(photo for one in made for photo in (one.original, *(copy.photo for copy in one.copies)))
    count = len(photos)
    points = np.zeros((count, len(REGIONS), SAMPLES, 2), np.float32)
    there = np.zeros((count, len(REGIONS)), np.bool_)
    landmarks, known = np.zeros((count, len(LANDMARKS), 2), np.float32), np.zeros((count, len(LANDMARKS)), np.bool_)
    cloths, numbers = np.zeros((count, len(REGIONS)), np.int64), dict[str, int]()
    for row, photo in enumerate(photos):
        spec = photo.scaled_to(1)
        points[row], there[row] = region_points(spec.landmarks)
        for column, name in enumerate(LANDMARKS):
            if name in spec.landmarks:
                landmarks[row, column], known[row, column] = spec.landmarks[name], True
        for column, cloth in enumerate(_cloths(photo)):
            cloths[row, column] = numbers.setdefault(cloth, len(numbers))
    return RegionExamples(photos, points, there, cloths, landmarks, known, made)


def pictured_regions(view: str) -> tuple[str, ...]:
    """Return which region of the garment each of ``REGIONS`` of a picture shows: a mirror swaps the sleeves.

    >>> pictured_regions("mirrored")[3:]
    ('right sleeve', 'left sleeve')
    """
    return (*REGIONS[:3], REGIONS[4], REGIONS[3]) if view == "mirrored" else REGIONS


def _cloths(photo: DrawnItem) -> Iterator[str]:
    """Yield what names the cloth of each region in a picture; a sleeve of the same cloth as the other is the same."""
    for shown, region in zip(REGIONS, pictured_regions(photo.view), strict=True):
        kind = "sleeve" if "sleeve" in shown else shown
        yield f"{photo.item_id} {kind} {photo.attributes.get(region_key(region), '')}"
