"""Objects of a bucket, by the file systems of fsspec: photos that a table names, a table itself, a folder of photos.

Schemes are those of ``SCHEMES`` alone: fsspec's others read the machine's own files, its memory, or hosts without the
guards of ``remote.fetch``. Each needs its package (s3fs, which the extra ``buckets`` brings, gcsfs, adlfs), which takes
credentials and endpoints from the environment and its usual files.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ..atomic import write_text
from ..errors import CatalogueError, FetchError, HostUnreachable

__all__ = ["SCHEMES", "copy_table", "is_in_bucket", "keys_below", "name_in", "read_object"]

SCHEMES: Final[Mapping[str, str]] = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
"""Scheme to the package that reads it."""
_MOST_TABLE: Final = 20_000_000_000
"""Bytes of a table that is copied: 100 million rows of 200 bytes."""


def is_in_bucket(address: str) -> bool:
    """Return whether a text is the address of an object or folder in a bucket.

    >>> is_in_bucket("s3://shop/1.jpg"), is_in_bucket("https://shop/1.jpg"), is_in_bucket("s3.jpg")
    (True, False, False)
    """
    scheme, between, _ = address.partition("://")
    return bool(between) and scheme.lower() in SCHEMES


def name_in(folder: str, name: str) -> str:
    """Return the address of what a table in a bucket names.

    Args:
        folder: the address of the table's folder, with "/" at its end.
        name: of an object, from the folder on; from the bucket's top where it begins with "/".
    """
    scheme, _, rest = folder.partition("://")
    top = f"{scheme}://{rest.partition('/')[0]}/"
    name = name.replace("\\", "/")
    return top + name.lstrip("/") if name.startswith("/") else folder + name.removeprefix("./")


def read_object(address: str, max_bytes: int) -> bytes:
    """Return the bytes of an object.

    Raises:
        FetchError: it is not there, may not be read, or is larger than ``max_bytes``.
        HostUnreachable: the bucket did not answer, or its package is not installed.
    """
    system, path = _open(address)
    try:
        data = bytes(system.cat_file(path, start=0, end=max_bytes + 1))
    except Exception as error:  # botocore's, google's and azure's have nothing in common
        raise _read_error(address, error) from error
    if len(data) > max_bytes:
        raise FetchError(f"{_bucket(address)}: more than {max_bytes:,} bytes, the limit: make the photo smaller")
    return data


def keys_below(folder: str) -> Iterator[str]:
    """Yield the names of all objects of a folder, from the folder on, sorted.

    Raises:
        CatalogueError: the bucket can't be listed.
    """
    try:
        system, path = _open(folder)
        top = path.rstrip("/") + "/"
        found = system.find(path)
    except Exception as error:  # as above
        raise CatalogueError(str(_read_error(folder, error))) from error
    yield from sorted(key.removeprefix(top) for key in found if key.startswith(top) and key != top)


def copy_table(address: str, folder: Path) -> Path:
    """Copy a table of a bucket, where it was not copied or has changed since, and return its path.

    Args:
        address: of the table.
        folder: for tables of buckets; each has a folder of its own in it.

    Raises:
        CatalogueError: it can't be read, is too large, or the disk can't be written.
    """
    here = folder / hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()[:32]
    path, part, mark = here / PurePosixPath(address).name, here.with_suffix(".part"), here.with_suffix(".version")
    try:
        system, key = _open(address)
        about = system.info(key)
    except Exception as error:  # as above
        raise CatalogueError(str(_read_error(address, error))) from error
    size = int(about.get("size") or 0)
    if size > _MOST_TABLE:
        raise CatalogueError(f"{address} has {size:,} bytes, and {_MOST_TABLE:,} is the limit: split it")
    names = ("ETag", "etag", "size", "LastModified", "mtime", "updated")
    version = json.dumps({name: str(about.get(name)) for name in names})
    if path.is_file() and mark.is_file() and mark.read_text(encoding="utf-8") == version:
        return path
    try:
        here.mkdir(parents=True, exist_ok=True)
        system.get_file(key, str(part))
        part.replace(path)
        write_text(mark, version)
    except Exception as error:  # as above
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise CatalogueError(f"{address} can't be copied: the disk of {folder} is full: make room") from error
        raise CatalogueError(str(_read_error(address, error))) from error
    return path


def _open(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it. No protocol but its own is looked at."""
    scheme = address.partition("://")[0].lower()
    package = SCHEMES[scheme]
    try:
        import fsspec

        system = fsspec.filesystem(scheme)
    except ImportError as error:
        extra = "'lookseek[buckets]'" if package == "s3fs" else package
        raise HostUnreachable(f"{scheme}:// needs {package}: pip install {extra}") from error
    return system, str(system._strip_protocol(address))


def _read_error(address: str, error: Exception) -> FetchError:
    if isinstance(error, FetchError):
        return error
    if isinstance(error, FileNotFoundError):
        return FetchError(f"there is no {address}: correct the address")
    if isinstance(error, PermissionError):
        return FetchError(f"{address} may not be read ({error}): give its rights to the credentials of this machine")
    reason = str(error).splitlines()[0][:200] if str(error) else ""
    return HostUnreachable(
        f"{_bucket(address)} can't be read ({type(error).__name__}: {reason}): check address and credentials"
    )


def _bucket(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"[:80]
