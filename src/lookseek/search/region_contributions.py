"""What each region of a hit's garment adds to its score, and whether it is the same as the query's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..encode.regions import GarmentRegions, compare_regions
from ..encode.regions.geometry import REGIONS
from ..results import CellMap, Contributions, Hit
from ..store.schema import COLOUR, RESPONSE_COLOUR
from ..types import Attributes, Pixels
from .copied import region_encoder, to_verdicts
from .outfits.parts import Part, part_of

__all__ = ["ELSEWHERE", "REGION_PARTS", "has_regions", "sum_by_region", "with_regions"]

ELSEWHERE = "elsewhere"
"""Cells of no region, and what a blank photo would have."""

REGION_PARTS: tuple[Part, ...] = ("top", "dress", "outerwear")
"""Parts of an outfit that have a collar, a chest, a waist and sleeves."""


def has_regions(attributes: Attributes) -> bool:
    """Return whether an item's attributes say that it has a collar, a chest, a waist or sleeves."""
    return part_of(attributes) in REGION_PARTS


def with_regions(hit: Hit, made: Contributions, asked: GarmentRegions, pixels: Pixels, reranker: str) -> Hit:
    """Return a hit with its contributions by region too, and a verdict on each.

    Args:
        hit: of a photo alone.
        made: its contributions, with the cells of its photo.
        asked: regions of the query's garment.
        pixels: the part of its photo that was compared, uint8 (height, width, 3).
        reranker: the query's; its share belongs to no region.
    """
    assert made.photo is not None
    encoder = region_encoder()
    garment = encoder.encode(pixels)
    others = {name: made.vectors[name] for name in (COLOUR, RESPONSE_COLOUR, reranker) if name in made.vectors}
    regions = sum_by_region(made.photo, garment, hit.score, others)
    verdicts = to_verdicts(compare_regions(asked, garment, encoder.config.thresholds))
    return replace(hit, contributions=replace(made, regions=regions), verdicts=verdicts)


def sum_by_region(
    found: CellMap, garment: GarmentRegions, score: float, others: Mapping[str, float]
) -> dict[str, float]:
    """Return contributions by region, which sum to a score.

    A cell belongs to the region that has most places in it.

    Args:
        found: what each cell adds.
        garment: the regions of the same part of the photo.
        score: of the hit.
        others: contributions that are no part of the photo, by name.

    Returns:
        By each region that the garment has, ``ELSEWHERE``, and the names of the others.
    """
    cells = np.array(found.cells)
    rows, columns = cells.shape
    left, top, right, bottom = found.window
    places = np.zeros((len(REGIONS), rows, columns))
    for number in np.flatnonzero(garment.there):
        x, y = garment.points[number].T
        column = np.floor((x - left) / (right - left) * columns).astype(int)
        row = np.floor((y - top) / (bottom - top) * rows).astype(int)
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        np.add.at(places[number], (row[inside], column[inside]), 1)
    owner = np.where(places.max(0) > 0, places.argmax(0), -1)
    sums = {REGIONS[number]: float(cells[owner == number].sum()) for number in np.flatnonzero(garment.there)}
    return {**sums, ELSEWHERE: score - sum(sums.values()) - sum(others.values()), **others}
