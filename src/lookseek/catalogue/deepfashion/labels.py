"""What the photos of Category and Attribute Prediction show: 50 categories, 1,000 attributes.

Source: the sections CATEGORY LABELS and ATTRIBUTE LABELS of the official README.txt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import CatalogueError
from .lists import PARTITION, Row, annotation, find, read_rows

__all__ = ["BODIES", "KINDS", "Attributes", "Categories", "is_category_folder", "read_attributes", "read_categories"]

BODIES = {"1": "upper", "2": "lower", "3": "full"}
"""Code to the part of the body that a garment covers."""

KINDS = {"1": "texture", "2": "fabric", "3": "shape", "4": "part", "5": "style"}
"""Code to the kind of an attribute."""

_MARKS = frozenset(("1", "-1", "0"))
_BYTES = bytes.maketrans(b"012", np.array([0, 1, -1], np.int8).tobytes())
"""Digits to the bytes of int8; 2 stands for -1."""


@dataclass(frozen=True, slots=True)
class Categories:
    """The category of each photo.

    Args:
        names: of the categories, in the official order.
        bodies: of each category upper, lower or full.
        of: name of a photo to the row of its category, from 0; the files count from 1.
    """

    names: tuple[str, ...]
    bodies: tuple[str, ...]
    of: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """The attributes of each photo.

    Args:
        names: of the attributes, in the official order; some have blanks in them.
        kinds: of each attribute texture, fabric, shape, part or style.
        photos: their names, in the order of the file.
        marks: int8 (photos, attributes): 1 it has it, -1 it has not, 0 unknown.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    photos: tuple[str, ...]
    marks: NDArray[np.int8]


def is_category_folder(root: Path) -> bool:
    """Return whether a folder has the files of Category and Attribute Prediction, by their names."""
    try:
        find(root, PARTITION)
        annotation(root, "list_attr_img.txt")
    except CatalogueError:
        return False
    return True


def read_categories(root: Path) -> Categories:
    """Read the categories.

    Args:
        root: the benchmark's folder.

    Raises:
        CatalogueError: a file is missing, a row that can't be read, a category that is not in the list, a photo twice.
    """
    path = annotation(root, "list_category_cloth.txt")
    named = [_named(row, BODIES, "category type") for row in read_rows(path, ("category_name", "category_type"))]
    of: dict[str, int] = {}
    for row in read_rows(annotation(root, "list_category_img.txt"), ("image_name", "category_label")):
        cell, label = row.cells(2)
        name, number = row.photo(cell), row.number(label, "the category label")
        if not 1 <= number <= len(named):
            raise row.wrong(f"has the category label {number}, {path.name} has 1 to {len(named)}")
        if name in of:
            raise row.wrong(f"names {name} a second time")
        of[name] = number - 1
    return Categories(tuple(name for name, _ in named), tuple(body for _, body in named), of)


def read_attributes(root: Path) -> Attributes:
    """Read the attributes: of the official 289,222 photos in about 20 seconds, into 290 MB.

    Args:
        root: the benchmark's folder.

    Raises:
        CatalogueError: a file is missing, a row that can't be read or has not a mark for each attribute, a photo twice.
    """
    path = annotation(root, "list_attr_cloth.txt")
    named = [_named(row, KINDS, "attribute type") for row in read_rows(path, ("attribute_name", "attribute_type"))]
    marks = bytearray()
    photos: dict[str, None] = {}
    for row in read_rows(annotation(root, "list_attr_img.txt"), ("image_name", "attribute_labels")):
        cell, *labels = row.text.split()
        name = row.photo(cell)
        if len(labels) != len(named):
            raise row.wrong(f"has {len(labels)} attribute labels, {path.name} has {len(named)} attributes")
        if unknown := set(labels) - _MARKS:
            raise row.wrong(f"has the attribute label {min(unknown)[:80]!r}, which is none of 1, -1, 0")
        if name in photos:
            raise row.wrong(f"names {name} a second time")
        photos[name] = None
        marks += "".join(labels).replace("-1", "2").encode().translate(_BYTES)
    table = np.frombuffer(marks, np.int8).reshape(len(photos), len(named))
    return Attributes(tuple(name for name, _ in named), tuple(kind for _, kind in named), tuple(photos), table)


def _named(row: Row, known: Mapping[str, str], what: str) -> tuple[str, str]:
    """Return a name, which may contain blanks, and the meaning of its code."""
    parts = row.text.rsplit(None, 1)
    if len(parts) != 2:
        raise row.wrong(f"has no {what} after the name {row.text[:80]!r}")
    return " ".join(parts[0].split()), row.one_of(parts[1], known, what)
