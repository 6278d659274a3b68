"""Pictures that no one should trust, made in code: what must be refused, and what must do no harm.

``REFUSED`` maps a name to the bytes and the error that they must give. ``HARMLESS`` maps a name to the
bytes of a picture that is odd or loaded with what isn't pixels, and must decode to ``plain()`` (GIF and
lossless kinds exactly, JPEG nearly).
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from lookseek.errors import ImageBroken, ImageError, ImageTooLarge, NotAnImage
from lookseek.types import Pixels

__all__ = ["HARMLESS", "KINDS", "REFUSED", "Refused", "plain", "png", "png_chunk", "saved"]

WIDTH, HEIGHT = 40, 24
MARK = b"<script>alert(1)</script>"


class Refused(NamedTuple):
    """Bytes that must be refused."""

    data: bytes
    error: type[ImageError]


def plain(width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """A smooth picture of few colours in which no two corners, and no two orientations, look alike."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = (x // 8) * 8 * 255 // width, (y // 8) * 8 * 255 // height
    return np.stack([red, green, np.full_like(red, 90)], axis=2).astype(np.uint8)


def saved(kind: str, pixels: Pixels | None = None, **how: object) -> bytes:
    """A valid picture as Pillow writes it."""
    file = io.BytesIO()
    picture = Image.fromarray(plain() if pixels is None else pixels)
    if kind == "GIF":
        picture = picture.quantize(256)
    usual: dict[str, object] = {
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 95, "subsampling": "4:4:4"},
    }.get(kind, {})
    picture.save(file, kind, **{**usual, **how})
    return file.getvalue()


KINDS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, bits: int, colour: int, pixels: bytes, *chunks: bytes) -> bytes:
    """A PNG of given header and compressed pixels, with chunks between the two."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = b"".join([png_chunk(b"IHDR", header), *chunks, png_chunk(b"IDAT", pixels)])
    return b"\x89PNG\r\n\x1a\n" + body + png_chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """So many zeros, compressed without ever holding them all."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join([*parts, packer.compress(bytes(count & 0xFFFFF)), packer.flush()])


def rows(pixels: Pixels) -> bytes:
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """A JPEG with segments behind its first two bytes."""
    return data[:2] + b"".join(segments) + data[2:]


def with_size(data: bytes, width: int, height: int) -> bytes:
    """A JPEG that declares another size."""
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def many_scans(count: int) -> bytes:
    """A progressive JPEG with its last scan over and over."""
    data = saved("JPEG", progressive=True)
    at = data.rfind(b"\xff\xda")
    return data[:at] + data[at:-2] * count + data[-2:]


def gif(canvas: tuple[int, int], frame: tuple[int, int, int, int], control: bytes = b"") -> bytes:
    """A GIF with one frame that never gets further than its first pixels."""
    head = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return head + control + b"," + struct.pack("<HHHHB", *frame, 0) + b"\x02\x02\x4c\x01\0;"


def many_frames(count: int) -> bytes:
    data = saved("GIF")
    start = data.index(b",", 13 + (3 << (data[10] & 7) + 1))
    frame = data[start:-1]
    return data[:-1] + frame * count + b";"


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + struct.pack("<I", len(data)) + data + bytes(len(data) & 1) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp_canvas(width: int, height: int) -> bytes:
    """An extended WebP whose canvas is not what its picture has."""
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return riff((b"VP8X", bytes(4) + sides), *chunks_of(saved("WEBP")))


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    size = struct.unpack("<I", data[16:20])[0]
    return [(data[12:16], data[20 : 20 + size])]


def vp8l_declaring(width: int, height: int) -> bytes:
    return riff((b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(20)))


def avif_declaring(width: int, height: int) -> bytes:
    data = saved("AVIF")
    return data.replace(struct.pack(">II", WIDTH, HEIGHT), struct.pack(">II", width, height))


def text_bomb(name: bytes, count: int) -> bytes:
    """Chunks of a kilobyte that unpack to a megabyte each."""
    packed = zeros(1_000_000)
    head = {b"zTXt": b"k%d\0\0", b"iTXt": b"k%d\0\1\0\0\0", b"iCCP": b"p%d\0\0"}[name]
    return b"".join(png_chunk(name, head % n + packed) for n in range(count))


_JPEG, _PNG, _GIF, _WEBP, _AVIF = (saved(kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "AVIF"))
_NOISE = random.Random(0).randbytes(5000)
_ROWS = rows(plain())
_DISPOSE = b"!\xf9\x04\x09\0\0\0\0"  # transparent, and: restore to background after the frame

