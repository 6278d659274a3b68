"""Finds the columns of a table by their names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from ..errors import CatalogueError
from .cells import normalise

__all__ = ["ID_NAMES", "IMAGE_NAMES", "TEXT_NAMES", "find_column", "resolve_column"]

IMAGE_NAMES = (
    *("image", "photo", "picture", "img", "imagepath", "imagefile", "imagename", "photopath", "picturepath"),
    *("imgpath", "path", "filepath", "file", "filename", "imageurl", "photourl", "imgurl", "url", "link"),
)
ID_NAMES = ("id", "itemid", "productid", "articleid", "sku", "asin", "uuid", "key")
TEXT_NAMES = ("title", "text", "name", "productname", "productdisplayname", "description", "caption")
"""Names of columns in the order of preference, in lower case, without blanks and signs."""


def find_column(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """Return the column whose name comes first in ``names``; None if there is none."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault("".join(filter(str.isalnum, column.casefold())), column)
    return next((by_name[name] for name in names if name in by_name), None)


def resolve_column(columns: tuple[str, ...], name: str) -> str:
    """Return the column that an option names.

    Raises:
        CatalogueError: there is none; the message gives the nearest name.
    """
    exact: Mapping[str, str] = {normalise(column): column for column in columns}
    if normalise(name) in exact:
        return exact[normalise(name)]
    lower = {column.lower(): column for column in columns}
    near = difflib.get_close_matches(name.lower(), lower, n=1)
    hint = f" Did you mean {lower[near[0]]!r}?" if near else ""
    raise CatalogueError(f"there is no column {name!r}.{hint} There are: {', '.join(columns)}")
