"""From an item and its vectors to the point that an index keeps of it: what a job and an edit do alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..store import FieldKind, Layout
from ..store.schema import LOOK, LOOK_EUCLIDEAN, checked
from ..types import Item, Point, Vector

__all__ = ["content_hash", "merge", "point_of"]


def content_hash(photo: bytes) -> str:
    """What a point keeps of a photo's bytes: the same hash needs no second encoding."""
    return hashlib.blake2b(photo, digest_size=16).hexdigest()


def point_of(item: Item, digest: str, vectors: Mapping[str, Vector], fingerprint: str, layout: Layout) -> Point:
    """A point with the vectors of a layout.

    Args:
        item: what it is of.
        digest: of its photo.
        vectors: by encoder name.
        fingerprint: of its picture.
        layout: the index's.

    Raises:
        QueryError: a vector that can't be kept, or that nothing made.
    """
    named = {**vectors, LOOK_EUCLIDEAN: vectors[LOOK]}
    kept = {name: named[name] for name in layout if name in named}
    regions = () if item.encoding is None else item.encoding.regions
    point = Point(item.id, kept, item.attributes, digest, item.source, fingerprint, regions)
    return checked([point], layout)[item.id]


def merge(fields: dict[str, FieldKind], others: Mapping[str, FieldKind]) -> None:
    """Adds fields to those that are known; one of two kinds holds words."""
    for name, kind in others.items():
        if fields.setdefault(name, kind) != kind:
            fields[name] = "words"
