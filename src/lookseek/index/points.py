"""Makes the point that an index keeps of an item and its vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..store import FieldType, Layout
from ..store.schema import LOOK, LOOK_EUCLIDEAN, check_points
from ..types import Item, Point, Vector

__all__ = ["content_hash", "merge_fields", "point_of"]


def content_hash(photo: bytes) -> str:
    """Return what a point keeps of a photo's bytes: the same hash needs no second encoding."""
    return hashlib.blake2b(photo, digest_size=16).hexdigest()


def point_of(item: Item, digest: str, vectors: Mapping[str, Vector], fingerprint: str, layout: Layout) -> Point:
    """Make a point with the vectors of a layout.

    Args:
        item: the item.
        digest: ``content_hash`` of its photo.
        vectors: by name, as the point holds them; ``LOOK`` at least.
        fingerprint: of its picture, as ``images.fingerprint`` gives it.
        layout: of the index.

    Raises:
        QueryError: a vector that can't be kept, or that nothing made.
    """
    named = {**vectors, LOOK_EUCLIDEAN: vectors[LOOK]}
    kept = {name: named[name] for name in layout if name in named}
    regions = () if item.encoding is None else item.encoding.regions
    point = Point(item.id, kept, item.attributes, digest, item.source, fingerprint, regions)
    return check_points([point], layout)[item.id]


def merge_fields(fields: dict[str, FieldType], others: Mapping[str, FieldType]) -> None:
    """Add fields to those that are known; one of two kinds holds words."""
    for name, kind in others.items():
        if fields.setdefault(name, kind) != kind:
            fields[name] = "words"
