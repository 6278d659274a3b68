"""Makes a store's point from an item and its vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..store import FieldType, Layout
from ..store.schema import LOOK, LOOK_EUCLIDEAN, check_points
from ..types import Item, Point, Region, Vector, Vectors

__all__ = ["content_hash", "merge_fields", "point_of"]


def content_hash(photo: bytes) -> str:
    """Return the hash of a photo's bytes, 32 hex digits of BLAKE2b: an item whose hash is kept is not encoded again."""
    return hashlib.blake2b(photo, digest_size=16).hexdigest()


def point_of(
    item: Item,
    digest: str,
    vectors: Mapping[str, Vector | Vectors],
    fingerprint: str,
    layout: Layout,
    regions: tuple[Region, ...] = (),
) -> Point:
    """Make a point with the vectors of a layout.

    Args:
        item: the item.
        digest: ``content_hash`` of its photo.
        vectors: by name, at least ``LOOK``; those that the layout lacks are dropped.
        fingerprint: of its picture, from ``images.fingerprint``.
        layout: of the index.
        regions: garments found in its photo; the item's own where it brings its vectors.

    Raises:
        QueryError: the layout names a vector that is missing, or a vector has another shape or is not finite.
    """
    named = {**vectors, LOOK_EUCLIDEAN: vectors[LOOK]}
    kept = {name: named[name] for name in layout if name in named}
    regions = regions if item.encoding is None else item.encoding.regions
    point = Point(item.id, kept, item.attributes, digest, item.source, fingerprint, regions)
    return check_points([point], layout)[item.id]


def merge_fields(fields: dict[str, FieldType], others: Mapping[str, FieldType]) -> None:
    """Add fields to ``fields`` in place; a field that occurs with two types becomes one of words."""
    for name, kind in others.items():
        if fields.setdefault(name, kind) != kind:
            fields[name] = "words"
