"""Photos that an index on a server keeps itself, of items that came without a source of their own, by their sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..catalogue import photos_at
from ..types import Photo
from .kept_photos import photo_name

__all__ = ["is_kept", "kept_source", "photos_of"]

_KEPT = "kept-photo:"


def kept_source(id: str, photo: bytes) -> str:
    """Return the source of an item's kept photo: another one for another photo."""
    return _KEPT + photo_name(id, photo)


def is_kept(source: str) -> bool:
    """Return whether a source is that of a kept photo."""
    return source.startswith(_KEPT)


def photos_of(
    sources: Sequence[str], read: Callable[[Sequence[str]], Mapping[str, Photo | None]]
) -> list[Photo | None]:
    """Return the photos of some sources, None of each that can't be had.

    Args:
        sources: of kept photos and others.
        read: returns kept photos by their sources; called where there are any.
    """
    kept = [source for source in sources if is_kept(source)]
    others = [source for source in sources if not is_kept(source)]
    found = dict(read(kept)) if kept else {}
    found |= dict(zip(others, photos_at(others), strict=True))
    return [found.get(source) for source in sources]
