"""Keeps the items of two sources apart whose ids are paths or numbers of rows, which can be the same in both.

The first source's ids stay as they are. Of a further source that would take their place they begin with its name:
``shoot_tuesday/DSC_0001.jpg``. A source that was moved keeps its ids, since the photos of before are gone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from ..catalogue import Catalogue, fields_of, has_own_ids
from ..store import Store
from ..types import Item, Skipped

__all__ = ["PrefixedCatalogue", "id_prefix", "lies_in"]

_SAMPLE = 32
"""Items whose ids are looked up."""
_MOST = 100
"""Sources of one name."""


class PrefixedCatalogue:
    """A catalogue whose ids begin with a prefix."""

    def __init__(self, catalogue: Catalogue, prefix: str) -> None:
        self.name, self.origin = catalogue.name, catalogue.origin
        self.fields = fields_of(catalogue)
        self._catalogue, self._prefix = catalogue, prefix

    def __len__(self) -> int:
        return len(self._catalogue)

    def __iter__(self) -> Iterator[Item | Skipped]:
        for entry in self._catalogue:
            if isinstance(entry, Item):
                yield replace(entry, id=self._prefix + entry.id)
            else:
                yield replace(entry, where=self._prefix + entry.where)


def id_prefix(catalogue: Catalogue, store: Store | None) -> str:
    """Return what the ids of a catalogue must begin with, so that they take no other source's place; "" for nothing.

    Args:
        catalogue: the source.
        store: the index's points; None where there are none yet.
    """
    if store is None or has_own_ids(catalogue):
        return ""
    sample = list(islice((entry for entry in catalogue if isinstance(entry, Item)), _SAMPLE))
    stem = Path(catalogue.name).stem if Path(catalogue.origin).is_file() else catalogue.name
    names = ["", f"{stem}/", *(f"{stem}-{number}/" for number in range(2, _MOST))]
    free: str | None = None
    for prefix in names:
        items = {prefix + item.id: item for item in sample}
        points = store.get(list(items), vectors=False)
        if any(point.source and point.source == items[point.id].source for point in points):
            return prefix
        if free is None and not any(_is_there(point.source) for point in points):
            free = prefix
        if not points:
            break
    return free or ""


def lies_in(photo: str, others: Sequence[str], own: str) -> bool:
    """Return whether a photo lies in one of other sources and not in one's own.

    Args:
        photo: where it can be had, see ``types.Item.source``.
        others: origins of other catalogues: folders, and tables that hold their photos.
        own: origin of one's own.
    """

    def holds(origin: str) -> bool:
        return photo.startswith((origin.rstrip("/\\") + os.sep, origin + "#"))

    return not holds(own) and any(map(holds, others))


def _is_there(source: str) -> bool:
    table, hash_sign, _ = source.rpartition("#")
    try:
        return bool(source) and (Path(source).exists() or bool(hash_sign and Path(table).exists()))
    except (OSError, ValueError):
        return False
