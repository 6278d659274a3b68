"""Finds the file that a cell names, as shops, spreadsheets and other systems write paths."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["PHOTO_FOLDERS", "PhotoFinder"]

PHOTO_FOLDERS = ("images", "img", "photos", "pictures")
"""Folders beside a table in which the files lie that it names without a folder."""
_LISTED = 16
"""Folders whose names are remembered at a time."""


class PhotoFinder:
    """Finds the files that the cells of a table name. It remembers the folders that it has listed.

    Args:
        folder: of the table.
    """

    def __init__(self, folder: Path) -> None:
        self._bases = (folder, *(folder / name for name in PHOTO_FOLDERS if (folder / name).is_dir()))
        self._listed: dict[Path, dict[str, str]] = {}

    def find(self, name: str) -> Path | None:
        """Return the file that a name means, or None.

        Tried in this order: the name as it is; with slashes for backslashes; in either Unicode form; ``%20`` and
        ``file://`` decoded, ``?v=1`` taken off; under the folder although it begins with a slash; in one of
        ``PHOTO_FOLDERS``; with letters of another case.

        Args:
            name: absolute, or relative to the folder.
        """
        if _is_file(self._bases[0] / name):
            return self._bases[0] / name
        forms = tuple(dict.fromkeys(_forms(name)))
        for base in self._bases:
            for form in forms:
                if _is_file(base / form):
                    return base / form
        paths = (base / form for base in self._bases for form in forms)
        return next(filter(None, map(self._in_another_case, paths)), None)

    def _in_another_case(self, path: Path) -> Path | None:
        try:
            parent = path.parent
            if parent not in self._listed:
                if len(self._listed) >= _LISTED:
                    self._listed.clear()
                self._listed[parent] = _names_by_case(parent)
            found = self._listed[parent].get(path.name.casefold())
            return parent / found if found is not None and (parent / found).is_file() else None
        except (OSError, ValueError):
            return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False  # too long, or with a NUL: no such file


def _forms(name: str) -> Iterator[str]:
    """Yield the spellings of a path."""
    slashed = name.replace("\\", "/")
    yield name
    yield slashed
    for form in ("NFC", "NFD"):
        yield unicodedata.normalize(form, slashed)
    plain = unquote(urlsplit(slashed).path if slashed.lower().startswith("file://") else slashed.partition("?")[0])
    yield plain
    yield unicodedata.normalize("NFC", plain)
    if plain.startswith("/"):
        yield plain.lstrip("/")


def _names_by_case(folder: Path) -> dict[str, str]:
    """Return the files of a folder by their names in one case. A name that two files share in it is left out."""
    names: dict[str, str] = {}
    twice = set[str]()
    for path in folder.iterdir() if folder.is_dir() else ():
        key = path.name.casefold()
        if key in names:
            twice.add(key)
        names[key] = path.name
    return {key: name for key, name in names.items() if key not in twice}
