"""What is one result: a product with its photos, or an item with the near-identical photos that it stands for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ..filters import And, Condition, In
from ..index.duplicates import near_identical
from ..index.products import product_of
from ..store import Restriction, Store
from ..types import Point, Value

__all__ = ["MAX_PHOTOS", "Group", "complete_products", "group", "products_of"]

MAX_PHOTOS = 100
"""Further photos of a product that a result names at the most."""


@dataclass(frozen=True, slots=True)
class Group:
    """Items that stand as one result.

    Args:
        first: the best of them, which is shown.
        product: the value of the product's attribute; None where the items are not grouped by it, or lack it.
        photos: ids of the product's other photos.
        copies: ids of photos that are near-identical to the first or to one of ``photos``.
    """

    first: Point
    product: Value | None = None
    photos: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()


def group(
    store: Store,
    ids: Sequence[str],
    count: int,
    *,
    product: str = "",
    hide_duplicates: bool = False,
    excluded: Collection[Value] = (),
    shown: Sequence[Point] = (),
) -> list[Group]:
    """Return the first groups of these items, in the order of their best.

    Photos of one product are one group. Hiding duplicates never joins two products.

    Args:
        store: that holds them.
        ids: best first; ids that are not there are passed over.
        count: at the most this many groups.
        product: the attribute that names an item's product; "" groups by none. An item without it is a product of its
            own.
        hide_duplicates: True puts near-identical photos into one group: each is compared with each, so the time grows
            with the square. With ``product`` only items that lack it are compared here, since two products are two
            results however alike their photos are.
        excluded: products that are left out.
        shown: items that the searcher looks at already, with their vectors: near-identical photos of them are left out
            where duplicates are hidden.
    """
    if not product and not hide_duplicates:
        return [Group(point) for point in store.get(ids[:count], vectors=False)]
    groups: dict[int, Group] = {}
    number_of: dict[Value, int] = {}
    for point in store.get(ids, vectors=hide_duplicates):
        name = product_of(point, product)
        if hide_duplicates and name is None and any(near_identical(point, own) for own in shown):
            continue
        if name is not None:
            if name in excluded:
                continue
            number = number_of.setdefault(name, len(groups))
            there = groups.setdefault(number, Group(point, name))
            if there.first is not point:
                groups[number] = replace(there, photos=(*there.photos, point.id))
            continue
        same = _near_identical(point, groups) if hide_duplicates else None
        if same is None:
            groups[len(groups)] = Group(point)
        else:
            groups[same] = replace(groups[same], copies=(*groups[same].copies, point.id))
    return list(groups.values())[:count]


def complete_products(
    store: Store, groups: Sequence[Group], product: str, condition: Condition | None, *, hide_duplicates: bool
) -> list[Group]:
    """Return groups with all photos of their products, not only those among the candidates.

    Args:
        store: that holds them.
        groups: of ``group``, which is to show them.
        product: the attribute that names an item's product.
        condition: the query's filter: photos that don't meet it are not named.
        hide_duplicates: True moves photos that are near-identical to another of their product to ``Group.copies``.

    Returns:
        The candidates first, best first, then the others by ascending id, at the most ``MAX_PHOTOS`` of a product.
    """
    names = tuple(each.product for each in groups if each.product is not None)
    if not names:
        return list(groups)
    shown = In(product, names)
    wanted = Restriction(shown if condition is None else And((shown, condition)))
    members: dict[Value, list[Point]] = {name: [] for name in names}
    for point in store.scan(wanted, vectors=hide_duplicates):
        name = product_of(point, product)
        if name in members:
            members[name].append(point)
    return [
        each if each.product is None else _complete(each, members[each.product], hide_duplicates) for each in groups
    ]


def products_of(store: Store, ids: Sequence[str], product: str) -> frozenset[Value]:
    """Return the products of some items; those that lack the attribute have none."""
    if not product or not ids:
        return frozenset()
    names = (product_of(point, product) for point in store.get(ids, vectors=False))
    return frozenset(name for name in names if name is not None)


def _complete(found: Group, members: Sequence[Point], hide_duplicates: bool) -> Group:
    place: Mapping[str, int] = {id_: number for number, id_ in enumerate(found.photos)}
    others = [point for point in members if point.id != found.first.id]
    others.sort(key=lambda point: (place.get(point.id, len(place)), point.id))
    if not hide_duplicates:
        return replace(found, photos=tuple(point.id for point in others[:MAX_PHOTOS]))
    distinct, copies = [found.first], []
    for point in others:
        if len(distinct) > MAX_PHOTOS:
            break
        if any(near_identical(point, other) for other in distinct):
            copies.append(point.id)
        else:
            distinct.append(point)
    return replace(found, photos=tuple(point.id for point in distinct[1:]), copies=tuple(copies))


def _near_identical(point: Point, groups: Mapping[int, Group]) -> int | None:
    """Return the number of the first group without a product whose best photo is near-identical."""
    return next(
        (number for number, each in groups.items() if each.product is None and near_identical(point, each.first)),
        None,
    )
