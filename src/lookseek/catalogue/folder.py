"""A folder of photos, with its sub-folders.

- The id of an item is its path from the folder, with ``/``: ``dresses/summer/12.jpg``.
- Its one attribute is ``folder``, the sub-folder of the first level: ``dresses``. A photo that lies at
  the top has none.
- The content decides what is a photo, later, when it is decoded. Here every file becomes an item except hidden files
  and files that are no photo by their name and their first bytes (``notes.txt``). So a ``.jpg`` that holds HTML is
  reported, and a JPEG called ``.txt`` or without a suffix is an item.
- What NAS, Windows and macOS leave behind (``#recycle``, ``@eaDir``, ``$RECYCLE.BIN`` ...) is passed over.
- Links to files are followed, links to folders are not, since they can form a circle.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import CatalogueError
from ..types import Attributes, Item, Skipped
from .file_names import INDEX_FILES, OTHER_FOLDERS, accompanies_photos, is_excluded, is_hidden, starts_like_a_photo

__all__ = ["FolderCatalogue"]


class FolderCatalogue:
    """Every photo of a folder, sorted by name within each sub-folder.

    Args:
        path: the folder.
        exclude: patterns of names, or of paths from the folder, that are left out, as ``fnmatch`` reads them.

    Raises:
        CatalogueError: the folder can't be read or holds no photo.
    """

    has_own_ids = False

    def __init__(self, path: Path, exclude: Sequence[str] = ()) -> None:
        self._exclude = tuple(exclude)
        self._root = Path(os.path.normpath(path.absolute()))
        self.name = self._root.name or str(self._root)
        self.origin = str(self._root)
        self._count: int | None = None
        try:
            next(self._root.iterdir(), None)
        except OSError as error:
            raise CatalogueError(f"the folder {path} can't be read ({error.strerror}): check its rights") from error
        if next(iter(self), None) is None:
            tables = self._tables()
            hint = f": to read its table, give {path / tables[0]}" if tables else ": put photos into it"
            raise CatalogueError(f"there is no photo in the folder {path}{hint}")

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(1 for _ in self)
        return self._count

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it: tables beside the photos, which are not read."""
        return tuple(
            f"{name} lies beside the photos and is not read: give {self._root / name} as the source to index its rows "
            "with their photos"
            for name in self._tables()
        )

    def _tables(self) -> list[str]:
        suffixes = (".csv", ".tsv", ".jsonl", ".parquet")
        return sorted(path.name for path in self._root.iterdir() if path.suffix.lower() in suffixes and path.is_file())

    def __iter__(self) -> Iterator[Item | Skipped]:
        errors: list[OSError] = []
        for parent, folders, files in os.walk(self._root, onerror=errors.append):
            yield from (_unreadable(error) for error in errors)
            errors.clear()
            here = Path(parent)
            if any(name in files for name in INDEX_FILES):  # an index inside the folder of its photos
                folders.clear()
                continue
            folders[:] = sorted(name for name in folders if not self._is_passed_over(here / name))
            yield from (self._linked(here / name) for name in folders if (here / name).is_symlink())
            for name in sorted(files):
                entry = self._entry(here / name)
                if entry is not None:
                    yield entry
        yield from (_unreadable(error) for error in errors)

    def _entry(self, path: Path) -> Item | Skipped | None:
        """Return the item of a file; None for an ignored file."""
        if is_hidden(path.name) or self._is_excluded(path):
            return None
        id = path.relative_to(self._root).as_posix()
        try:
            id.encode()
        except UnicodeEncodeError:
            where = os.fsencode(id).decode("utf-8", "replace")
            return Skipped(where, "unusable name", f"the name {where!r} is not UTF-8: rename the file")
        try:
            if not path.exists():
                target = path.readlink()
                return Skipped(id, "missing file", f"{id} links to {target}, which is not there: mend the link")
            if not path.is_file() or (accompanies_photos(path) and not starts_like_a_photo(_start(path))):
                return None
        except FileNotFoundError:
            reason = f"{id} went while the folder was read: bring it back, and run the same again"
            return Skipped(id, "missing file", reason)
        except OSError as error:
            return Skipped(id, "unreadable file", f"{id} can't be read ({error.strerror}): check its rights")
        first, slash, _ = id.partition("/")
        attributes: Attributes = {"folder": unicodedata.normalize("NFC", first)} if slash else {}
        return Item(id, path, attributes=attributes, source=str(path))

    def _is_passed_over(self, folder: Path) -> bool:
        return is_hidden(folder.name) or folder.name.lower() in OTHER_FOLDERS or self._is_excluded(folder)

    def _is_excluded(self, path: Path) -> bool:
        return bool(self._exclude) and is_excluded(path.relative_to(self._root), self._exclude)

    def _linked(self, path: Path) -> Skipped:
        where = path.relative_to(self._root).as_posix().encode("utf-8", "replace").decode()
        return Skipped(where, "linked folder", f"{where} links to a folder and is not followed: index that folder")


def _unreadable(error: OSError) -> Skipped:
    where = os.fsencode(str(error.filename)).decode("utf-8", "replace")
    return Skipped(where, "unreadable folder", f"{where} can't be read ({error.strerror}): check its rights")


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)
