"""The folder ``clothing``: amateur photos of single garments, with their photographers.

Source: github.com/alexeygrigorev/clothing-dataset (CC0 1.0), with a split that keeps a photographer on one side.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ..errors import CatalogueError

__all__ = ["UNCLEAR", "ClothingItem", "read_clothing"]

UNCLEAR = frozenset({"Not sure", "Other", "Skip"})
"""Labels that name no kind of garment."""

COLUMNS = ("image", "label", "category", "sender_id", "split")


@dataclass(frozen=True, slots=True)
class ClothingItem:
    """One photo.

    Args:
        id: its file's name without the folder and the ending.
        path: of its file, which need not be there.
        label: one of 20 kinds of garment; see ``UNCLEAR``.
        category: dress, shirt, toptee or "".
        sender: who took it.
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
        split: that will be asked for.

    Returns:
        In the order of the table.

    Raises:
        CatalogueError: the table can't be read, lacks a column, or has no row of the split.
    """
    path = folder / "items.csv"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            rows = [] if lacking else list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(
            f"{path} can't be read ({error}): give the folder that holds items.csv and images/"
        ) from error
    if lacking:
        raise CatalogueError(f"{path} has no column {', '.join(lacking)}: it needs {', '.join(COLUMNS)}")
    items = [
        ClothingItem(
            Path(row["image"] or "").stem,
            folder / (row["image"] or ""),
            row["label"] or "",
            row["category"] or "",
            row["sender_id"] or "",
            row["split"] or "",
        )
        for row in rows
    ]
    splits = sorted({item.split for item in items})
    if split not in splits:
        raise CatalogueError(f"{path} has no rows of the split {split!r}: it has {', '.join(splits) or 'none'}")
    return items