_FRAME = segment(0xC0, bytes((8, 0, 9, 0, 9, 1, 1, 0x11, 0)))  # grey, 9 x 9

REFUSED: dict[str, Refused] = {
    "empty": Refused(b"", NotAnImage),
    "one byte": Refused(b"\xff", NotAnImage),
    "noise": Refused(_NOISE, NotAnImage),
    "zeros": Refused(bytes(3000), NotAnImage),
    "text": Refused(b"this is a photo of a dress", NotAnImage),
    "svg": Refused(b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', NotAnImage),
    "svg with prolog": Refused(b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x --><svg/>', NotAnImage),
    "html": Refused(b"\n <!DOCTYPE html><html><body>404</body></html>", NotAnImage),
    "xml": Refused(b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', NotAnImage),
    "pdf": Refused(b"%PDF-1.7\n" + _JPEG, NotAnImage),
    "eps": Refused(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", NotAnImage),
    "zip": Refused(b"PK\x03\x04" + _NOISE, NotAnImage),
    "gzip": Refused(b"\x1f\x8b\x08" + _NOISE, NotAnImage),
    "bmp": Refused(b"BM" + _NOISE, NotAnImage),
    "tiff": Refused(b"II*\0\x08\0\0\0" + _NOISE, ImageBroken),
    "icon": Refused(b"\0\0\x01\0\x01\0" + _PNG, NotAnImage),
    "psd": Refused(b"8BPS\0\x01" + _NOISE, NotAnImage),
    "heic": Refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + _NOISE, ImageBroken),
    "video": Refused(b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + _NOISE, NotAnImage),
    "lfs pointer": Refused(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", NotAnImage),
    "jpeg: start alone": Refused(b"\xff\xd8\xff", ImageBroken),
    "jpeg: end at once": Refused(b"\xff\xd8\xff\xd9" + _JPEG, ImageBroken),
    "jpeg: no pixels": Refused(_JPEG[: _JPEG.index(b"\xff\xda")], ImageBroken),
    "jpeg: 65,535 squared": Refused(with_size(_JPEG, 65535, 65535), ImageTooLarge),
    "jpeg: 65,535 squared, progressive": Refused(
        with_size(saved("JPEG", progressive=True), 65535, 65535), ImageTooLarge
    ),
    "jpeg: taller than its pixels": Refused(with_size(_JPEG, WIDTH, 60_000), ImageBroken),
    "jpeg: no height": Refused(with_size(_JPEG, WIDTH, 0), ImageBroken),
    "jpeg: no tables": Refused(_JPEG.replace(b"\xff\xdb", b"\xff\xfe"), ImageBroken),
    "jpeg: 12 bits": Refused(_JPEG.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"), ImageBroken),
    "jpeg: 2 channels": Refused(_JPEG.replace(b"\x01\x11\x00\x02", b"\x01\x11\x00\x01"), ImageBroken),
    "jpeg: 5,000 scans": Refused(many_scans(5000), ImageBroken),
    "jpeg: 300,000 segments": Refused(with_segments(_JPEG, segment(0xFE, b"") * 300_000), ImageBroken),
    "jpeg: two sizes": Refused(with_segments(_JPEG, _FRAME), ImageBroken),
    "png: 400 million pixels": Refused(png(20000, 20000, 1, 0, zeros(20000 * 2501)), ImageTooLarge),
    "png: 144 million pixels": Refused(png(12000, 12000, 1, 0, zeros(12000 * 1501)), ImageTooLarge),
    "png: 2^31 squared": Refused(png(2**31 - 1, 2**31 - 1, 8, 2, _ROWS), ImageTooLarge),
    "png: no width": Refused(png(0, 10, 8, 2, _ROWS), ImageBroken),
    "png: start alone": Refused(_PNG[:8], ImageBroken),
    "png: half a header": Refused(_PNG[:20], ImageBroken),
    "png: false checksum": Refused(_PNG[:29] + b"\0\0\0\0" + _PNG[33:], ImageBroken),
    "png: too few rows": Refused(png(WIDTH, 2000, 8, 2, _ROWS), ImageBroken),
    "png: pixels are noise": Refused(png(WIDTH, HEIGHT, 8, 2, _NOISE), ImageBroken),
    "png: no pixels": Refused(_PNG[:33] + _PNG[-12:], ImageBroken),
    "png: unknown mode": Refused(png(WIDTH, HEIGHT, 3, 5, _ROWS), ImageBroken),
    "png: 300,000 chunks": Refused(png(WIDTH, HEIGHT, 8, 2, _ROWS, png_chunk(b"teXt", b"") * 300_000), ImageBroken),
    "gif: start alone": Refused(b"GIF89a", ImageBroken),
    "gif: no frame": Refused(b"GIF89a\x09\0\x09\0\0\0\0;", ImageBroken),
    "gif: 65,535 squared": Refused(gif((65535, 65535), (0, 0, 5, 5)), ImageTooLarge),
    "gif: frame beyond its canvas": Refused(gif((9, 9), (60000, 60000, 60000, 60000), _DISPOSE), ImageBroken),
    "gif: frame far larger than its canvas": Refused(gif((9, 9), (0, 0, 60000, 60000), _DISPOSE), ImageTooLarge),
    "gif: pixels missing": Refused(gif((500, 500), (0, 0, 500, 500))[:-3], ImageBroken),
    "gif: 300,000 comments": Refused(b"GIF89a\x09\0\x09\0\0\0\0" + b"!\xfe\0" * 300_000, ImageBroken),
    "webp: start alone": Refused(_WEBP[:12], ImageBroken),
    "webp: unknown chunk": Refused(riff((b"VP9 ", _NOISE)), ImageBroken),
    "webp: 2^24 squared": Refused(webp_canvas(2**24, 2**24), ImageTooLarge),
    "webp: 16,384 squared": Refused(vp8l_declaring(16384, 16384), ImageTooLarge),
    "webp: canvas beyond its picture": Refused(webp_canvas(3000, 3000), ImageBroken),
    "webp: pixels missing": Refused(vp8l_declaring(500, 500), ImageBroken),
    "avif: start alone": Refused(_AVIF[:32], ImageBroken),
    "avif: 65,535 squared": Refused(avif_declaring(65535, 65535), ImageError),
    "avif: 12,000 squared": Refused(avif_declaring(12000, 12000), ImageTooLarge),
    "avif: pixels are noise": Refused(_AVIF[:-200] + _NOISE[:200], ImageBroken),
}

HARMLESS: dict[str, bytes] = {
    "jpeg with a broken exif": with_segments(_JPEG, segment(0xE1, b"Exif\0\0II*\0" + _NOISE)),
    "jpeg with an exif that points far out": with_segments(_JPEG, segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xf0")),
    "jpeg with 2,000 exifs": with_segments(_JPEG, segment(0xE1, b"Exif\0\0" + bytes(20_000)) * 2000),
    "jpeg with a broken profile": with_segments(_JPEG, segment(0xE2, b"ICC_PROFILE\0\x01\x09" + _NOISE)),
    "jpeg with a script in a comment": with_segments(_JPEG, segment(0xFE, MARK)),
    "jpeg with a script and a film behind it": _JPEG + MARK + _NOISE * 20,
    "jpeg with padding": _JPEG.replace(b"\xff\xdb", b"\xff\xff\xff\xff\xdb"),
    "png with 70 text bombs": png(WIDTH, HEIGHT, 8, 2, _ROWS, text_bomb(b"zTXt", 70)),
    "png with 70 other text bombs": png(WIDTH, HEIGHT, 8, 2, _ROWS, text_bomb(b"iTXt", 70)),
    "png with a profile bomb": png(WIDTH, HEIGHT, 8, 2, _ROWS, png_chunk(b"iCCP", b"p\0\0" + zeros(10**9 // 8))),
    "png that says it moves": png(
        WIDTH, HEIGHT, 8, 2, _ROWS, png_chunk(b"acTL", bytes(8)), png_chunk(b"fcTL", _NOISE[:26])
    ),
    "png with 5,000 frames that don't follow": png(
        WIDTH, HEIGHT, 8, 2, _ROWS, png_chunk(b"acTL", struct.pack(">II", 5000, 0))
    ),
    "png with a zip behind it": _PNG + b"PK\x03\x04" + MARK,
    "png with a broken exif": png(WIDTH, HEIGHT, 8, 2, _ROWS, png_chunk(b"eXIf", b"MM\0*" + _NOISE)),
    "png with a script in a text": png(WIDTH, HEIGHT, 8, 2, _ROWS, png_chunk(b"tEXt", b"Comment\0" + MARK)),
    "gif with 10,000 frames": many_frames(10_000),
    "gif with a java archive behind it": _GIF + b"PK\x03\x04" + _NOISE,
    "webp with noise behind it": _WEBP + _NOISE,
    "webp with a broken exif": riff(
        (b"VP8X", b"\x08\0\0\0" + struct.pack("<I", WIDTH - 1)[:3] + struct.pack("<I", HEIGHT - 1)[:3]),
        *chunks_of(_WEBP),
        (b"EXIF", b"Exif\0\0II*\0" + _NOISE),
    ),
}
