"""Reads a table, folder or drawn catalogue into photos and columns of attributes, for benchmarks that take any."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...catalogue import Catalogue, open_catalogue
from ...catalogue.columns import ID_NAMES, IMAGE_NAMES, find_column
from ...catalogue.rows import TABLE_SUFFIXES, open_rows
from ...errors import CatalogueError
from ...types import Attributes, AttributeValue, Photo, Skipped

__all__ = ["Table", "read_table"]

SPLIT = "split"
"""The column that holds the split of a photo."""

NO_PHOTO = frozenset(("empty image", "missing file", "unreadable file", "web address"))
"""Kinds of ``Skipped`` whose photo the table names and that is missing or unreadable."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The photos of a table and its columns.

    Args:
        name: as a person gave it.
        ids: of the photos, in the order of the table.
        photos: id to photo.
        columns: name to the value for each photo, None for an empty cell; in the order of their first occurrence.
        titles: the text of each photo; "" for none.
        missing: ids, or rows, of photos that are missing or unreadable.
        notes: sentences on rows that were left out for other reasons.
    """

    name: str
    ids: tuple[str, ...]
    photos: Mapping[str, Photo]
    columns: Mapping[str, Sequence[AttributeValue | None]]
    titles: Sequence[str]
    missing: tuple[str, ...]
    notes: tuple[str, ...]

    def column(self, name: str) -> Sequence[AttributeValue | None]:
        """Return the values of a column.

        Raises:
            CatalogueError: no column has this name.
        """
        if name in self.columns:
            return self.columns[name]
        near = difflib.get_close_matches(name, self.columns, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise CatalogueError(f"{self.name} has no column {name!r}: {meant}{self.there()}")

    def there(self) -> str:
        """Return a sentence that names the columns."""
        tables = sorted(p.name for p in Path(self.name).glob("*.*") if p.suffix.lower() in TABLE_SUFFIXES)
        hint = f"; to read its table, give {Path(self.name) / tables[0]}" if tables else ""
        return f"there are: {', '.join(self.columns) or 'none'}{hint}"

    def rows_of(self, split: str) -> list[int]:
        """Return the rows of a split, of a table with a column ``split``.

        Raises:
            CatalogueError: the split has no rows.
        """
        rows = [row for row, value in enumerate(self.columns[SPLIT]) if str(value) == split]
        if not rows:
            splits = sorted({str(value) for value in self.columns[SPLIT] if value is not None})
            raise CatalogueError(f"{self.name} has no photos of the split {split!r}: it has {', '.join(splits)}")
        return rows


def read_table(data: Path, item_columns: Sequence[str] = ()) -> Table:
    """Read whatever ``open_catalogue`` reads. Photos that a table holds as bytes stay in memory.

    Args:
        data: a table file, a folder of photos, or the word drawn:ITEMS.
        item_columns: names of columns that hold the item that a photo shows, the preferred first. Several photos share
            an item, so where ``open_catalogue`` would take such a column for the photos' ids, their paths are the ids.

    Raises:
        CatalogueError: the data can't be read or has no photo.
    """
    ids: list[str] = []
    photos: dict[str, Photo] = {}
    said: list[Attributes] = []
    titles: list[str] = []
    skipped: list[Skipped] = []
    item = _ambiguous_id_column(data, item_columns)
    for entry in _opened(data, item):
        if isinstance(entry, Skipped):
            skipped.append(entry)
        elif entry.image is None:
            skipped.append(Skipped(entry.id, "empty image", f"{entry.id} has no photo"))
        else:
            said.append(entry.attributes)
            ids.append(entry.id)
            titles.append(entry.text)
            photos[entry.id] = entry.image
    missing = tuple(entry.where for entry in skipped if entry.kind in NO_PHOTO)
    if not ids and item:
        raise CatalogueError(
            f"the photos lie in {data} itself and have no ids but {item!r}, which says what item they show: "
            "add a column id, with an id of its own for each photo"
        )
    if not ids:
        first = f", e.g. {skipped[0].reason}" if skipped else ""
        raise CatalogueError(f"{data} has no photo that can be used{first}: see what lookseek index says of it")
    others = Counter(entry.kind for entry in skipped if entry.kind not in NO_PHOTO)
    left_out = ", ".join(f"{kind} {count:,}" for kind, count in sorted(others.items()))
    notes = (f"Rows that were left out: {left_out}.",) if left_out else ()
    names = dict.fromkeys(name for attributes in said for name in attributes)
    columns = {name: [attributes.get(name) for attributes in said] for name in names}
    return Table(str(data), tuple(ids), photos, columns, titles, missing, notes)


def _ambiguous_id_column(data: Path, item_columns: Sequence[str]) -> str:
    """Return the column of items where a table would take it for the photos' ids, else ""."""
    if not item_columns or data.suffix.lower() not in TABLE_SUFFIXES or not data.is_file():
        return ""
    columns = open_rows(data).columns
    item = next((name for name in item_columns if name in columns), "")
    image = find_column(columns, IMAGE_NAMES)
    return item if image and item == find_column([name for name in columns if name != image], ID_NAMES) else ""


def _opened(data: Path, item: str) -> Catalogue:
    if item:
        return open_catalogue(data, id_column=find_column(open_rows(data).columns, IMAGE_NAMES))
    return open_catalogue(data if data.exists() else str(data))  # only a text that is no path can mean drawn:ITEMS
