"""EXIF's orientation: how it is read, and how it is applied."""

from __future__ import annotations

from typing import Literal

from ..types import Pixels

__all__ = ["apply_orientation", "exif_orientation"]


def exif_orientation(exif: bytes) -> int:
    """Return EXIF's orientation, 1 to 8; 1 where it is missing or invalid.

    Source: Exif 2.32, 4.6.4, tag 0x0112; TIFF 6.0, section 2.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order: Literal["little", "big"] = "little" if tiff.startswith(b"II") else "big"
    if tiff[:4] not in (b"II*\0", b"MM\0*"):
        return 1

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)

    start = number(4, 4)
    for at in range(start + 2, min(start + 2 + 12 * number(start, 2), len(tiff)), 12):
        if number(at, 2) == 0x0112:
            value = number(at + 8, 4 if number(at + 2, 2) == 4 else 2)
            return value if 1 <= value <= 8 else 1
    return 1


def apply_orientation(pixels: Pixels, orientation: int) -> Pixels:
    """Return a view of the picture, turned upright by EXIF's orientation. Source: Exif 2.32, 4.6.4, tag 0x0112."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels
