"""Street photos of whole persons with a mask of garments: the folder ``ccp`` (Clothing Co-Parsing).

A mask has a label's number at each pixel. Two garments of one label merge in it, so a label has one box a photo.
Source: Yang, Luo, Lin, Clothing Co-Parsing by Joint Image Segmentation and Labeling, CVPR 2014.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import images
from ..errors import CatalogueError
from ..types import Box

__all__ = ["NO_GARMENTS", "StreetPhoto", "garment_boxes", "read_labels", "read_street"]

NO_GARMENTS = frozenset(["null", "skin", "hair"])
"""Labels of what is not worn."""

COLUMNS = ("id", "image", "mask", "split")

_STRAY = 0.01
"""Share of a label's pixels beyond each side of its box: masks have crumbs."""


@dataclass(frozen=True, slots=True)
class StreetPhoto:
    """One photo.

    Args:
        id: unique in the folder.
        path: of the photo.
        mask: of its mask; None where there is none.
    """

    id: str
    path: Path
    mask: Path | None


def read_street(folder: Path, split: str) -> list[StreetPhoto]:
    """Read the photos of a split, in the order of ``items.csv``.

    Raises:
        CatalogueError: the table can't be read, lacks a column, or has no photo of the split.
    """
    path = folder / "items.csv"
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            rows = [] if lacking else [row for row in table if row["split"] == split]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"{path} can't be read ({error}): give a folder laid out like ccp/") from error
    if lacking:
        raise CatalogueError(f"{path} has no column {', '.join(lacking)}: it needs {', '.join(COLUMNS)}")
    if not rows:
        raise CatalogueError(f"{path} has no photo of the split {split!r}: choose another --split")
    return [
        StreetPhoto(row["id"], folder / row["image"], folder / row["mask"] if row["mask"] else None) for row in rows
    ]


def read_labels(folder: Path) -> dict[int, str]:
    """Read the labels' numbers and names: ``labels.txt``, a number and a name a line.

    Raises:
        CatalogueError: it can't be read.
    """
    path = folder / "labels.txt"
    try:
        lines = [line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {int(number): name for number, name in lines}
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path} can't be read ({error}): it needs a number and a name a line") from error


def garment_boxes(photo: StreetPhoto, labels: Mapping[int, str], least: float = 0.005) -> dict[str, Box]:
    """Return the box of each garment of a photo, in pixels of the photo.

    Args:
        photo: with a mask of the photo's size.
        labels: as ``read_labels`` gives them.
        least: share of the picture that a garment covers.

    Raises:
        ItemError: the mask can't be decoded.
    """
    if photo.mask is None:
        return {}
    mask = images.decode(photo.mask)[..., 0]
    boxes = {}
    for number in np.unique(mask).tolist():
        name = labels.get(number, "null")
        rows, columns = np.nonzero(mask == number)
        if name in NO_GARMENTS or len(rows) < least * mask.size:
            continue
        top, bottom = np.quantile(rows, (_STRAY, 1 - _STRAY), method="nearest")
        left, right = np.quantile(columns, (_STRAY, 1 - _STRAY), method="nearest")
        boxes[name] = Box(float(left), float(top), float(right - left + 1), float(bottom - top + 1))
    return boxes
