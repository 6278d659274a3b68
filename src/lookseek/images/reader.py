"""Reads the bytes of a photo, with a limit on its size."""

from __future__ import annotations

import os
import stat

from ..errors import ItemError
from ..photo import Photo, to_photo
from .limits import check_file_size

__all__ = ["read"]

# O_NONBLOCK: opening does not wait even if a pipe replaces the file after the check.
_READ = sum(getattr(os, name, 0) for name in ("O_RDONLY", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"))


def read(photo: Photo) -> bytes:
    """Return the bytes of a photo. Never waits on a pipe or a device.

    Raises:
        ItemError: no such file, not a file that can be read, or no photo at all.
        ImageTooLarge: larger than ``MAX_FILE_BYTES``.
    """
    photo = to_photo(photo)
    if isinstance(photo, bytes):
        check_file_size(len(photo), "the picture")
        return photo
    try:
        status = os.stat(photo)  # noqa: PTH116 - before opening: opening a device can act on it
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
            raise ItemError(f"{photo}: this is {what}, not a file: give the path of a photo")
        check_file_size(status.st_size, str(photo))
        with os.fdopen(os.open(photo, _READ), "rb") as file:
            return file.read(status.st_size + 1)
    except FileNotFoundError as error:
        raise ItemError(f"{photo}: there is no such file: check the path, or remove the item") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ItemError(f"{photo}: it can't be read ({reason}): check path and permissions") from error
