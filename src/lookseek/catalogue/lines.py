"""Lines of a text file: UTF-8, with or without a byte order mark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import CatalogueError

__all__ = ["read_lines"]

MAX_LINE = 16 * 2**20
"""Bytes of a line: far more than any row of words, far fewer than the memory holds."""


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file with their ends.

    Raises:
        CatalogueError: not UTF-8, or a line over ``MAX_LINE``, with the number of the line.
    """
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(MAX_LINE + 1):
            number += 1
            if len(raw) > MAX_LINE:
                raise CatalogueError(f"{path} line {number} is longer than {MAX_LINE:,} bytes: is it a table?")
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                place = f"byte 0x{raw[error.start]:02X} at {error.start + 1}"
                raise CatalogueError(
                    f"{path} line {number} is not UTF-8 ({place}): save the file as UTF-8 (Excel: CSV UTF-8)"
                ) from error
