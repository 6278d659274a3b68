"""Reads the header of a TIFF without a decoder. Source: Adobe, TIFF, revision 6.0, sections 2 and 8."""

from __future__ import annotations

from typing import Literal

from ..errors import ImageBroken, NotAnImage
from .file_types import describe_file
from .header import Header

__all__ = ["read_tiff"]

MAX_TAGS = 200
"""Tags of the first picture: a scanner's have some 20."""
MAX_METADATA = 1 << 20
"""Bytes of all tags that are not places of pixels: a camera's EXIF and profile have less than 100 KB."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Type of a tag's values to the bytes of one."""
_KIND, _WIDTH, _HEIGHT, _ORIENTATION = 254, 256, 257, 274
_PLACES = frozenset((273, 279, 324, 325))
"""Where strips and tiles are, and how long."""
_RAW = frozenset((46275, 50706))
"""Tags of raw camera pictures: Kodak's, and DNG's version."""


def read_tiff(data: bytes) -> Header:
    """Read the header of a TIFF's first picture.

    Raises:
        NotAnImage: a raw camera picture, of which a thumbnail would be decoded, or a picture without a size.
        ImageBroken: it is damaged, or has more metadata than any camera writes.
    """
    order: Literal["little", "big"] = "little" if data.startswith(b"II") else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order)

    start = number(4, 4)
    count = number(start, 2)
    if start + 2 + 12 * count > len(data):
        raise ImageBroken("the TIFF is cut short or damaged before its pixels begin: fetch or save it again")
    if count > MAX_TAGS:
        raise ImageBroken(f"the TIFF has {count:,} tags, {MAX_TAGS} are taken: save it again")
    values: dict[int, int] = {}
    metadata = 0
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, length = number(at, 2), number(at + 2, 2), number(at + 4, 4)
        values.setdefault(tag, number(at + 8, 2 if kind == 3 else 4))
        metadata += 0 if tag in _PLACES else _SIZES.get(kind, 1) * length
    if metadata > MAX_METADATA:
        raise ImageBroken(
            f"the TIFF has {metadata:,} bytes of metadata, {MAX_METADATA:,} are taken: save it again without"
        )
    is_raw = values.keys() & _RAW or data[8:10] == b"CR" or values.get(_KIND, 0) & 1
    if is_raw or not (values.get(_WIDTH) and values.get(_HEIGHT)):
        raise NotAnImage(f"this is {describe_file(data)}")
    width, height = values[_WIDTH], values[_HEIGHT]
    turned = 5 <= values.get(_ORIENTATION, 1) <= 8  # its decoder turns it upright, and gives the size of that
    return Header("TIFF", *((height, width) if turned else (width, height)), 1, data)
