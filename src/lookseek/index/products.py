"""Products of an index: items that show the same one, where an attribute names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import QueryError
from ..store import UNRESTRICTED, Restriction
from ..types import Point, Value
from .open_index import OpenIndex

__all__ = ["count_products", "one_photo_each", "product_of"]


def count_products(index: OpenIndex, restriction: Restriction = UNRESTRICTED) -> int:
    """Return how many products the items show. An item that names none is one of its own.

    Args:
        index: that holds them; where it has no products, its items are counted.
        restriction: which items count.
    """
    product = index.manifest.roles.get("product")
    if product is None:
        return index.store.count(restriction)
    try:
        named = index.store.facet(product, restriction, limit=max(1, index.manifest.items))
    except QueryError:  # numbers can't be counted by value
        return sum(1 for _ in one_photo_each(index.store.scan(restriction), product))
    return len(named) + index.store.count(restriction) - sum(count for _, count in named)


def product_of(point: Point, product: str | None) -> Value | None:
    """Return the product that an item shows; None where it names none, or several.

    Args:
        point: the item.
        product: the attribute that names it; None or "" for none.
    """
    name = point.attributes.get(product) if product else None
    return None if isinstance(name, tuple) else name


def one_photo_each(points: Iterable[Point], product: str | None) -> Iterator[Point]:
    """Yield points, of each product the first. An item that names none is one of its own.

    Args:
        points: in any order.
        product: the attribute that names an item's product; None yields all points.
    """
    seen = set[Value]()
    for point in points:
        name = product_of(point, product)
        if name is None:
            yield point
        elif name not in seen:
            seen.add(name)
            yield point
