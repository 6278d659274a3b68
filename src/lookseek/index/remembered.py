"""Opens a source as it was read before: an index remembers what was said of how to read each of its sources."""

from __future__ import annotations

from pathlib import Path

from ..catalogue import Catalogue, ReadingOptions, open_catalogue
from ..catalogue.opening import origin_of
from ..catalogue.options import DEFAULT_OPTIONS
from .address import Address, place_of
from .place import latest

__all__ = ["open_as_before"]


def open_as_before(source: str | Path, index: Address, options: ReadingOptions = DEFAULT_OPTIONS) -> Catalogue:
    """Open a source of items with the options that it was indexed with.

    Args:
        source: as ``open_catalogue`` takes it.
        index: its folder or address, which may be new.
        options: what is said now, which counts before what was said then.

    Raises:
        CatalogueError: as ``open_catalogue`` raises it.
        IndexDamaged: a manifest of the index can't be read.
    """
    manifest = latest(place_of(index))
    before = {} if manifest is None else manifest.options.get(origin_of(source), {})
    return open_catalogue(source, options=options.over(before))
