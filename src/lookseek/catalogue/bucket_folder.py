"""A folder of photos in a bucket. Ids and the attribute ``folder`` are those of a folder on disk (see ``folder``)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from ..errors import CatalogueError, FetchError
from ..types import Attributes, Item, Skipped
from .buckets import keys_below
from .file_names import OTHER_FOLDERS, PHOTO_SUFFIXES, is_excluded, is_hidden
from .options import ReadingOptions
from .remote_photos import RemotePhotos
from .rows import TABLE_SUFFIXES

__all__ = ["BucketFolder"]


class BucketFolder:
    """Every photo of a folder in a bucket, sorted by name: objects whose names end as a picture's do.

    Args:
        address: of the folder.
        remote: fetches its photos.
        options: patterns to leave out.

    Raises:
        CatalogueError: the bucket can't be listed, or holds no photo there.
    """

    has_own_ids = False

    def __init__(self, address: str, remote: RemotePhotos, options: ReadingOptions) -> None:
        self._address, self._remote, self._exclude = address.rstrip("/") + "/", remote, options.exclude
        self.name, self.origin = PurePosixPath(address).name, self._address
        keys = list(keys_below(self._address))
        self._keys = [key for key in keys if self._is_photo(key)]
        if not self._keys:
            tables = [key for key in keys if PurePosixPath(key).suffix.lower() in TABLE_SUFFIXES]
            hint = f": to read its table, give {self._address}{tables[0]}" if tables else ": correct the address"
            raise CatalogueError(f"there is no photo in {address}{hint}")

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Item | Skipped]:
        for key in self._remote.ahead(self._keys, lambda key: [self._address + key]):
            address = self._address + key
            try:
                path = self._remote.photo(address)
            except FetchError as error:
                yield Skipped(key, "not fetched", str(error))
                continue
            first, slash, _ = key.partition("/")
            attributes: Attributes = {"folder": unicodedata.normalize("NFC", first)} if slash else {}
            yield Item(key, path, attributes=attributes, source=str(path))

    def _is_photo(self, key: str) -> bool:
        path = PurePosixPath(key)
        folders = [each for each in path.parents if each.name]
        passed_over = any(is_hidden(each.name) or each.name.lower() in OTHER_FOLDERS for each in folders)
        if passed_over or is_hidden(path.name) or path.suffix.lower() not in PHOTO_SUFFIXES:
            return False
        return not any(is_excluded(each, self._exclude) for each in (path, *folders))
