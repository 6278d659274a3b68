"""Rows of a webdataset: a tar in which files of one stem are a sample, ``000017.jpg``, ``000017.json``, ``000017.txt``.

The photo is the column ``image``, the stem ``key``, the text ``caption``; what the JSON holds are further columns.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from ..errors import CatalogueError
from ..types import Skipped
from .file_names import PHOTO_SUFFIXES

__all__ = ["TarRows"]

_LARGEST = 64 * 2**20
"""Bytes of a file in the tar: more than any photo that is decoded."""


class TarRows:
    """A webdataset. Implements ``rows.Rows``.

    Args:
        path: of the tar.

    Raises:
        CatalogueError: it is no tar, or damaged.
    """

    unit = "sample"

    def __init__(self, path: Path) -> None:
        self._path = path
        names: dict[str, None] = {"image": None, "key": None}
        for row in self.read(()):
            if isinstance(row, tuple):
                names.update(dict.fromkeys(row[1]))
        self.columns = tuple(names)
        self.left_out: tuple[str, ...] = ("image",)

    def read(self, raw_columns: Collection[str]) -> Iterator[tuple[int, dict[str, object]] | Skipped]:
        """Stream the rows, see ``rows.Rows``."""
        number, key = 0, ""
        cells: dict[str, object] = {}
        try:
            with tarfile.open(self._path) as tar:
                for member in tar:
                    if not member.isfile() or member.name.rpartition("/")[2].startswith("."):
                        continue
                    folder, _, name = member.name.rpartition("/")
                    stem, _, suffix = name.partition(".")
                    if (own := f"{folder}/{stem}" if folder else stem) != key:
                        if cells:
                            number += 1
                            yield number, cells
                        key, cells = own, {"key": own}
                    cells |= self._cells(tar, member, suffix, "image" in raw_columns)
        except (tarfile.TarError, OSError, EOFError) as error:
            raise CatalogueError(f"{self._path} can't be read as tar ({error}): write it anew") from error
        if cells:
            yield number + 1, cells

    def _cells(self, tar: tarfile.TarFile, member: tarfile.TarInfo, suffix: str, photos: bool) -> dict[str, object]:
        """Return what one file of a sample holds."""
        is_photo = PurePosixPath(f"x.{suffix.lower()}").suffix in PHOTO_SUFFIXES
        if (is_photo and not photos) or member.size > _LARGEST or not (is_photo or suffix in ("json", "txt", "cls")):
            return {}
        file = tar.extractfile(member)
        data = file.read() if file is not None else b""
        if is_photo:
            return {"image": data}
        text = data.decode("utf-8", "replace").strip()
        if suffix == "json":
            try:
                found = json.loads(text)
            except (ValueError, RecursionError):
                return {}
            return {name: cell for name, cell in found.items() if name != "key"} if isinstance(found, dict) else {}
        return {"caption" if suffix == "txt" else "label": text} if text else {}
