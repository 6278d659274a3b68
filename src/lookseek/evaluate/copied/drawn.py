"""Drawn designs and copies of them, whose changed regions are known exactly."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...catalogue.drawn import DrawnItem, draw, split_seed
from ...catalogue.drawn.copies import copied_designs
from .asked import AskedDesign, CopyPhoto, DesignPhoto

__all__ = ["changed_in_photo", "drawn_designs"]

_SIDE = 320


def drawn_designs(split: str, designs: int, others: int) -> Iterator[AskedDesign]:
    """Yield drawn designs with copies of 0, 1 and 2 changed regions.

    Args:
        split: val or test.
        designs: how many, >= 0.
        others: distractors of each, >= 0.

    Raises:
        CatalogueError: there is no such split.
    """
    for one in copied_designs(designs, split_seed(split), others=others):
        copies = (CopyPhoto(_photo(each.photo), changed_in_photo(one.original, each.changed)) for each in one.copies)
        yield AskedDesign(_photo(one.original), tuple(copies), tuple(map(_photo, one.others)))


def changed_in_photo(original: DrawnItem, changed: frozenset[str]) -> frozenset[str]:
    """Return changed regions as the original's photo shows them: a mirror swaps the sleeves."""
    if original.view != "mirrored":
        return changed
    swap = {"left sleeve": "right sleeve", "right sleeve": "left sleeve"}
    return frozenset(swap.get(region, region) for region in changed)


def _photo(item: DrawnItem) -> DesignPhoto:
    return DesignPhoto(item.id, partial(draw, item, _SIDE))
