"""What the file of a picture declares, read with no decoder: its kind, its size, which way is up.

Also its bytes without what pixels don't need. Most bombs sit in that part (a megabyte of text in a
kilobyte, colour profiles, thumbnails, frames that wipe a canvas), so a decoder never gets to see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..errors import ImageBroken, NotAnImage
from .file_types import name_of

__all__ = ["Header", "Kind", "check_substance", "orientation", "read_header"]

Kind: TypeAlias = Literal["JPEG", "PNG", "GIF", "WebP", "AVIF"]

MAX_PIECES = 200_000
"""Chunks or segments in one file: a 200 MB PNG written in pieces of 1 KB; walking them takes 0.1 s."""

MAX_SCANS = 32
"""Passes over a JPEG. The usual progressive one has 10 (source: libjpeg-turbo, jcparam.c); each further one
costs a walk over all pixels, 0.15 s at 108 megapixels, for a handful of bytes."""

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # source: ITU T.81, table B.1
_PNG_CHANNELS = {2: 3, 4: 2, 6: 4}  # by colour type; source: W3C PNG, third edition, 11.2.1
_DEFLATE = 1032  # source: zlib.net/zlib_tech.html, "Maximum Compression Factor"
_PNG_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture declares of itself.

    Args:
        kind: by content, never by the file's name.
        width: as stored, before turning, pixels; 0 for AVIF, whose boxes its own decoder reads.
        height: likewise.
        orientation: EXIF's, 1 to 8; 1 where nothing or nonsense is said.
        body: the file with as little but pixels as the format allows.
        channels: 1, 3 or 4 for JPEG, 0 elsewhere.
        least: bytes that no file with so many pixels can do without; 0 where that isn't known.
    """

    kind: Kind
    width: int
    height: int
    orientation: int
    body: bytes
    channels: int = 0
    least: int = 0


