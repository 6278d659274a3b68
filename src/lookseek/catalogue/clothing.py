"""The folder ``clothing``: amateur photos of single garments, with their photographers.

Source: github.com/alexeygrigorev/clothing-dataset (CC0 1.0), with a split that keeps a photographer on one side.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import CatalogueError

__all__ = ["UNCLEAR", "ClothingItem", "read_clothing"]

UNCLEAR = frozenset({"Not sure", "Other", "Skip"})
"""Labels that name no kind of garment."""

COLUMNS = ("image", "label", "category", "sender_id", "split")


@dataclass(frozen=True, slots=True)
class ClothingItem:
    """One photo.

    Args:
        id: its file's path without ``images/`` and the suffix.
        path: of its file, which may be missing.
        label: one of 20 kinds of garment; see ``UNCLEAR``.
        category: dress, shirt, toptee or "".
        sender: the photographer.
        split: train, val or test.
    """

    id: str
    path: Path
    label: str
    category: str
    sender: str
    split: str


def read_clothing(folder: Path, split: str) -> list[ClothingItem]:
    """Read all items of the folder, of every split.

    Args:
        folder: holds ``items.csv`` and ``images/``.
        split: one that the table must have.

    Returns:
        In the order of the table.

    Raises:
        CatalogueError: the table can't be read, lacks a column, or has no row of the split.
    """
    path = folder / "items.csv"
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            rows = [] if lacking else list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(
            f"{path} can't be read ({error}): give the folder that holds items.csv and images/"
        ) from error
    if lacking:
        raise CatalogueError(f"{path} has no column {', '.join(lacking)}: it needs {', '.join(COLUMNS)}")
    items = [_item(folder, row, f"{path} row {number}") for number, row in enumerate(rows, 1)]
    if twice := [id for id, count in Counter(item.id for item in items).items() if count > 1]:
        raise CatalogueError(
            f"{path} has the photo {twice[0]!r} more than once ({len(twice)} such): keep one row of each"
        )
    splits = sorted({item.split for item in items})
    if split not in splits:
        raise CatalogueError(f"{path} has no rows of the split {split!r}: it has {', '.join(splits) or 'none'}")
    return items


def _item(folder: Path, row: dict[str, str], where: str) -> ClothingItem:
    image, *others = (row[name] or "" for name in COLUMNS)
    if not image:
        raise CatalogueError(f"{where} names no image: remove the row, or name its photo")
    return ClothingItem(str(PurePosixPath(image).with_suffix("")).removeprefix("images/"), folder / image, *others)
