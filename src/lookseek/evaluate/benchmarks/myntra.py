"""What the benchmarks on ``myntra`` share: its photos, and what to say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ... import images
from ...catalogue.myntra import MyntraItem
from ...errors import ItemError

__all__ = ["notes_on", "photos_of"]

SMALL = 100
"""Pixels: 60 x 80 photos are below, all others well above."""


def photos_of(items: Sequence[MyntraItem]) -> Mapping[str, bytes]:
    """Id to photo."""
    return {item.id: item.image for item in items}


def notes_on(items: Sequence[MyntraItem]) -> tuple[str, ...]:
    """How many photos are small: a figure on 60 x 80 pixels says little of larger ones."""
    small = sum(_side(item.image) < SMALL for item in items)
    return (f"{small / len(items):.0%} of the {len(items):,} photos have 60 x 80 pixels.",)


def _side(photo: bytes) -> int:
    try:
        return min(images.size(photo))
    except ItemError:
        return 0
