"""A folder of photos with ``metadata.csv``, ``.jsonl`` or ``.parquet`` beside them, as Hugging Face has it.

Each row describes the photo that its column ``file_name`` names. Photos that no row names are items without further
attributes. An id is the photo's path from the folder, as in any folder of photos.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ..store import FieldType
from ..types import Item, Role, Skipped
from .column_types import ColumnType
from .folder import FolderCatalogue
from .options import DEFAULT_OPTIONS, ReadingOptions
from .reading import Reading
from .table import TableCatalogue

__all__ = ["ImageFolder", "metadata_in"]

_NAMES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")


def metadata_in(folder: Path) -> list[Path]:
    """Return the tables of metadata in a folder and the folders in it, by path."""
    folders = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    found = (next((one / name for name in _NAMES if (one / name).is_file()), None) for one in folders)
    return [path for path in found if path is not None]


class ImageFolder:
    """Photos and what tables beside them say.

    Args:
        path: the folder.
        tables: of metadata, in it or in folders in it.
        options: what a person said of how to read them.

    Raises:
        CatalogueError: a table can't be read.
    """

    has_own_ids = False

    def __init__(self, path: Path, tables: list[Path], options: ReadingOptions = DEFAULT_OPTIONS) -> None:
        self._root = Path(os.path.normpath(path.absolute()))
        self.name, self.origin = self._root.name or str(self._root), str(self._root)
        given = options if "id" in options.columns else replace(options, columns={**options.columns, "id": ""})
        self._tables = [TableCatalogue(table, given) for table in tables]
        self._photos = FolderCatalogue(path, options.exclude)

    @property
    def roles(self) -> Mapping[Role, str]:
        """The attributes that have a role."""
        return {role: name for table in self._tables for role, name in table.roles.items()}

    @property
    def fields(self) -> Mapping[str, FieldType]:
        """The types of the attributes."""
        return {name: kind for table in self._tables for name, kind in table.fields.items()}

    @property
    def types(self) -> Mapping[str, ColumnType]:
        """Attribute to how its texts are read."""
        return {name: kind for table in self._tables for name, kind in table.types.items()}

    @property
    def reading(self) -> Reading:
        """What was decided on how the tables are read: of each column by the first that has it."""
        readings = [table.reading for table in self._tables]
        first = readings[0]
        if len(readings) == 1:
            return first
        names = dict.fromkeys(column.column for reading in readings for column in reading.columns)
        columns = {column.column: column for reading in reversed(readings) for column in reading.columns}
        return replace(
            first,
            name=f"{self.name}, {len(readings)} tables of metadata",
            rows=sum(reading.rows for reading in readings),
            columns=tuple(columns[name] for name in names),
            left_out=tuple(dict.fromkeys(name for reading in readings for name in reading.left_out)),
            notes=tuple(dict.fromkeys(note for reading in readings for note in reading.notes)),
        )

    def __len__(self) -> int:
        return len(self._photos) + sum(map(len, self._tables))

    def __iter__(self) -> Iterator[Item | Skipped]:
        named = set[int]()
        for table in self._tables:
            for entry in table:
                if isinstance(entry, Item):
                    entry = self._placed(entry)
                    named.add(hash(entry.id))
                yield entry
        for entry in self._photos:
            if isinstance(entry, Skipped) or hash(entry.id) not in named:
                yield entry

    def _placed(self, item: Item) -> Item:
        """Return an item with its photo's path from the folder as its id, and the attribute ``folder``."""
        if not isinstance(item.image, Path):
            return item
        path = Path(os.path.normpath(item.image))
        if not path.is_relative_to(self._root):
            return item
        id = path.relative_to(self._root).as_posix()
        first, slash, _ = id.partition("/")
        return replace(item, id=id, attributes={**({"folder": first} if slash else {}), **item.attributes})
