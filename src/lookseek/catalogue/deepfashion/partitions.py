"""Reads the splits of photos, and the items that they show.

Source: the sections EVALUATION PARTITIONS and ITEM LABELS of the official README.txt.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .lists import PARTITION, annotation, find, read_rows

__all__ = ["InShopPhoto", "Pair", "read_consumer2shop", "read_inshop", "read_items", "read_splits"]

_INSHOP = {status: status for status in ("train", "query", "gallery")}
_SPLITS = {status: status for status in ("train", "val", "test")}
ITEM_LISTS = ("list_item_inshop.txt", "list_item_consumer2shop.txt")


@dataclass(frozen=True, slots=True)
class InShopPhoto:
    """One photo of In-shop.

    Args:
        name: e.g. ``img/WOMEN/Dresses/id_00000008/02_1_front.jpg``.
        item: the garment, e.g. ``id_00000008``. The official count goes by it alone, though some ids occur in two
            folders, such as id_00000065 in WOMEN/Pants and in WOMEN/Blouses_Shirts.
        status: train, query or gallery; no item is both in train and in the other two.
    """

    name: str
    item: str
    status: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A consumer's photo of Consumer-to-shop and a shop's of the same item; each may be in many pairs.

    Args:
        consumer: name of the photo, the first of the row. Source: ``prepare_consumer_to_shop.py`` of mmfashion; the
            README.txt does not say which is which.
        shop: name of the photo, the second of the row.
        item: the garment, e.g. ``id_00000001``.
        status: train, val or test; no item is in two.
    """

    consumer: str
    shop: str
    item: str
    status: str


def read_inshop(root: Path) -> tuple[InShopPhoto, ...]:
    """Read the partition of In-shop.

    Args:
        root: the benchmark's folder.

    Returns:
        In the order of the file, each photo once.

    Raises:
        CatalogueError: no such file, a row that can't be read, an unknown status, a photo twice.
    """
    path = find(root, PARTITION)
    photos: dict[str, InShopPhoto] = {}
    for row in read_rows(path, ("image_name", "item_id", "evaluation_status")):
        cell, item, status = row.cells(3)
        name = row.photo(cell)
        if name in photos:
            raise row.wrong(f"names {name} a second time")
        photos[name] = InShopPhoto(name, item, row.one_of(status, _INSHOP, "evaluation status"))
    return tuple(photos.values())


def read_consumer2shop(root: Path) -> tuple[Pair, ...]:
    """Read the pairs of Consumer-to-shop.

    Args:
        root: the benchmark's folder.

    Returns:
        In the order of the file.

    Raises:
        CatalogueError: no such file, a row that can't be read, an unknown status, a photo of two items or splits.
    """
    path = find(root, PARTITION)
    pairs: list[Pair] = []
    known: dict[str, tuple[str, str]] = {}
    for row in read_rows(path, ("image_pair_name_1", "image_pair_name_2", "item_id", "evaluation_status")):
        consumer, shop, item, status = row.cells(4)
        pair = Pair(row.photo(consumer), row.photo(shop), item, row.one_of(status, _SPLITS, "evaluation status"))
        for name in (pair.consumer, pair.shop):
            if known.setdefault(name, (item, status)) != (item, status):
                before = " in ".join(known[name])
                raise row.wrong(f"says that {name} is of {item} in {status}, an earlier row of {before}")
        pairs.append(pair)
    return tuple(pairs)


def read_splits(root: Path) -> dict[str, str]:
    """Read the partition of Category and Attribute Prediction: name of each photo to train, val or test.

    Args:
        root: the benchmark's folder.

    Raises:
        CatalogueError: no such file, a row that can't be read, an unknown status, a photo twice.
    """
    path = find(root, PARTITION)
    splits: dict[str, str] = {}
    for row in read_rows(path, ("image_name", "evaluation_status")):
        cell, status = row.cells(2)
        name = row.photo(cell)
        if name in splits:
            raise row.wrong(f"names {name} a second time")
        splits[name] = row.one_of(status, _SPLITS, "evaluation status")
    return splits


def read_items(root: Path) -> tuple[str, ...]:
    """Read the list of items of In-shop or Consumer-to-shop, which alone has no names of columns.

    Args:
        root: the benchmark's folder.

    Raises:
        CatalogueError: no such file, a row that can't be read, an item twice.
    """
    items: dict[str, None] = {}
    for row in read_rows(annotation(root, *ITEM_LISTS), ()):
        (item,) = row.cells(1)
        if item in items:
            raise row.wrong(f"names {item} a second time")
        items[item] = None
    return tuple(items)
