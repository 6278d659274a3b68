"""A table of items: each row is an item, one column holds its photo.

- The photo's column is found by its name (``columns.IMAGE_NAMES``). It holds a path, absolute or relative to the
  table's folder, or bytes (Parquet), or an object with ``bytes`` and ``path`` as Hugging Face datasets have it.
- The id's column is found by its name (``ID_NAMES``). Without one the id is the path as the table has it,
  or the number of the row where the photo is bytes.
- The first column with a name of ``TEXT_NAMES`` is the item's text, and an attribute as well.
- Every other column is an attribute of that name: text, numbers, booleans; dates as ISO 8601; a list
  of such joined by ", ". Missing values, NaN, bytes, objects, and lists over ``cells.MAX_JOINED`` are omitted.

Text and names are normalised to NFC, so that a filter finds them however they were typed.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from ..errors import CatalogueError
from ..types import Item, Photo, Skipped
from .cells import normalise, to_attribute, to_id
from .columns import ID_NAMES, IMAGE_NAMES, TEXT_NAMES, find_column, resolve_column
from .photos import bytes_or_path, source_in_table
from .rows import Row, open_rows

__all__ = ["TableCatalogue"]


class TableCatalogue:
    """The items of a table file.

    Args:
        path: a file that ``rows.open_rows`` reads.
        image_column: the photo's column; None to find it by name.
        id_column: the id's column; None to find it by name.

    Raises:
        CatalogueError: the file can't be read, has no rows, or lacks a column that was named or needed.
    """

    def __init__(self, path: Path, *, image_column: str | None = None, id_column: str | None = None) -> None:
        self.name = path.name
        self._path = Path(os.path.normpath(path.absolute()))
        self._folder = self._path.parent
        self.origin = str(self._path)
        self._rows = open_rows(path)
        columns = self._rows.columns
        image = resolve_column(columns, image_column) if image_column is not None else find_column(columns, IMAGE_NAMES)
        if image is None:
            raise CatalogueError(
                f"{path} has no column called image, photo, path or the like: name the one that holds the "
                f"photos. There are: {', '.join(columns)}"
            )
        self._image = image
        others = [name for name in columns if name != image]
        self._id = resolve_column(columns, id_column) if id_column is not None else find_column(others, ID_NAMES)
        self._text = find_column([name for name in others if name != self._id], TEXT_NAMES)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Item | Skipped]:
        raw_columns = {self._image} | ({self._id} if self._id is not None else set())
        for row in self._rows.read(raw_columns):
            yield row if isinstance(row, Skipped) else self._item(row)

    def _item(self, row: Row) -> Item | Skipped:
        number, cells = row
        where = f"{self._rows.unit} {number}"
        id = to_id(cells.get(self._id)) if self._id is not None else None
        if id == "":
            return Skipped(where, "empty id", f"{where} has nothing in the column {self._id!r}: give it an id")
        image = bytes_or_path(cells.get(self._image))
        label = id or where
        if not image:
            reason = f"{where} has no photo in the column {self._image!r}: give a path"
            return Skipped(label, "empty image", reason)
        if isinstance(image, str):
            photo = self._photo(image)
            if isinstance(photo, str):
                kind = "web address" if _is_address(image) else "missing file"
                return Skipped(label, kind, f"{where}: {photo}")
        else:
            photo = image
        attributes = {
            normalise(name): value
            for name, cell in cells.items()
            if name and name not in (self._image, self._id) and (value := to_attribute(cell)) is not None
        }
        text = attributes.get(normalise(self._text)) if self._text is not None else None
        item_id = id or (image if isinstance(image, str) else str(number))
        source = str(photo) if isinstance(photo, Path) else source_in_table(self._path, number, self._image)
        return Item(item_id, photo, "" if text is None else str(text), attributes, source)

    def _photo(self, name: str) -> Photo | str:
        """Return the file that a cell names, or what is wrong with it."""
        if _is_address(name):
            return f"{name[:80]} is a web address and lookseek uses no network: download it, give its path"
        # Windows writes backslashes, and file systems keep either Unicode form.
        slashed = name.replace("\\", "/")
        forms = (unicodedata.normalize(form, slashed) for form in ("NFC", "NFD"))
        for candidate in dict.fromkeys((name, slashed, *forms)):
            path = self._folder / candidate
            try:
                if path.is_file():
                    return path
            except (OSError, ValueError):
                continue  # too long, or with a NUL: no such file
        return f"there is no file {name[:200]!r} in {self._folder}: correct the path"


def _is_address(name: str) -> bool:
    return "://" in name[:12] or name.startswith(("data:", "//"))
