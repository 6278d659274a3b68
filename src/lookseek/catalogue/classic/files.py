"""Which files there are, and how an array of theirs is opened: mapped, never unpickled, checked before it is used.

all_features.npy   (n, dim) float: row i is item i; ``all_feat.npy`` is read as well
all_labels.npy     (n,) class numbers, -1 for none
all_classes.txt    a class a line, in the order of their numbers
all_ids.txt        an id a line; ``all_feat.list`` is read as well
all_colours.npy    (n, colour dim) float32, the colour encoder's vectors
all_items.jsonl    an object a line: id, attributes, source, hash, fingerprint; regions where a photo has some
all_features.json  how they were made, and their checksums; see ``metadata``

Of every further vector, by its NAME:

all_vectors_NAME.npy  (n, dim) float32; where an item has several, the rows of all items, one item after another
all_counts_NAME.npy   (n,) int64, there alone: how many of those rows each item has
"""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import CatalogueError
from ..cells import normalise
from ..lines import read_lines

__all__ = [
    *("METADATA", "CLASSES", "COLOURS", "FEATURES", "IDS", "ITEMS", "LABELS", "NAMES", "OTHER_FEATURES", "OTHER_IDS"),
    *("class_names", "count_lines", "counts", "counts_file", "features_of", "is_vector_name", "labels", "matrix"),
    "vectors_file",
]

FEATURES, LABELS, CLASSES, IDS = "all_features.npy", "all_labels.npy", "all_classes.txt", "all_ids.txt"
COLOURS, ITEMS, METADATA = "all_colours.npy", "all_items.jsonl", "all_features.json"
NAMES = (METADATA, FEATURES, LABELS, CLASSES, IDS, COLOURS, ITEMS)
"""What an export may write, beside the files of further vectors."""
OTHER_FEATURES, OTHER_IDS = "all_feat.npy", "all_feat.list"
"""What the extractor of github.com/ihciah/deep-fashion-retrieval calls them."""

_MOST_DIM = 65_536
"""As of a model's config.json."""


def is_vector_name(name: str) -> bool:
    """Return whether a further vector may be called so: it becomes part of a file's name."""
    return re.fullmatch("[a-z][a-z0-9_]{0,31}", name) is not None


def vectors_file(name: str) -> str:
    """Return the name of the file of a further vector."""
    return f"all_vectors_{name}.npy"


def counts_file(name: str) -> str:
    """Return the name of the file that holds the number of rows of each item in ``vectors_file``."""
    return f"all_counts_{name}.npy"


def features_of(path: Path) -> Path | None:
    """Return the features file of a source: a .npy file itself, or the one in a folder; None for other sources."""
    if path.suffix.lower() == ".npy" and path.is_file():
        return path
    if path.is_dir():
        return next((path / name for name in (FEATURES, OTHER_FEATURES) if (path / name).is_file()), None)
    return None


def matrix(path: Path, rows: int | None = None, *, empty: bool = False) -> NDArray[Any]:
    """Map a matrix of floats into memory.

    Args:
        path: a .npy file.
        rows: how many it must have; None for any number above 0.
        empty: whether it may have no rows at all.

    Returns:
        float16, float32 or float64 (rows, dim), read only, in any byte order and either order of axes.

    Raises:
        CatalogueError: not such an array, cut short, or of Python objects.
    """
    array = _opened(path)
    if array.ndim != 2 or array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise CatalogueError(
            f"{path} holds {array.dtype} of shape {array.shape}: features are float16, float32 or float64 of shape "
            "(items, numbers)"
        )
    if not (array.shape[0] or empty) or not 1 <= array.shape[1] <= _MOST_DIM:
        raise CatalogueError(f"{path} has shape {array.shape}: it needs 1 item or more, and 1 to {_MOST_DIM:,} numbers")
    _agree(path, len(array), rows)
    return array


def labels(path: Path, rows: int) -> tuple[NDArray[np.int64], list[str]]:
    """Labels, one a row of the features.

    Returns:
        int64 (rows,) class numbers, below 0 for none; and the classes' names by number where the labels are text.

    Raises:
        CatalogueError: another number of them, or neither whole numbers nor text.
    """
    array = _opened(path)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "biufU":
        raise CatalogueError(f"{path} holds {array.dtype} of shape {array.shape}: labels are a class number an item")
    _agree(path, len(array), rows)
    if array.dtype.kind == "U":
        values, numbers = np.unique(array.astype(array.dtype.newbyteorder("=")), return_inverse=True)
        if values.dtype.itemsize and values.view(np.uint32).max() > sys.maxunicode:  # Python would raise SystemError
            raise CatalogueError(f"{path} holds text that is no Unicode: write it again")
        names = [normalise(str(value)).strip() for value in values]
        empty = [number for number, name in enumerate(names) if not name]
        return np.where(np.isin(numbers, empty), -1, numbers).astype(np.int64), names
    with np.errstate(invalid="ignore"):
        whole = np.asarray(array).astype(np.int64)
    if not np.array_equal(whole, array):
        raise CatalogueError(f"{path} holds {array[whole != array][0]}, which is no class number: give whole numbers")
    return whole, []


def counts(path: Path, items: int, rows: int) -> NDArray[np.int64]:
    """Read how many rows of a file of vectors each item has.

    Args:
        path: a .npy file.
        items: how many items there are.
        rows: how many rows there are.

    Returns:
        int64 (items,), each 0 or more, with the sum ``rows``.

    Raises:
        CatalogueError: not such an array.
    """
    array = _opened(path)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise CatalogueError(f"{path} holds {array.dtype} of shape {array.shape}: it must hold a whole number an item")
    _agree(path, len(array), items)
    numbers = np.asarray(array).astype(np.int64)
    if (numbers < 0).any() or (numbers > rows).any() or numbers.sum() != rows:
        raise CatalogueError(f"{path} counts {numbers.sum():,} rows, and there are {rows:,}: write both files again")
    return numbers


def class_names(path: Path, numbers: NDArray[np.int64]) -> list[str]:
    """Read the names of classes, by number.

    Raises:
        CatalogueError: fewer names than the labels need.
    """
    names = [normalise(line).strip() for line in read_lines(path)]
    while names and not names[-1]:
        names.pop()
    if len(names) <= numbers.max():
        raise CatalogueError(f"{path} names {len(names):,} classes, labels go up to {numbers.max():,}: name them all")
    return names


def count_lines(path: Path) -> int:
    """Lines of a list, without empty ones at its end."""
    last = 0
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            last = number
    return last


def _opened(path: Path) -> NDArray[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that Python 2 wrote the header
            return np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # whatever a damaged or hostile header makes numpy raise
        raise CatalogueError(
            f"{path} can't be read ({str(error)[:200]}): it must be a whole .npy file of plain numbers. Write it "
            f"again, e.g. np.save({path.name!r}, array.astype(np.float32))"
        ) from error


def _agree(path: Path, found: int, rows: int | None) -> None:
    if rows is not None and found != rows:
        raise CatalogueError(f"{path} has {found:,} entries and the features have {rows:,} rows: they must be the same")
