"""One photo and the item that it shows, and many of them in splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from ...types import Photo
from ..labelled import SPLITS

__all__ = ["ItemPhoto", "ItemPhotos"]


@dataclass(frozen=True, slots=True)
class ItemPhoto:
    """One photo.

    Args:
        id: unique among all splits.
        item: what it shows; "" where that is unknown: then only its category is learned.
        category: its class; "" where that is unknown.
    """

    id: str
    item: str
    category: str


@dataclass(frozen=True, slots=True, eq=False)
class ItemPhotos:
    """Photos with items, in three splits.

    Args:
        splits: ``SPLITS`` to the photos.
        photos: id to photo, not decoded; some are drawn or cropped when they are read.
        by: what says which item a photo shows.
        notes: what a reader of the figures must know, a sentence each.
    """

    splits: Mapping[str, tuple[ItemPhoto, ...]]
    photos: Mapping[str, Photo]
    by: str
    notes: tuple[str, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of the classes of train, sorted."""
        return tuple(sorted({shown.category for shown in self.splits["train"]} - {""}))

    @property
    def content(self) -> str:
        """Hex SHA-256 of ids, items, classes and splits: of other photos another training."""
        lines = (f"{split}\t{s.item}\t{s.category}\t{s.id}" for split in SPLITS for s in self.splits[split])
        return sha256("\n".join(lines).encode()).hexdigest()

    def without(self, ids: Mapping[str, str]) -> ItemPhotos:
        """Return the photos but those of some ids."""
        kept = {split: tuple(s for s in some if s.id not in ids) for split, some in self.splits.items()}
        return replace(self, splits=kept)
