"""The only place that decodes a picture.

Every picture comes out the same way: uint8 (height, width, 3), sRGB, upright, on white. What comes in
may be anything, so the way is: read with a limit, read the header with no decoder (``headers.py``),
refuse what declares more pixels than the memory holds, and only then decode. Whatever the bytes are,
nothing but a ``LookseekError`` leaves here.
"""

from __future__ import annotations

import io
import math
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..errors import ImageBroken, ImageError, ImageTooLarge, ItemError, NotAnImage, QueryError
from ..types import Box, Photo, Pixels
from .headers import Header, check_substance, orientation, read_header
from .limits import check_file, check_pixels, pixel_limit
from .orientation import converted, upright

try:
    import simplejpeg
except ImportError:  # an extra: Pillow decodes the same pixels, 2 to 3 times slower
    simplejpeg = None

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = [
    "crop",
    "decode",
    "fingerprint",
    "pixel_limit",
    "read",
    "resize",
    "size",
    "to_jpeg",
    "to_png",
]

LARGE = 16_000_000
"""Pixels from which pictures are decoded one at a time: threads must not all count on the same memory."""

_NOISE = 4
"""Grey levels of 256 that saving again as JPEG may shift a ninth of a picture by (docs/benchmarks/duplicates.md)."""

_PLUGINS = {"JPEG": "Jpeg", "PNG": "Png", "GIF": "Gif", "WebP": "WebP", "AVIF": "Avif"}

