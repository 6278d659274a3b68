"""A table of items: one row an item, one column its photo.

- The photo's column is the one called so (``IMAGE_NAMES``). It holds a path, absolute or from the table's
  folder, or bytes (Parquet), or an object with ``bytes`` and ``path`` as Hugging Face datasets have it.
- The id's column is the one called so (``ID_NAMES``). Without one the id is the path as the table has it,
  or the number of the row where the photo is bytes.
- The first column called so (``TEXT_NAMES``) is the item's text, and an attribute as well.
- Every other column is an attribute under its own name: text, numbers, booleans; dates as ISO 8601; a list
  of such joined by ", ". Missing values, NaN, bytes, objects, and lists over ``MAX_JOINED`` are left out.

Text and names are put into Unicode form NFC, so that a filter finds them however they were typed.
"""

from __future__ import annotations

import datetime
import decimal
import difflib
import math
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..errors import CatalogueError
from ..types import Item, Photo, Skipped, Value
from .photos import bytes_or_path, written
from .rows import Row, open_rows

__all__ = ["TableCatalogue"]

IMAGE_NAMES = (
    *("image", "photo", "picture", "img", "imagepath", "imagefile", "imagename", "photopath", "picturepath"),
    *("imgpath", "path", "filepath", "file", "filename", "imageurl", "photourl", "imgurl", "url", "link"),
)
ID_NAMES = ("id", "itemid", "productid", "articleid", "sku", "asin", "uuid", "key")
TEXT_NAMES = ("title", "text", "name", "productname", "productdisplayname", "description", "caption")
"""Names of columns in the order of preference, without capitals, blanks and signs."""

MAX_JOINED = 1000
"""Characters of a joined list: words pass, the numbers of an embedding don't."""


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
        image = _named(columns, image_column) if image_column is not None else _found(columns, IMAGE_NAMES)
        if image is None:
            raise CatalogueError(
                f"{path} has no column called image, photo, path or the like: name the one that holds the "
                f"photos. There are: {', '.join(columns)}"
            )
        self._image = image
        others = [name for name in columns if name != image]
        self._id = _named(columns, id_column) if id_column is not None else _found(others, ID_NAMES)
        self._text = _found([name for name in others if name != self._id], TEXT_NAMES)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Item | Skipped]:
        plain = {self._image} | ({self._id} if self._id is not None else set())
        for row in self._rows.read(plain):
            yield row if isinstance(row, Skipped) else self._item(row)

    def _item(self, row: Row) -> Item | Skipped:
        number, cells = row
        where = f"{self._rows.unit} {number}"
        id = _identifier(cells.get(self._id)) if self._id is not None else None
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
            clean(name): value
            for name, cell in cells.items()
            if name and name not in (self._image, self._id) and (value := attribute(cell)) is not None
        }
        text = attributes.get(clean(self._text)) if self._text is not None else None
        own = id or (image if isinstance(image, str) else str(number))
        source = str(photo) if isinstance(photo, Path) else written(self._path, number, self._image)
        return Item(own, photo, "" if text is None else str(text), attributes, source)

    def _photo(self, name: str) -> Photo | str:
        """The file that a cell names, or what is wrong with it."""
        if _is_address(name):
            return f"{name[:80]} is a web address and lookseek uses no network: download it, give its path"
        # Tables are written on Windows and typed by people; file systems keep either Unicode form.
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


def attribute(cell: object) -> Value | None:
    """What a cell becomes as an attribute; None for what is missing or no attribute."""
    match cell:
        case bool():
            return cell
        case int():
            return cell if -(2**63) <= cell < 2**63 else str(cell)
        case float() | decimal.Decimal():
            number = float(cell)
            return number if math.isfinite(number) else None
        case str():
            return clean(cell).strip() or None
        case datetime.date() | datetime.time():
            return cell.isoformat()
        case list():
            parts = [attribute(part) for part in cell if not isinstance(part, list)]
            joined = ", ".join(str(part) for part in parts if part is not None)
            return joined if 0 < len(joined) <= MAX_JOINED else None
        case _:
            return None


def clean(text: str) -> str:
    """Text in NFC; halves of surrogate pairs, which JSON can hold and UTF-8 cannot, as U+FFFD."""
    if text.isascii():
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFC", whole)


def _identifier(cell: object) -> str:
    """An id as text, "" for none; 12.0 is 12, since a column of integers with gaps is read as floats."""
    match cell:
        case str():
            return cell.strip()
        case float():
            return str(int(cell)) if cell.is_integer() else str(cell) if math.isfinite(cell) else ""
        case None | list() | dict() | bytes():
            return ""
        case _:
            return str(cell)


def _is_address(name: str) -> bool:
    return "://" in name[:12] or name.startswith(("data:", "//"))


def _found(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """The column whose name comes first in ``names``."""
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault("".join(filter(str.isalnum, column.casefold())), column)
    return next((plain[name] for name in names if name in plain), None)


def _named(columns: tuple[str, ...], name: str) -> str:
    """The column that a person named."""
    exact: Mapping[str, str] = {clean(column): column for column in columns}
    if clean(name) in exact:
        return exact[clean(name)]
    lower = {column.lower(): column for column in columns}
    near = difflib.get_close_matches(name.lower(), lower, n=1)
    hint = f" Did you mean {lower[near[0]]!r}?" if near else ""
    raise CatalogueError(f"there is no column {name!r}.{hint} There are: {', '.join(columns)}")
