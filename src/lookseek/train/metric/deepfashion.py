"""DeepFashion's official folders as photos with items: In-shop, Consumer-to-shop, Category, or a folder of several.

In-shop photos and those of Category differ in what is known: an item, or one of 50 categories. Where both are there,
the first teach similarity and the second the class, as in ihciah/deep-fashion-retrieval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...catalogue.deepfashion import (
    is_category_folder,
    photo_folder,
    read_boxes,
    read_categories,
    read_consumer2shop,
    read_inshop,
    read_splits,
)
from ...catalogue.deepfashion.lists import PARTITION
from ...errors import CatalogueError
from ...evaluate.benchmarks.cropped import CroppedPhotos
from ...evaluate.benchmarks.inshop import kind_of
from ...types import Box, Photo
from ..labelled import SPLITS, split_of_id
from .item_photo import ItemPhoto, ItemPhotos

__all__ = ["is_deepfashion", "read_deepfashion"]

_Rows = Iterator[tuple[str, str, ItemPhoto]]
"""Split, the photo's name in its folder, and the photo."""


def is_deepfashion(folder: Path) -> bool:
    """Return whether a folder is one of DeepFashion's benchmarks, or holds some."""
    return bool(_roots(folder))


def read_deepfashion(folder: Path, body: str, crop: bool) -> ItemPhotos:
    """Read train and val; test stays with ``lookseek evaluate``, which measures by the official protocols.

    Val of In-shop, which has none, is a tenth of the items of train by their names. An item with one photo alone is
    left out of In-shop and Consumer-to-shop.

    Args:
        folder: of a benchmark, or one that holds folders of benchmarks.
        body: ``upper`` leaves garments of the upper body alone, by category and by the official boxes; ``all``.
        crop: whether photos are cropped to their official box.

    Raises:
        CatalogueError: a file is missing or can't be read, or a photo has no box.
    """
    splits: dict[str, list[ItemPhoto]] = {split: [] for split in SPLITS}
    files: dict[str, Path] = {}
    boxes: dict[str, Box] = {}
    roots = _roots(folder)
    with_categories = any(is_category_folder(root) for root in roots) and len(roots) > 1
    for root in roots:
        base, upper = photo_folder(root), body == "upper"
        if is_category_folder(root):
            rows, by_box = _of_category(root, upper), False
        elif _is_inshop(root):
            rows, by_box = _of_inshop(root, classes=not with_categories), upper
        else:
            rows, by_box = _of_consumer2shop(root), upper
        places = read_boxes(root) if crop or by_box else {}
        kept = []
        for split, name, shown in rows:
            if (crop or by_box) and name not in places:
                raise CatalogueError(f"{root} has no box of {name}: the list of boxes is not that of these photos")
            if not by_box or places[name].body == "upper":
                kept.append((split, name, shown))
        counts = Counter(shown.item for _, _, shown in kept)
        for split, name, shown in kept:
            if not shown.item or counts[shown.item] > 1:
                splits[split].append(shown)
                files[shown.id] = base / name
                if crop:
                    boxes[shown.id] = places[name].box
    note = "Nothing is measured on test here: lookseek evaluate inshop, consumer2shop and category do, officially."
    photos: Mapping[str, Photo] = CroppedPhotos(files, boxes) if crop else files
    return ItemPhotos({split: tuple(some) for split, some in splits.items()}, photos, "item_id", (note,))


def _roots(folder: Path) -> list[Path]:
    if (folder / PARTITION).is_file():
        return [folder]
    return sorted(root for root in folder.glob("*/") if (root / PARTITION).is_file())


def _is_inshop(root: Path) -> bool:
    with (root / PARTITION).open(encoding="utf-8", errors="replace") as lines:
        next(lines, "")
        return next(lines, "").split()[:1] == ["image_name"]


def _of_inshop(root: Path, classes: bool) -> _Rows:
    for photo in read_inshop(root):
        if photo.status == "train":
            split = "val" if split_of_id(photo.item) == "val" else "train"
            yield split, photo.name, ItemPhoto(photo.name, photo.item, kind_of(photo.name) if classes else "")


def _of_consumer2shop(root: Path) -> _Rows:
    seen: set[str] = set()
    for pair in read_consumer2shop(root):
        for name in (pair.consumer, pair.shop):
            if pair.status != "test" and name not in seen:
                seen.add(name)
                yield pair.status, name, ItemPhoto(f"consumer2shop/{name}", f"consumer2shop/{pair.item}", "")


def _of_category(root: Path, upper: bool) -> _Rows:
    categories = read_categories(root)
    for name, split in read_splits(root).items():
        if split != "test" and name in categories.of:
            number = categories.of[name]
            if not upper or categories.bodies[number] == "upper":
                yield split, name, ItemPhoto(f"category/{name}", "", categories.names[number])
