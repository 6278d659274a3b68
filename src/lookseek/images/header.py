"""What the file of a picture declares about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..errors import ImageBroken

__all__ = ["Format", "Header", "check_body_size"]

Format: TypeAlias = Literal["JPEG", "PNG", "GIF", "WebP", "AVIF", "HEIC", "TIFF"]
"""A format that lookseek decodes."""


def check_body_size(header: Header) -> None:
    """Check that a picture has enough bytes for the pixels that it declares.

    Raises:
        ImageBroken: fewer bytes than ``min_bytes``.
    """
    if len(header.body) < header.min_bytes:
        raise ImageBroken(
            f"the {header.format} declares {header.width} x {header.height} pixels, which take {header.min_bytes:,} "
            f"bytes at the least, but has {len(header.body):,}: fetch or save it again"
        )


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture declares about itself.

    Args:
        format: by content, never by the file's name.
        width: as stored, before turning, pixels; 0 for AVIF and HEIC, whose size only their decoders read.
        height: likewise.
        orientation: EXIF's, 1 to 8; 1 where it is missing or invalid.
        body: the file without metadata, as far as the format allows.
        channels: 1, 3 or 4 for JPEG, 0 elsewhere.
        min_bytes: the fewest bytes that a file with so many pixels can have; 0 where that isn't known.
    """

    format: Format
    width: int
    height: int
    orientation: int
    body: bytes
    channels: int = 0
    min_bytes: int = 0
