"""What a cell says of photos: whether it looks like one, and the paths or bytes that it holds."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from .cells import read_list
from .file_names import PHOTO_SUFFIXES, starts_like_a_photo

__all__ = ["is_address", "looks_like_photo", "photos_in"]

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,9}:)?//|data:", re.IGNORECASE)
_FILE = re.compile(r"file://", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*[|;,\n]\s*")
MOST = 100
"""Photos of one cell."""


def is_address(name: str) -> bool:
    """Return whether a text is the address of something on a network, or a picture in the address itself."""
    return bool(_ADDRESS.match(name)) and not _FILE.match(name)


def looks_like_photo(cell: object) -> bool:
    """Return whether a cell holds a photo, the path of one, or several."""
    found = photos_in(cell)
    return bool(found) and all(
        starts_like_a_photo(one) if isinstance(one, bytes) else _has_suffix(one) for one in found
    )


def photos_in(cell: object) -> tuple[bytes | str, ...]:
    """Return the photos of a cell: bytes, or paths and addresses.

    A text holds several where it is a list in JSON or Python, or where each part between ``|``, ``;`` or ``,`` ends as
    a picture's name does.

    >>> photos_in("a.jpg, b.jpg"), photos_in("dress, red.jpg"), photos_in("['a.jpg', 'b.jpg']")
    (('a.jpg', 'b.jpg'), ('dress, red.jpg',), ('a.jpg', 'b.jpg'))
    """
    match cell:
        case bytes():
            return (cell,) if cell else ()
        case str():
            return _paths(cell.strip())
        case {"bytes": bytes(inner)} if inner:
            return (inner,)
        case {"path": str(inner)}:
            return _paths(inner.strip())
        case {"src": str(inner)} | {"url": str(inner)}:
            return _paths(inner.strip())
        case list():
            return tuple(photo for one in cell[:MOST] for photo in photos_in(one))
        case _:
            return ()


def _paths(text: str) -> tuple[str, ...]:
    if (parts := read_list(text)) is not None:
        return parts
    if not text:
        return ()
    between = _BETWEEN.split(text)
    if len(between) > 1 and all(map(_has_suffix, filter(None, between))):
        return tuple(dict.fromkeys(filter(None, between)))[:MOST]
    return (text,)


def _has_suffix(name: str) -> bool:
    path = name.partition("?")[0].partition("#")[0] if is_address(name) or "?" in name else name
    return PurePosixPath(path.replace("\\", "/")).suffix.lower() in PHOTO_SUFFIXES
