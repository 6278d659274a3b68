"""Opens a source of items by its path or name."""

from __future__ import annotations

import difflib
import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import CatalogueError
from ..store import FieldType
from ..types import Item, Role, Skipped
from .base import Catalogue
from .bucket_folder import BucketFolder
from .buckets import copy_table, is_in_bucket
from .classic import ClassicCatalogue, VectorOrigin, features_of
from .column_types import ColumnType
from .deepfashion2 import is_deepfashion2
from .file_names import INDEX_FILES, PHOTO_SUFFIXES
from .folder import FolderCatalogue
from .ids import check_ids
from .imagefolder import ImageFolder, metadata_in
from .layouts import ColumnRole
from .options import DEFAULT_OPTIONS, ReadingOptions
from .reading import Reading
from .rows import TABLE_SUFFIXES
from .shards import shards_in
from .table import TableCatalogue

__all__ = [
    "fields_of",
    "has_own_ids",
    "notes_of",
    "open_catalogue",
    "options_of",
    "origin_of",
    "reading_of",
    "roles_of",
    "types_of",
    "vector_origin",
]

SOURCES = (
    "give a folder of photos, a table (.csv, .tsv, .json, .jsonl, .ndjson, .parquet, .xml, .tar), features "
    "(all_features.npy or its folder), or drawn or drawn:ITEMS"
)

REMEDIES = {
    ".xls": "save the sheet as CSV UTF-8",
    ".xlsx": "save the sheet as CSV UTF-8",
    ".zip": "unpack it and give the folder",
} | dict.fromkeys(PHOTO_SUFFIXES, "it is a photo: give the folder it lies in")


class _Checked:
    """A catalogue whose items have usable, unique ids."""

    def __init__(
        self, source: Catalogue, vector_origin: VectorOrigin | None = None, options: ReadingOptions = DEFAULT_OPTIONS
    ) -> None:
        self.name, self.origin, self.vector_origin = source.name, source.origin, vector_origin
        self.fields, self.reading, self.roles = fields_of(source), reading_of(source), roles_of(source)
        self.has_own_ids, self.types, self.notes = has_own_ids(source), types_of(source), notes_of(source)
        self._source, self.options = source, options

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[Item | Skipped]:
        return check_ids(self._source)


def open_catalogue(
    source: str | Path,
    *,
    image_column: str | None = None,
    id_column: str | None = None,
    options: ReadingOptions = DEFAULT_OPTIONS,
) -> Catalogue:
    """Open a source of items.

    Args:
        source: a folder, a table file, features (see ``classic``), or the text ``drawn`` or ``drawn:ITEMS``; a
            folder of that name is ``./drawn``. A folder of photos or a table in a bucket by its address.
        image_column: the column of a table that holds the photo; None to find it by its name.
        id_column: the column of a table that holds the id; None to find it by its name.
        options: everything else that can be said of how to read it.

    Raises:
        CatalogueError: it does not exist, is empty, or is no source that lookseek reads.
    """
    if isinstance(source, str) and is_in_bucket(source):
        options = _with_columns(options, {"photo": image_column, "id": id_column})
        return _Checked(_in_bucket(source, options), options=options)
    path = Path(source)
    is_table = path.suffix.lower() in TABLE_SUFFIXES
    options = _with_columns(options, {"photo": image_column, "id": id_column})
    if options.of_tables and not (is_table and path.is_file()) and not _holds_tables(path):
        raise CatalogueError(f"{source} is no table, so it has no columns: leave {', '.join(options.of_tables)} out")
    word, _, items = str(source).partition(":")
    if isinstance(source, str) and word == "drawn":
        return _Checked(_drawn(items, source))
    if not _exists(path):
        raise CatalogueError(f"{str(source)!r} is not there.{_similar_names(path)} To start, {SOURCES}")
    if (features := features_of(path)) is not None:
        if path.is_dir():
            _refuse_photos_beside(path, features)
        vectors = ClassicCatalogue(features)
        return _Checked(vectors, vectors.vector_origin)
    if path.is_dir():
        _refuse_index(path)
        return _Checked(_folder(path, options), options=options)
    if not is_table or not path.is_file():
        remedy = REMEDIES.get(path.suffix.lower(), SOURCES)
        raise CatalogueError(f"{source} is not a catalogue that lookseek reads: {remedy}")
    return _Checked(TableCatalogue(path, options), options=options)


def origin_of(source: str | Path) -> str:
    """Return what the catalogue of a source calls its origin: its absolute path, or its address in a bucket."""
    text = str(source)
    if is_in_bucket(text):
        return text if _names_a_table(text) else text.rstrip("/") + "/"
    return os.path.normpath(Path(source).absolute())


def vector_origin(catalogue: Catalogue) -> VectorOrigin | None:
    """Return how the vectors of a catalogue's items were made; None for a catalogue of photos."""
    origin: VectorOrigin | None = getattr(catalogue, "vector_origin", None)
    return origin