# O_NONBLOCK: even a pipe that takes the file's place after the check does not make us wait.
_READ = sum(getattr(os, name, 0) for name in ("O_RDONLY", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"))

_one_large = threading.Lock()


def read(photo: Photo) -> bytes:
    """The bytes of a photo. Never waits on a pipe or a device.

    Raises:
        ItemError: no such file, or not a file that can be read.
        ImageTooLarge: larger than ``MAX_FILE_BYTES``.
    """
    if isinstance(photo, bytes):
        check_file(len(photo), "the picture")
        return photo
    try:
        status = os.stat(photo)  # noqa: PTH116 - before opening: opening a device can act on it
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
            raise ItemError(f"{photo}: this is {what}, not a file: give the path of a photo")
        check_file(status.st_size, str(photo))
        with os.fdopen(os.open(photo, _READ), "rb") as file:
            return file.read(status.st_size + 1)
    except FileNotFoundError as error:
        raise ItemError(f"{photo}: there is no such file: check the path, or remove the item") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ItemError(f"{photo}: it can't be read ({reason}): check path and permissions") from error


def decode(photo: Photo, min_side: int = 0) -> Pixels:
    """The pixels of a photo.

    Of animations the first frame. Transparent pixels lie on white; embedded colour profiles are not applied.

    Args:
        photo: JPEG, PNG, WebP, GIF or AVIF, known by content.
        min_side: nobody needs the shorter side larger than this, pixels: a JPEG may then come at 1/2, 1/4
            or 1/8 of its size, never with a shorter side below ``min_side``. 0: full size.

    Returns:
        uint8 (height, width, 3), C order.

    Raises:
        ItemError: the file can't be read.
        NotAnImage: no picture of these kinds; the message says what it is.
        ImageBroken: damaged or cut short.
        ImageTooLarge: more pixels than ``pixel_limit()``, or the memory ran out.
    """
    data = read(photo)
    with _explained(photo):
        header = read_header(data)
        picture, header = _declared(header)
        del data
        with _one_large if header.width * header.height > LARGE else nullcontext():
            return _decoded(picture, header, min_side)


def size(photo: Photo) -> tuple[int, int]:
    """Width and height of the upright picture, pixels, without decoding it. Raises what ``decode`` raises."""
    data = read(photo)
    with _explained(photo):
        header = _declared(read_header(data))[1]
    return (header.height, header.width) if header.orientation >= 5 else (header.width, header.height)


def crop(pixels: Pixels, box: Box) -> Pixels:
    """The part of a picture inside a box, at least 1 pixel; what lies outside the picture is left out.

    Args:
        pixels: uint8 (height, width, 3).
        box: in pixels; edges between pixels widen it.

    Raises:
        QueryError: the box lies outside the picture.
    """
    height, width = pixels.shape[:2]
    if box.x >= width or box.y >= height:
        raise QueryError(
            f"box x={box.x:g}, y={box.y:g} begins outside the picture, which is {width} x {height} pixels: "
            f"give x below {width} and y below {height}"
        )
    left, top = math.floor(box.x), math.floor(box.y)
    right = max(left + 1, math.ceil(min(box.x + box.width, width)))
    bottom = max(top + 1, math.ceil(min(box.y + box.height, height)))
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """The picture at another size, bicubic with antialiasing.

    Far larger pictures are first averaged to 3 times the size, as fast as it is close.

    Source: Pillow, ``Image.resize``, ``reducing_gap``: 3.0 is "usually close to a fair resampling".
    """
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return np.array(picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0))


def fingerprint(pixels: Pixels) -> str:
    """Two 64-bit difference hashes, 32 hex digits: near-identical pictures differ in few bits of each.

    Source: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013: of 9 x 9 grey pixels, one bit for each of 8 x 8
    that is darker than its right neighbour, and one for each that is darker than the one below. Darker means by
    more than ``_NOISE``, so that a plain background gives the same bits however it was compressed.
    """
    small = Image.fromarray(np.ascontiguousarray(pixels)).resize((9, 9), Image.Resampling.BOX)
    values = np.asarray(small.convert("L")).astype(np.int16)
    across = values[:8, :-1] + _NOISE < values[:8, 1:]
    down = values[:-1, :8] + _NOISE < values[1:, :8]
    return np.packbits([across, down]).tobytes().hex()


def to_png(pixels: Pixels) -> bytes:
    """A PNG of the pixels and nothing else."""
    return _encoded(pixels, format="PNG")


def to_jpeg(pixels: Pixels, quality: int = 85) -> bytes:
    """A JPEG of the pixels and nothing else; quality 1 to 95."""
    return _encoded(pixels, format="JPEG", quality=quality)


@contextmanager
def _explained(photo: Photo) -> Iterator[None]:
    """Turns whatever a decoder raises into an ``ImageError`` that says which photo."""
    name = "the picture" if isinstance(photo, bytes) else str(photo)
    try:
        yield
    except ImageError as error:
        raise type(error)(f"{name}: {error}") from error
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(f"{name}: there is no memory to decode it ({error}): save it smaller") from error
    except Exception as error:  # decoders raise nearly anything: SyntaxError, struct.error, OverflowError
        raise ImageBroken(f"{name}: it is cut short or damaged ({error}): fetch or save it again") from error


def _declared(header: Header) -> tuple[ImageFile | None, Header]:
    """The header with its size checked; for AVIF, whose decoder reads the size, with that opened too."""
    if header.kind != "AVIF":
        check_pixels(header.width, header.height)
        check_substance(header)
        return None, header
    picture = _opened(header)
    check_pixels(*picture.size)
    return picture, Header("AVIF", *picture.size, orientation(picture.info.get("exif") or b""), header.body)


def _opened(header: Header) -> ImageFile:
    """The picture in Pillow, not yet decoded.

    The class of the format is called, not ``Image.open``: that would bring all 43 formats into play, and
    Pillow's own limit of pixels as a second threshold.
    """
    plugin = import_module(f"PIL.{_PLUGINS[header.kind]}ImagePlugin")
    if not getattr(plugin, "SUPPORTED", True):
        raise NotAnImage(f"it is {header.kind}, and Pillow here was built without that: save it as JPEG")
    picture: ImageFile = getattr(plugin, f"{_PLUGINS[header.kind]}ImageFile")(io.BytesIO(header.body))
    return picture


def _decoded(picture: ImageFile | None, header: Header, min_side: int) -> Pixels:
    shrink = 1
    if header.kind == "JPEG" and min_side > 0:
        short = min(header.width, header.height)
        shrink = next((s for s in (8, 4, 2) if short // s >= min_side), 1)
    if simplejpeg is not None and header.kind == "JPEG" and header.channels in (1, 3):
        try:
            return np.ascontiguousarray(upright(_quick(header, shrink), header.orientation))
        except (ValueError, RuntimeError):
            pass  # it refuses more than Pillow does, which has the last word
    picture = _opened(header) if picture is None else picture
    if picture.size != (header.width, header.height):
        raise ImageBroken(f"the {header.kind} declares two sizes: fetch or save it again")
    if shrink > 1:
        picture.draft(None, (header.width // shrink, header.height // shrink))
    return converted(picture, header.orientation)


def _quick(header: Header, shrink: int) -> Pixels:
    height, width = -(-header.height // shrink), -(-header.width // shrink)
    pixels: Pixels = simplejpeg.decode_jpeg(header.body, "RGB", min_height=height, min_width=width, strict=True)
    if pixels.shape != (height, width, 3):
        raise ValueError(f"{pixels.shape} is not {height} x {width}")
    return pixels


def _encoded(pixels: Pixels, **how: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, **how)
    return file.getvalue()
