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
    """Return a note on the number of small photos: figures on 60 x 80 pixels do not carry over to larger ones."""
    small = sum(0 < _side(item.image) < SMALL for item in items)
    share = f"{small:,} of {len(items):,} photos ({small / max(1, len(items)):.0%})"
    return (f"{share} are smaller than {SMALL} pixels at their shorter side.",)


def _side(photo: bytes) -> int:
    """Return the shorter side of a picture in pixels; 0 for other bytes."""
    try:
        return min(images.size(photo))
    except ItemError:
        return 0
