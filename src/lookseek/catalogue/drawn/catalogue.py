"""The drawn photos as a catalogue, and as a folder of files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from ...errors import CatalogueError
from ...images import to_jpeg
from ...types import Item
from .picture import check_size, draw
from .truth import SIDE, DrawnItem, drawn_specs

__all__ = ["COLUMNS", "DrawnCatalogue", "title", "write_catalogue"]

COLUMNS = (
    "id", "image", "category", "colour", "pattern", "sleeve", "neckline", "length",
    "item", "view", "background",
)  # fmt: skip
"""Columns of ``items.csv``."""

QUALITY = 90
"""Of the JPEG files; below 90 the edges of drawn shapes show ringing, by eye."""


def title(spec: DrawnItem) -> str:
    """Return a short description in words.

    >>> title(drawn_specs(1, 1)[0]).split()[-1]
    'dress'
    """
    words = spec.attributes
    pattern = "" if words["pattern"] == "plain" else words["pattern"] + " "
    noun = {"toptee": "t-shirt"}.get(words["category"], words["category"])
    length = "" if words["length"] == "regular" else words["length"] + " "
    return f"{words['colour']} {pattern}{length}{noun}"


class DrawnCatalogue:
    """A catalogue that needs no files: each photo is drawn when it is read.

    Args:
        items: designs, >= 0.
        views: photos of each design, >= 1.
        seed: any integer; another seed gives another catalogue.
        size: pixels along a side, 32 to 2,048.

    Raises:
        CatalogueError: a number outside its range.
    """

    name = "drawn"

    def __init__(self, items: int = 60, views: int = 3, seed: int = 0, size: int = SIDE) -> None:
        check_size(size)
        self.specs = [spec.scaled_to(size) for spec in drawn_specs(items, views, seed)]
        self.size = size
        usual = (views, seed, size) == (3, 0, SIDE)  # what the word drawn:ITEMS stands for
        self.origin = f"drawn:{items}" if usual else ""

    def __len__(self) -> int:
        return len(self.specs)

    def __iter__(self) -> Iterator[Item]:
        """Yield the items, drawing one photo at a time; all views of a design come side by side."""
        for row, spec in enumerate(self.specs, 1):
            source = f"{self.origin}#{row}/image" if self.origin else ""
            yield Item(spec.id, self.photo(row), title(spec), dict(spec.attributes), source)

    def photo(self, row: int) -> bytes:
        """Draw one photo, as JPEG; rows count from 1."""
        return to_jpeg(draw(self.specs[row - 1], self.size), quality=QUALITY)


def write_catalogue(folder: Path, items: int = 60, views: int = 3, seed: int = 0, size: int = SIDE) -> int:
    """Write a drawn catalogue as a folder: JPEG files by category, and ``items.csv``.

    Args:
        folder: made if it is not there; photos and table of the same names are replaced.
        items: designs, >= 0.
        views: photos of each design, >= 1.
        seed: any integer.
        size: pixels along a side, 32 to 2,048.

    Returns:
        How many photos were written.

    Raises:
        CatalogueError: a number outside its range, or a folder that can't be written.
    """
    catalogue = DrawnCatalogue(items, views, seed, size)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "items.csv").open("w", encoding="utf-8", newline="") as table:
            rows = csv.DictWriter(table, COLUMNS)
            rows.writeheader()
            for item in catalogue:
                place = f"{item.attributes['category']}/{item.id}.jpg"
                (folder / place).parent.mkdir(exist_ok=True)
                if isinstance(item.image, bytes):
                    (folder / place).write_bytes(item.image)
                rows.writerow({"id": item.id, "image": place, **item.attributes})
    except OSError as error:
        raise CatalogueError(
            f"can't write drawn photos to {folder}: {error.strerror}: choose a folder that can be written"
        ) from error
    return len(catalogue)
