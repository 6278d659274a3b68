"""The photos of a study, small and in one folder, so that no cell draws or decodes a large photo again.

photos/items.csv    image, item, category, split
photos/N.png        a little larger than the networks' input, so that views can crop it
"""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from ... import images
from ...atomic import write_bytes, write_text
from ...errors import ItemError, TrainError
from ...progress import Progress
from ...types import Skipped
from ..labelled import SPLITS
from ..metric.item_photo import ItemPhoto, ItemPhotos

__all__ = ["PHOTOS", "cache_photos", "some_items"]

PHOTOS = "photos"

LARGER = 1.25
"""Longer side of a kept photo, by the size of the input."""


def some_items(shown: tuple[ItemPhoto, ...], most: int) -> tuple[ItemPhoto, ...]:
    """Return the photos of whole items, in their order, until there are so many."""
    sizes: dict[str, int] = {}
    for photo in shown:
        sizes[photo.item] = sizes.get(photo.item, 0) + 1
    kept: set[str] = set()
    count = 0
    for item, size in sizes.items():
        if size > 1 and count + size <= most:
            kept.add(item)
            count += size
    return tuple(photo for photo in shown if photo.item in kept)


def cache_photos(found: ItemPhotos, folder: Path, most: int, size: int, progress: Progress) -> Path:
    """Write the photos of a study, if they are not there yet.

    Args:
        found: photos with items.
        folder: of the study.
        most: photos of a split at the most.
        size: of the networks' input.
        progress: notified of every photo, and of those that can't be decoded.

    Returns:
        The table of them.

    Raises:
        TrainError: no two photos of train, or of val, are of one item.
    """
    table = folder / PHOTOS / "items.csv"
    if table.is_file():
        return table
    table.parent.mkdir(parents=True, exist_ok=True)
    chosen = [(split, photo) for split in SPLITS for photo in some_items(found.splits[split], most)]
    for split in ("train", "val"):
        if not any(own == split for own, _ in chosen):
            raise TrainError(f"no two photos of {split} are of one item: a study takes items of several photos")
    progress.phase("keeping small photos", len(chosen))
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("id", "image", "item", "category", "split"))
    longest = round(LARGER * size)
    for number, (split, photo) in enumerate(chosen):
        try:
            pixels = images.decode(found.photos[photo.id])
        except ItemError as error:
            progress.skipped(Skipped(photo.id, "broken photo", str(error)))
            continue
        height, width = pixels.shape[:2]
        scale = min(1.0, longest / max(height, width))
        small = images.resize(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
        write_bytes(table.parent / f"{number}.png", images.to_png(small))
        rows.writerow((str(number), f"{number}.png", photo.item, photo.category, split))
        progress.advance(1)
    write_text(table, text.getvalue())
    return table
