"""Reads the header of a picture without a decoder: its format, size and orientation; a function for each format.

The metadata is removed on the way. Most decompression bombs sit there (a megabyte of text in a kilobyte, colour
profiles, thumbnails, frames that clear a canvas), so a decoder never reads it.
"""

from __future__ import annotations

from ..errors import ImageBroken, NotAnImage
from .file_types import describe_file
from .header import Format, Header
from .orientation import exif_orientation
from .tiff import read_tiff

__all__ = ["read_header"]

MAX_PIECES = 200_000
"""Chunks or segments in one file: a 200 MB PNG written in pieces of 1 KB; walking them takes 0.1 s."""

MAX_SCANS = 32
"""Passes over a JPEG. The usual progressive one has 10 (source: libjpeg-turbo, jcparam.c); each further one
costs a walk over all pixels, 0.15 s at 108 megapixels, for a handful of bytes."""

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # source: ITU T.81, table B.1
_PNG_CHANNELS = {2: 3, 4: 2, 6: 4}  # by colour type; source: W3C PNG, third edition, 11.2.1
_DEFLATE = 1032  # source: zlib.net/zlib_tech.html, "Maximum Compression Factor"
_WEBP_NEEDED = (b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")
_WEBP_PIXEL_FLAGS = 0x12
"""Of VP8X: alpha and animation; the others announce a profile, EXIF and XMP. Source: RFC 9649, 2.7.1."""
MAX_METADATA = 1 << 20
"""Bytes of an AVIF's or HEIC's boxes beside the coded picture: a camera's EXIF and profile have less than 100 KB."""
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Source: ISO/IEC 23008-12, annex B and C."""
_PNG_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def read_header(data: bytes) -> Header:
    """Read the header of a picture.

    Raises:
        NotAnImage: no picture of a format that is decoded.
        ImageBroken: it ends or is invalid before its pixels begin.
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
        header = _iso_media(data, "AVIF")
    elif data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        header = _iso_media(data, "HEIC")
    elif data.startswith((b"II*\0", b"MM\0*")):
        header = read_tiff(data)
    else:
        raise NotAnImage(f"this is {describe_file(data)}")
    if header.format not in ("AVIF", "HEIC") and not (header.width and header.height):
        raise ImageBroken(f"the {header.format} has {header.width} x {header.height} pixels: save it again")
    return header


def _truncated(format: Format) -> ImageBroken:
    return ImageBroken(f"the {format} is cut short or damaged before its pixels begin: fetch or save it again")


def _too_many(format: Format, limit: int, parts: str) -> ImageBroken:
    return ImageBroken(f"the {format} has more than {limit:,} {parts}: save it again")


def _jpeg(data: bytes) -> Header:
    """Walk the segments up to the pixels. Source: ITU T.81, annex B."""
    view, offset = memoryview(data), 2
    kept: list[bytes | memoryview] = [data[:2]]
    width = height = channels = orientation = huffman = 0
    for _ in range(MAX_PIECES):
        offset = _next_marker(data, offset)
        marker = data[offset + 1]
        if marker <= 0x01 or 0xD0 <= marker <= 0xD8:  # stuffing and markers without a body
            offset += 2
            continue
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
        if marker == 0xDA:
            break
        if end > len(data):
            raise _truncated("JPEG")
        if marker in _SOF and end >= offset + 10 and not channels:
            height = int.from_bytes(data[offset + 5 : offset + 7], "big")
            width = int.from_bytes(data[offset + 7 : offset + 9], "big")
            channels = data[offset + 9]
            huffman = marker <= 0xC2  # Huffman coding takes at least a bit for each block of 8 x 8 pixels
        if marker == 0xE1 and not orientation and data[offset + 4 : offset + 8] == b"Exif":
            orientation = exif_orientation(data[offset + 4 : end])
        if _affects_pixels(marker, data[offset + 4 : offset + 9], end - offset):
            kept.append(view[offset:end])
        offset = max(end, offset + 2)
    else:
        raise _too_many("JPEG", MAX_PIECES, "segments")
    stop = data.find(b"\xff\xd9", offset)  # the end: inside pixels 0xFF is always escaped
    stop = len(data) if stop < 0 else stop + 2
    scans = data.count(b"\xff\xda", offset, stop)
    if scans > MAX_SCANS:
        raise _too_many("JPEG", MAX_SCANS, "scans")
    body = b"".join([*kept, view[offset:stop]])
    return Header("JPEG", width, height, orientation or 1, body, channels, width * height // 512 if huffman else 0)


def _next_marker(data: bytes, offset: int) -> int:
    offset = data.find(b"\xff", offset)
    while offset >= 0 and data[offset + 1 : offset + 2] == b"\xff":  # any number of 0xFF may stand before a marker
        offset += 1
    if offset < 0 or offset + 4 > len(data) or data[offset + 1] == 0xD9:
        raise _truncated("JPEG")
    return offset


def _affects_pixels(marker: int, start: bytes, length: int) -> bool:
    """Return whether a JPEG's segment is kept: of the metadata only JFIF and Adobe, which define the channels."""
    if 0xE0 <= marker <= 0xEF or marker == 0xFE:
        return length < 40 and start in (b"JFIF\0", b"Adobe")
    return True


def _png(data: bytes) -> Header:
    """Walk the chunks. Source: W3C PNG, third edition, 5.3 and 11."""
    if data[12:16] != b"IHDR" or len(data) < 33:
        raise _truncated("PNG")
    view, offset, orientation = memoryview(data), 8, 0
    kept: list[bytes | memoryview] = [data[:8]]
    for _ in range(MAX_PIECES):
        if offset + 8 > len(data):
            break
        end = offset + 12 + int.from_bytes(data[offset : offset + 4], "big")
        name = data[offset + 4 : offset + 8]
        if name in _PNG_NEEDED:
            kept.append(view[offset:end])
        elif name == b"eXIf" and not orientation:
            orientation = exif_orientation(data[offset + 8 : end - 4])
        if name == b"IEND":
            break
        offset = end
    else:
        raise _too_many("PNG", MAX_PIECES, "chunks")
    width, height = (int.from_bytes(data[offset : offset + 4], "big") for offset in (16, 20))
    min_bytes = height * (width * data[24] * _PNG_CHANNELS.get(data[25], 1) // 8) // _DEFLATE
    return Header("PNG", width, height, orientation or 1, b"".join(kept), min_bytes=min_bytes)


def _gif(data: bytes) -> Header:
    """Walk the blocks up to the first frame. Source: GIF89a specification, CompuServe, 1990."""
    if len(data) < 13:
        raise _truncated("GIF")
    screen = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    offset, control = screen, b""
    for _ in range(MAX_PIECES):
        block = data[offset : offset + 2]
        if not block or block[0] == 0x3B:
            raise _truncated("GIF")
        if block[0] == 0x2C:
            break
        if block[0] != 0x21:
            offset += 1
            continue
        if block == b"\x21\xf9" and data[offset + 2 : offset + 3] == b"\x04" and offset + 8 <= len(data):
            # Of the graphic control only transparency is kept: how the frame is disposed of doesn't matter.
            control = bytes((0x21, 0xF9, 4, data[offset + 3] & 1, 0, 0, data[offset + 6], 0))
        offset += 2
        while data[offset : offset + 1] > b"\0":
            offset += 1 + data[offset]
        offset += 1
    else:
        raise _too_many("GIF", MAX_PIECES, "blocks")
    if offset + 10 > len(data):
        raise _truncated("GIF")
    x, y, w, h = (int.from_bytes(data[offset + n : offset + n + 2], "little") for n in (1, 3, 5, 7))
    width, height = (int.from_bytes(data[n : n + 2], "little") for n in (6, 8))
    width, height = max(width, x + w), max(height, y + h)
    if max(width, height) > 0xFFFF:
        raise ImageBroken(f"the GIF places its frame up to {width:,} x {height:,}, beyond 65,535 pixels: save it again")
    # A screen that holds the frame, as Pillow would make it, with a check and a warning of its own.
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    view = memoryview(data)
    return Header("GIF", width, height, 1, b"".join([view[:6], size, view[10:screen], control, view[offset:]]))


def _iso_media(data: bytes, format: Format) -> Header:
    """Walk the outermost boxes. Its decoder alone reads size and pixels. Source: ISO/IEC 14496-12, 4.2."""
    offset = 0
    for _ in range(MAX_PIECES):
        if offset + 8 > len(data):
            return Header(format, 0, 0, 1, data)
        size = int.from_bytes(data[offset : offset + 4], "big")
        if size == 1:
            size = int.from_bytes(data[offset + 8 : offset + 16], "big")
        size = size if size >= 8 else len(data) - offset  # 0: to the end
        if data[offset + 4 : offset + 8] != b"mdat" and size > MAX_METADATA:
            raise ImageBroken(
                f"the {format} has {size:,} bytes of metadata, {MAX_METADATA:,} are taken: save it again without"
            )
        offset += size
    raise _too_many(format, MAX_PIECES, "boxes")


def _webp(data: bytes) -> Header:
    """Read the canvas and walk the chunks; what is no part of the pixels is left out. Source: RFC 9649, 2.5 to 2.7."""
    first, head = data[12:16], data[:30].ljust(30, b"\0")
    if first == b"VP8X":
        width, height = (1 + int.from_bytes(head[n : n + 3], "little") for n in (24, 27))
    elif first == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif first == b"VP8 ":
        width, height = (int.from_bytes(head[n : n + 2], "little") & 0x3FFF for n in (26, 28))
    else:
        raise _truncated("WebP")
    view, offset, orientation, left_out = memoryview(data), 12, 0, 0
    length = int.from_bytes(data[4:8], "little")
    kept: list[bytes | memoryview] = []
    for _ in range(MAX_PIECES):
        if offset + 8 > min(len(data), 8 + length):
            break
        size = int.from_bytes(data[offset + 4 : offset + 8], "little")
        end = offset + 8 + size + (size & 1)
        name = data[offset : offset + 4]
        if name == b"EXIF" and not orientation:
            orientation = exif_orientation(data[offset + 8 : offset + 8 + size])
        if name == b"VP8X":
            flags = bytes(flag & _WEBP_PIXEL_FLAGS for flag in data[offset + 8 : offset + 9])
            kept += [view[offset : offset + 8], flags, view[offset + 9 : end]]
        elif name in _WEBP_NEEDED:
            kept.append(view[offset:end])
        else:
            left_out += min(end, 8 + length) - offset
        offset = end
    else:
        raise _too_many("WebP", MAX_PIECES, "chunks")
    # the length is the stated one, so that a file that is cut short stays one
    body = b"".join([b"RIFF", (length - left_out).to_bytes(4, "little"), b"WEBP", *kept])
    return Header("WebP", width, height, orientation or 1, body)
