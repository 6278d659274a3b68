"""What is one result: an item, or one of several that show the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..index.duplicates import near_identical
from ..store import Store
from ..types import Point

__all__ = ["Group", "group"]


@dataclass(frozen=True, slots=True)
class Group:
    """Items that stand as one result.

    Args:
        first: the best of them, which is shown.
        copies: ids of the others, best first.
    """

    first: Point
    copies: tuple[str, ...] = ()


def group(store: Store, ids: Sequence[str], count: int, *, hide_duplicates: bool) -> list[Group]:
    """Return the first groups of these items, in the order of their best.

    Args:
        store: that holds them.
        ids: best first; ids that are not there are passed over.
        count: at the most this many groups.
        hide_duplicates: True puts near-identical photos into one group: each is compared with each, so the time grows
            with the square. False gives each item a group of its own.
    """
    if not hide_duplicates:
        return [Group(point) for point in store.get(ids[:count], vectors=False)]
    return _distinct(store.get(ids))[:count]


def _distinct(points: Sequence[Point]) -> list[Group]:
    groups: list[tuple[Point, list[str]]] = []
    for point in points:
        copies = next((copies for first, copies in groups if near_identical(point, first)), None)
        if copies is None:
            groups.append((point, []))
        else:
            copies.append(point.id)
    return [Group(first, tuple(copies)) for first, copies in groups]