def read_header(data: bytes) -> Header:
    """The header of a picture.

    Raises:
        NotAnImage: no picture of an allowed kind.
        ImageBroken: it ends, or stops making sense, before its pixels begin.
    """
    if data.startswith(b"\xff\xd8\xff"):
        header = _jpeg(data)
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        header = _png(data)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        header = _gif(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        header = _webp(data)
    elif data[4:8] == b"ftyp" and (b"avif" in data[8:64] or b"avis" in data[8:64]):
        return Header("AVIF", 0, 0, 1, data)
    else:
        raise NotAnImage(f"this is {name_of(data)}")
    if not (header.width and header.height):
        raise ImageBroken(f"the {header.kind} has {header.width} x {header.height} pixels: save it again")
    return header


def check_substance(header: Header) -> None:
    """Raises ``ImageBroken`` for a picture with fewer bytes than its pixels can't do without."""
    if len(header.body) < header.least:
        raise ImageBroken(
            f"the {header.kind} declares {header.width} x {header.height} pixels, which take {header.least:,} "
            f"bytes at the least, but has {len(header.body):,}: fetch or save it again"
        )


def orientation(exif: bytes) -> int:
    """EXIF's orientation, 1 to 8; 1 for nothing or nonsense.

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


def _cut(kind: Kind) -> ImageBroken:
    return ImageBroken(f"the {kind} is cut short or damaged before its pixels begin: fetch or save it again")


def _crowded(kind: Kind, limit: int, what: str) -> ImageBroken:
    return ImageBroken(f"the {kind} has more than {limit:,} {what}: save it again")


def _jpeg(data: bytes) -> Header:
    """Walks the segments up to the pixels. Source: ITU T.81, annex B."""
    view, at = memoryview(data), 2
    kept: list[bytes | memoryview] = [data[:2]]
    width = height = channels = turn = huffman = 0
    for _ in range(MAX_PIECES):
        at = _next_marker(data, at)
        marker = data[at + 1]
        if marker <= 0x01 or 0xD0 <= marker <= 0xD8:  # stuffing and markers without a body
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            break
        if end > len(data):
            raise _cut("JPEG")
        if marker in _SOF and end >= at + 10 and not channels:
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            width = int.from_bytes(data[at + 7 : at + 9], "big")
            channels = data[at + 9]
            huffman = marker <= 0xC2  # then each block of 8 x 8 pixels takes a bit at the least
        if marker == 0xE1 and not turn and data[at + 4 : at + 8] == b"Exif":
            turn = orientation(data[at + 4 : end])
        if _shapes_pixels(marker, data[at + 4 : at + 9], end - at):
            kept.append(view[at:end])
        at = max(end, at + 2)
    else:
        raise _crowded("JPEG", MAX_PIECES, "segments")
    stop = data.find(b"\xff\xd9", at)  # inside pixels 0xFF is always escaped: this is the end
    stop = len(data) if stop < 0 else stop + 2
    scans = data.count(b"\xff\xda", at, stop)
    if scans > MAX_SCANS:
        raise _crowded("JPEG", MAX_SCANS, "scans")
    body = b"".join([*kept, view[at:stop]])
    return Header("JPEG", width, height, turn or 1, body, channels, width * height // 512 if huffman else 0)


def _next_marker(data: bytes, at: int) -> int:
    at = data.find(b"\xff", at)
    while at >= 0 and data[at + 1 : at + 2] == b"\xff":  # any number of 0xFF may stand before a marker
        at += 1
    if at < 0 or at + 4 > len(data) or data[at + 1] == 0xD9:
        raise _cut("JPEG")
    return at


def _shapes_pixels(marker: int, start: bytes, length: int) -> bool:
    """Whether a JPEG's segment matters: no metadata but JFIF and Adobe, which say how to read channels."""
    if 0xE0 <= marker <= 0xEF or marker == 0xFE:
        return length < 40 and start in (b"JFIF\0", b"Adobe")
    return True


def _png(data: bytes) -> Header:
    """Walks the chunks. Source: W3C PNG, third edition, 5.3 and 11."""
    if data[12:16] != b"IHDR" or len(data) < 33:
        raise _cut("PNG")
    view, at, turn = memoryview(data), 8, 0
    kept: list[bytes | memoryview] = [data[:8]]
    for _ in range(MAX_PIECES):
        if at + 8 > len(data):
            break
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if name in _PNG_NEEDED:
            kept.append(view[at:end])
        elif name == b"eXIf" and not turn:
            turn = orientation(data[at + 8 : end - 4])
        if name == b"IEND":
            break
        at = end
    else:
        raise _crowded("PNG", MAX_PIECES, "chunks")
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    least = height * (width * data[24] * _PNG_CHANNELS.get(data[25], 1) // 8) // _DEFLATE
    return Header("PNG", width, height, turn or 1, b"".join(kept), least=least)


def _gif(data: bytes) -> Header:
    """Walks the blocks up to the first frame. Source: GIF89a specification, CompuServe, 1990."""
    if len(data) < 13:
        raise _cut("GIF")
    screen = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    at, control = screen, b""
    for _ in range(MAX_PIECES):
        block = data[at : at + 2]
        if not block or block[0] == 0x3B:
            raise _cut("GIF")
        if block[0] == 0x2C:
            break
        if block[0] != 0x21:
            at += 1
            continue
        if block == b"\x21\xf9" and data[at + 2 : at + 3] == b"\x04" and at + 8 <= len(data):
            # Of the graphic control only transparency is kept: what to do after the frame doesn't matter.
            control = bytes((0x21, 0xF9, 4, data[at + 3] & 1, 0, 0, data[at + 6], 0))
        at += 2
        while data[at : at + 1] > b"\0":
            at += 1 + data[at]
        at += 1
    else:
        raise _crowded("GIF", MAX_PIECES, "blocks")
    if at + 10 > len(data):
        raise _cut("GIF")
    x, y, w, h = (int.from_bytes(data[at + n : at + n + 2], "little") for n in (1, 3, 5, 7))
    width, height = (int.from_bytes(data[n : n + 2], "little") for n in (6, 8))
    view = memoryview(data)
    body = b"".join([view[:screen], control, view[at:]])
    return Header("GIF", max(width, x + w), max(height, y + h), 1, body)


def _webp(data: bytes) -> Header:
    """Reads the canvas and walks the chunks. Source: RFC 9649, 2.5 to 2.7."""
    first, head = data[12:16], data[:30].ljust(30, b"\0")
    if first == b"VP8X":
        width, height = (1 + int.from_bytes(head[n : n + 3], "little") for n in (24, 27))
    elif first == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif first == b"VP8 ":
        width, height = (int.from_bytes(head[n : n + 2], "little") & 0x3FFF for n in (26, 28))
    else:
        raise _cut("WebP")
    at, turn = 12, 0
    for _ in range(MAX_PIECES):
        if at + 8 > len(data):
            break
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"EXIF" and not turn:
            turn = orientation(data[at + 8 : at + 8 + size])
        at += 8 + size + (size & 1)
    else:
        raise _crowded("WebP", MAX_PIECES, "chunks")
    return Header("WebP", width, height, turn or 1, data)
