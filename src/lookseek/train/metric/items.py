"""Photos that show items: which photo shows which item, and the class of each, in three splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from ...catalogue.clothing import UNCLEAR, read_clothing
from ...catalogue.drawn import DrawnPhotos, split_specs
from ...catalogue.myntra import read_catalogue, splits_of
from ...errors import TrainError
from ...evaluate.benchmarks.anytable import SPLIT, Table, read_table
from ...evaluate.benchmarks.instance import ITEM_COLUMNS
from ...types import Photo
from ..labelled import SPLITS, split_of_id
from .deepfashion import is_deepfashion, read_deepfashion
from .item_photo import ItemPhoto, ItemPhotos
from .settings import MetricSettings

__all__ = ["PHOTO", "read_items"]

PHOTO = "photo"
"""In place of a column: each photo is an item of its own."""

DRAWN, VIEWS, SIZE = "drawn", 4, 224
"""Views of a drawn design and pixels a side, as the benchmark drawn-instance has them."""

DESIGNS, TEST_DESIGNS = 1_000, 200
"""Drawn designs of train where no number is given, and of test at the most; val has a tenth of train's, as many at the
most. The test designs are those of drawn-instance."""


def read_items(data: str, by: str, label: str, settings: MetricSettings) -> ItemPhotos:
    """Read photos with the items that they show.

    Args:
        data: ``drawn:DESIGNS``; a folder of DeepFashion's In-shop, Consumer-to-shop, Category, or one that holds some
            of them; the folder ``myntra`` (catalogue.parquet: by design); the folder ``clothing`` (items.csv, images/:
            by class); or whatever ``open_catalogue`` opens.
        by: the column of the item, ``photo``, or "" for the usual ones.
        label: the column of the class; "" for ``category``.
        settings: cap, and what of DeepFashion is taken.

    Returns:
        The photos; train and val hold some.

    Raises:
        TrainError: no photos, or no such column.
        CatalogueError: the source can't be read.
    """
    folder = Path(data)
    if data.partition(":")[0] == DRAWN and not folder.exists():
        found = _drawn(data)
    elif is_deepfashion(folder):
        found = read_deepfashion(folder, settings.body, settings.crop)
    elif (folder / "catalogue.parquet").is_file():
        found = _shop(folder, by)
    elif (folder / "items.csv").is_file() and (folder / "images").is_dir():
        found = _phones(folder, by)
    else:
        found = _table(data, by, label)
    return _checked(data, _capped(found, settings.cap))


def _drawn(data: str) -> ItemPhotos:
    number = data.partition(":")[2]
    if number and not (number.isdecimal() and int(number) >= 2):
        raise TrainError(f"{data}: give a number of designs of 2 or more, as in drawn:{DESIGNS}")
    designs = int(number) if number else DESIGNS
    sizes = dict(
        zip(SPLITS, (designs, min(TEST_DESIGNS, max(2, designs // 10)), min(TEST_DESIGNS, designs)), strict=True)
    )
    specs = {split: split_specs(split, size, VIEWS) for split, size in sizes.items()}
    splits = {
        split: tuple(ItemPhoto(id, f"{split}-{spec.item_id}", spec.attributes["category"]) for id, spec in some.items())
        for split, some in specs.items()
    }
    photos = DrawnPhotos({id: spec for some in specs.values() for id, spec in some.items()}, SIZE)
    note = "The photos are drawn: the figures say what a view or a background does, not how a model does on photos."
    return ItemPhotos(splits, photos, "design", (note,))


def _shop(folder: Path, by: str) -> ItemPhotos:
    photos: dict[str, Photo] = {}
    splits: dict[str, tuple[ItemPhoto, ...]] = dict.fromkeys(SPLITS, ())
    for split in splits_of(folder):
        if split in SPLITS:
            items = read_catalogue(folder, split)
            photos |= {item.id: item.image for item in items}
            splits[split] = tuple(
                ItemPhoto(item.id, f"{split}/{item.design or item.id}" if by != PHOTO else item.id, item.article_type)
                for item in items
            )
    return ItemPhotos(splits, photos, by if by == PHOTO else "design")


def _phones(folder: Path, by: str) -> ItemPhotos:
    items = [item for item in read_clothing(folder, "train") if item.label not in UNCLEAR]
    splits = {
        split: tuple(ItemPhoto(i.id, i.id if by == PHOTO else i.label, i.label) for i in items if i.split == split)
        for split in SPLITS
    }
    there = {item.id: item.path for item in items}
    return ItemPhotos(splits, there, by if by == PHOTO else "label")


def _table(data: str, by: str, label: str) -> ItemPhotos:
    wanted = () if by == PHOTO else (by,) if by else ITEM_COLUMNS
    table = read_table(Path(data), wanted)
    column = next((name for name in wanted if name in table.columns), PHOTO)
    if by and by != PHOTO:
        table.column(by)  # raises where it is not there
    if label:
        table.column(label)
    items = table.ids if column == PHOTO else _texts(table, column)
    classes = _texts(table, label or "category")
    given = _texts(table, SPLIT)
    splits: dict[str, list[ItemPhoto]] = {split: [] for split in SPLITS}
    for id, item, name, split in zip(table.ids, items, classes, given, strict=True):
        shown = ItemPhoto(id, item or id, name)
        place = split if SPLIT in table.columns else split_of_id(shown.item)
        if place in splits:
            splits[place].append(shown)
    notes = [*table.notes]
    if SPLIT not in table.columns:
        notes.append(f"{data} has no column split: a tenth of its items are val and a tenth test, by their names.")
    elif not splits["val"]:
        rest, splits["train"] = splits["train"], []
        for shown in rest:
            splits["val" if split_of_id(shown.item) == "val" else "train"].append(shown)
        notes.append(f"{data} has no split val: a tenth of the items of train are it, by their names.")
    if column == PHOTO:
        notes.append("Each photo is an item of its own, known by its views.")
    return ItemPhotos({name: tuple(some) for name, some in splits.items()}, table.photos, column, tuple(notes))


def _texts(table: Table, name: str) -> Sequence[str]:
    column = table.columns.get(name)
    return [""] * len(table.ids) if column is None else ["" if value is None else str(value) for value in column]


def _capped(found: ItemPhotos, cap: int) -> ItemPhotos:
    """Leave at most ``cap`` photos of an item in train, chosen by the hash of their ids."""
    groups: dict[str, list[ItemPhoto]] = defaultdict(list)
    for shown in found.splits["train"]:
        groups[shown.item].append(shown)
    kept = {
        shown.id
        for item, some in groups.items()
        for shown in (some if not item else sorted(some, key=lambda s: sha256(s.id.encode()).digest())[:cap])
    }
    train = tuple(shown for shown in found.splits["train"] if shown.id in kept)
    if len(train) == len(found.splits["train"]):
        return found
    note = f"{len(found.splits['train']) - len(train):,} photos of train are left out: {cap:,} of an item are used."
    return replace(found, splits={**found.splits, "train": train}, notes=(*found.notes, note))


def _checked(data: str, found: ItemPhotos) -> ItemPhotos:
    sizes = {split: len(found.splits[split]) for split in SPLITS}
    groups = len(Counter(shown.item or shown.category for shown in found.splits["train"]))
    if sizes["train"] < 2 or not sizes["val"] or groups < 2:
        counts = ", ".join(f"{size:,} of {split}" for split, size in sizes.items())
        raise TrainError(
            f"{data} has {counts}, train with {groups:,} items: it takes photos of two items of train and one of val"
        )
    return found
