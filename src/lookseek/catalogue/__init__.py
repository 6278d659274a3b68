"""Sources of items: a folder of photos, a table that names photos, files of features, or the drawn catalogue.

``open_catalogue`` is the door. Whatever the source, a catalogue streams ``Item`` and ``Skipped``: one
thing that can't be used costs one line, never the job. Every id it gives is usable and there once.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from ..errors import CatalogueError
from ..types import Item, Skipped
from .classic import ClassicCatalogue, Made, features_of
from .folder import PHOTO_SUFFIXES, FolderCatalogue
from .photos import photos_at
from .rows import TABLE_SUFFIXES
from .table import TableCatalogue

__all__ = ["Catalogue", "Made", "made_of", "open_catalogue", "photos_at", "usable"]

MAX_ID = 4096
"""Characters of an id. Source: PATH_MAX of Linux (limits.h), since a path can be an id."""

POSSIBLE = (
    "give a folder of photos, a table (.csv, .tsv, .jsonl, .ndjson, .parquet), features (all_features.npy or its "
    "folder), or drawn or drawn:ITEMS"
)

REMEDIES = {
    ".json": "write one object a line and name it .jsonl",
    ".xls": "save the sheet as CSV UTF-8",
    ".xlsx": "save the sheet as CSV UTF-8",
    ".zip": "unpack it and give the folder",
} | dict.fromkeys(PHOTO_SUFFIXES, "it is a photo: give the folder it lies in")


class Catalogue(Protocol):
    """A source of items that can be gone through any number of times, in the same order."""

    name: str
    """How a summary calls it."""

    origin: str
    """What ``open_catalogue`` opens it by, from any folder."""

    def __len__(self) -> int:
        """How many entries there are to go through at most."""

    def __iter__(self) -> Iterator[Item | Skipped]:
        """Stream the entries; memory stays bounded at any size."""


class _Checked:
    """A catalogue whose items have usable ids, each once."""

    def __init__(self, source: Catalogue, made: Made | None = None) -> None:
        self.name, self.origin, self.made = source.name, source.origin, made
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[Item | Skipped]:
        return usable(self._source)


def open_catalogue(source: str | Path, *, image_column: str | None = None, id_column: str | None = None) -> Catalogue:
    """Open a source of items.

    Args:
        source: a folder, a table file, features (see ``classic``), or the text ``drawn`` or ``drawn:ITEMS``; a
            folder that is itself called so is ``./drawn``.
        image_column: the column of a table that holds the photo; None to find it by its name.
        id_column: the column of a table that holds the id; None to find it by its name.

    Raises:
        CatalogueError: nothing there, nothing in it, or not a source that lookseek reads.
    """
    path = Path(source)
    table = path.suffix.lower() in TABLE_SUFFIXES
    if (image_column is not None or id_column is not None) and (not table or path.is_dir()):
        raise CatalogueError(f"{source} is no table, so it has no columns: leave the column options out")
    word, _, items = str(source).partition(":")
    if isinstance(source, str) and word == "drawn":
        return _Checked(_drawn(items, source))
    if not _exists(path):
        raise CatalogueError(f"{str(source)!r} is not there.{_near(path)} To start, {POSSIBLE}")
    if (features := features_of(path)) is not None:
        if path.is_dir():
            _refuse_both(path, features)
        vectors = ClassicCatalogue(features)
        return _Checked(vectors, vectors.made)
    if path.is_dir():
        return _Checked(FolderCatalogue(path))
    if not table or not path.is_file():
        remedy = REMEDIES.get(path.suffix.lower(), POSSIBLE)
        raise CatalogueError(f"{source} is not a catalogue that lookseek reads: {remedy}")
    return _Checked(TableCatalogue(path, image_column=image_column, id_column=id_column))


def made_of(catalogue: Catalogue) -> Made | None:
    """How the vectors were made that every item of a catalogue brings; None for a catalogue of photos."""
    made: Made | None = getattr(catalogue, "made", None)
    return made


def usable(entries: Iterable[Item | Skipped]) -> Iterator[Item | Skipped]:
    """Pass entries on, with a ``Skipped`` for each item whose id can't be used or was there before.

    The first of several items with one id wins. What is kept of an id is a 64-bit hash: at a million
    items the odds that any two different ids share one are 1 in 37 million, and 70 MB are taken.
    """
    seen: set[int] = set()
    for entry in entries:
        if isinstance(entry, Skipped):
            yield entry
            continue
        problem = _problem(entry.id)
        if problem:
            where = entry.id[:80].encode("utf-8", "replace").decode()
            yield Skipped(where, "unusable id", problem)
            continue
        digest = hashlib.blake2b(entry.id.encode(), digest_size=8).digest()
        number = int.from_bytes(digest)
        if number in seen:
            yield Skipped(entry.id, "duplicate id", f"{entry.id!r} is there more than once: the first is kept")
        else:
            seen.add(number)
            yield entry


def _problem(id: str) -> str:
    """What is wrong with an id, "" if nothing is."""
    if not id.strip():
        return "the id is empty: give every item one"
    if len(id) > MAX_ID:
        return f"the id has {len(id):,} characters, {MAX_ID:,} are allowed: shorten it"
    if not id.isprintable() and any(unicodedata.category(sign) in ("Cc", "Cs") for sign in id):
        return f"the id {id[:80]!r} holds a control character or broken Unicode: rename it"
    return ""


def _refuse_both(folder: Path, features: Path) -> None:
    """A folder with photos and features could mean either: guessing wrong would give another index in silence."""
    try:
        entries = (entry.id for entry in FolderCatalogue(folder) if isinstance(entry, Item))
        photo = next((name for name in entries if Path(name).suffix.lower() in PHOTO_SUFFIXES), None)
    except CatalogueError:
        return  # nothing there could be a photo
    if photo is not None:
        raise CatalogueError(
            f"{folder} holds photos ({photo}) and features ({features.name}): for the features give {features}, for "
            "the photos give the folder in it that they lie in, or move the features elsewhere"
        )


def _drawn(items: str, source: str) -> Catalogue:
    counted = items.isascii() and items.isdigit() and 1 <= len(items) <= 9 and int(items) > 0
    if source != "drawn" and not counted:
        raise CatalogueError(f"{source!r} does not say how many items to draw: write e.g. drawn:60")
    from .drawn import DrawnCatalogue

    return DrawnCatalogue(items=int(items)) if items else DrawnCatalogue()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long for the system, or with a NUL
        return False


def _near(path: Path) -> str:
    """Names that resemble a path which does not exist, from the folder it would lie in."""
    parent = path.absolute().parent
    try:
        names = [entry.name for entry in itertools.islice(parent.iterdir(), 10_000)]
    except (OSError, ValueError):
        return f" Nor can the folder {str(parent)!r} be read."
    near = difflib.get_close_matches(path.name, names, n=3)
    return f" Near names there: {', '.join(near)}." if near else ""
