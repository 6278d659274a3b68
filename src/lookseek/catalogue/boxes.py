"""Photos of which a row means a part: a garment's box, as COCO and DeepFashion2 have it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .. import images
from ..errors import ItemError, QueryError
from ..types import Box

__all__ = ["BOX", "box_of", "crop_photo", "photo_at_box", "source_of_box"]

BOX: Final = "box"
"""The end of the source of such a photo: ``/shop/a.jpg#40,60,200,300/box``."""
_QUALITY = 95


def box_of(cell: object) -> Box | None:
    """Return the box of a cell, an object with ``path`` and ``box``: x, y, width, height in pixels; None for none.

    What lies left of the photo or above it is cut off.

    Raises:
        ItemError: a box without an area.
    """
    match cell:
        case {"box": (int() | float() as x, int() | float() as y, int() | float() as width, int() | float() as height)}:
            try:
                return Box(max(x, 0), max(y, 0), width + min(x, 0), height + min(y, 0))
            except QueryError as error:
                raise ItemError(f"its box can't be used: {error}") from error
        case _:
            return None


def crop_photo(photo: Path, box: Box) -> bytes:
    """Return the part of a photo inside a box, as JPEG: the same bytes each time.

    Raises:
        ItemError: the photo can't be decoded, or the box lies outside it.
    """
    try:
        return images.to_jpeg(images.crop(images.decode(photo), box), _QUALITY)
    except QueryError as error:
        raise ItemError(f"{photo}: {error}") from error


def source_of_box(photo: Path, box: Box) -> str:
    """Return the source of a part of a photo."""
    return f"{photo}#{box.x:g},{box.y:g},{box.width:g},{box.height:g}/{BOX}"


def photo_at_box(photo: str, numbers: str) -> bytes | None:
    """Return the photo that ``source_of_box`` names; None where it does not exist any more.

    Args:
        photo: the path before ``#``.
        numbers: what stands between ``#`` and ``/box``.
    """
    try:
        box = box_of({"box": [float(number) for number in numbers.split(",")]})
        return None if box is None else crop_photo(Path(photo), box)
    except (ItemError, ValueError):
        return None