def roles_of(catalogue: Catalogue) -> Mapping[Role, str]:
    """Return which attributes of a catalogue's items have a role; empty where it says none."""
    roles: Mapping[Role, str] = getattr(catalogue, "roles", {})
    return roles


def fields_of(catalogue: Catalogue) -> Mapping[str, FieldType]:
    """Return the types of a catalogue's attributes, whatever a single odd value is; empty where it says none."""
    fields: Mapping[str, FieldType] = getattr(catalogue, "fields", {})
    return fields


def types_of(catalogue: Catalogue) -> Mapping[str, ColumnType]:
    """Return how the texts of a catalogue's attributes are read; empty where it is no table."""
    types: Mapping[str, ColumnType] = getattr(catalogue, "types", {})
    return types


def options_of(catalogue: Catalogue) -> ReadingOptions:
    """Return what was said of how to read a catalogue; the default where nothing was."""
    options: ReadingOptions = getattr(catalogue, "options", DEFAULT_OPTIONS)
    return options


def has_own_ids(catalogue: Catalogue) -> bool:
    """Return whether the ids of a catalogue's items were given by its maker, not made of paths or numbers of rows."""
    return bool(getattr(catalogue, "has_own_ids", True))


def notes_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Return what a person should know of a catalogue beside its ``reading_of``, a sentence each."""
    notes: tuple[str, ...] = getattr(catalogue, "notes", ())
    return notes


def reading_of(catalogue: Catalogue) -> Reading | None:
    """Return what was decided on how a table is read; None of a catalogue that is no table."""
    reading: Reading | None = getattr(catalogue, "reading", None)
    return reading


def _with_columns(options: ReadingOptions, columns: Mapping[ColumnRole, str | None]) -> ReadingOptions:
    given = {role: name for role, name in columns.items() if name is not None}
    return replace(options, columns={**options.columns, **given})


def _names_a_table(address: str) -> bool:
    return Path(address).suffix.lower() in TABLE_SUFFIXES


def _in_bucket(address: str, options: ReadingOptions) -> Catalogue:
    if options.remote is None:
        raise CatalogueError(f"{address} lies in a bucket, and nothing is fetched: add --fetch, or give a copy of it")
    if _names_a_table(address):
        return TableCatalogue(copy_table(address, options.remote.folder.parent / "tables"), options, address)
    if named := [name for name in options.of_tables if name != "--fetch"]:
        raise CatalogueError(f"{address} is no table, so it has no columns: leave {', '.join(named)} out")
    return BucketFolder(address, options.remote, options)


def _refuse_index(folder: Path) -> None:
    if any((folder / name).is_file() for name in INDEX_FILES):
        raise CatalogueError(
            f"{folder} is an index, not a source of items: give the folder or table that it was made of, which "
            f"lookseek index --list-sources {folder} prints, or features that lookseek export-vectors wrote of it"
        )


def _refuse_photos_beside(folder: Path, features: Path) -> None:
    """Refuse a folder that holds photos and features: either could be meant, and a guess would go unnoticed."""
    try:
        entries = (entry.id for entry in FolderCatalogue(folder) if isinstance(entry, Item))
        photo = next((name for name in entries if Path(name).suffix.lower() in PHOTO_SUFFIXES), None)
    except CatalogueError:
        return  # it holds no photo
    if photo is not None:
        raise CatalogueError(
            f"{folder} holds photos ({photo}) and features ({features.name}): for the features give {features}, for "
            "the photos give the folder in it that they lie in, or move the features elsewhere"
        )


def _folder(path: Path, options: ReadingOptions) -> Catalogue:
    """Open a folder: photos with tables that describe them, the parts of one table, or photos alone."""
    if is_deepfashion2(path):
        return TableCatalogue(path, options)
    if tables := metadata_in(path):
        return ImageFolder(path, tables, options)
    try:
        return FolderCatalogue(path, options.exclude)
    except CatalogueError:
        if shards_in(path):
            return TableCatalogue(path, options)
        raise


def _holds_tables(path: Path) -> bool:
    try:
        return path.is_dir() and bool(is_deepfashion2(path) or metadata_in(path) or shards_in(path))
    except OSError:
        return False


def _drawn(items: str, source: str) -> Catalogue:
    valid = items.isascii() and items.isdigit() and 1 <= len(items) <= 9 and int(items) > 0
    if source != "drawn" and not valid:
        raise CatalogueError(f"{source!r} does not say how many items to draw: write e.g. drawn:60")
    from .drawn import DrawnCatalogue

    return DrawnCatalogue(items=int(items)) if items else DrawnCatalogue()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long for the system, or with a NUL
        return False


def _similar_names(path: Path) -> str:
    """Return a sentence with the names that resemble a missing path, from its parent folder; "" for none."""
    parent = path.absolute().parent
    try:
        names = [entry.name for entry in itertools.islice(parent.iterdir(), 10_000)]
    except (OSError, ValueError):
        return f" Nor can the folder {str(parent)!r} be read."
    near = difflib.get_close_matches(path.name, names, n=3)
    return f" Near names there: {', '.join(near)}." if near else ""
