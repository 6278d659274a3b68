"""Decodes pictures: the only module that does.

Every picture is returned as uint8 (height, width, 3), sRGB, upright, on white. The input may be any bytes, so the
steps are: read with a limit, read the header without a decoder (``formats.py``), refuse a picture that declares more
pixels than the memory holds, and only then decode. Whatever the bytes are, only a ``LookseekError`` is raised.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..errors import ImageBroken, ImageError, ImageTooLarge, NotAnImage
from ..photo import Photo, to_photo
from ..types import Pixels
from .conversion import to_rgb
from .file_types import describe_file
from .formats import read_header
from .header import Header, check_body_size
from .limits import check_pixel_count
from .orientation import apply_orientation, exif_orientation
from .reader import read

try:
    import simplejpeg
except ImportError:  # an extra: Pillow decodes the same pixels, 2 to 3 times slower
    simplejpeg = None

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["decode", "size"]

LARGE_PIXELS = 16_000_000
"""Pixels from which pictures are decoded one at a time, so that threads don't exhaust the memory together."""

_PLUGINS = {"JPEG": "Jpeg", "PNG": "Png", "GIF": "Gif", "WebP": "WebP", "AVIF": "Avif", "TIFF": "Tiff"}

_large_lock = threading.Lock()


def decode(photo: Photo, min_side: int = 0) -> Pixels:
    """Decode a photo.

    Of an animation the first frame is decoded. Transparent pixels become white; embedded colour profiles are not
    applied.

    Args:
        photo: JPEG, PNG, WebP, GIF, AVIF, TIFF or, with the extra heic, HEIC, recognised by content; or a picture in
            memory.
        min_side: the length in pixels that the shorter side needs at the least: a JPEG may be returned at 1/2, 1/4
            or 1/8 of its size, never with a shorter side below ``min_side``. 0: full size.

    Returns:
        uint8 (height, width, 3), C order.

    Raises:
        ItemError: the file can't be read.
        NotAnImage: no picture of these formats; the message says what it is.
        ImageBroken: damaged or cut short.
        ImageTooLarge: more pixels than ``pixel_limit()``, or the memory ran out.
    """
    photo = to_photo(photo)
    data = read(photo)
    with _as_image_errors(photo):
        picture, header = _check_header(read_header(data))
        del data
        with _large_lock if header.width * header.height > LARGE_PIXELS else nullcontext():
            return _decode_picture(picture, header, min_side)


def size(photo: Photo) -> tuple[int, int]:
    """Return width and height of the upright picture, pixels, without decoding it. Raises what ``decode`` raises."""
    photo = to_photo(photo)
    data = read(photo)
    with _as_image_errors(photo):
        header = _check_header(read_header(data))[1]
    return (header.height, header.width) if header.orientation >= 5 else (header.width, header.height)


@contextmanager
def _as_image_errors(photo: Path | bytes) -> Iterator[None]:
    """Convert whatever a decoder raises into an ``ImageError`` that names the photo."""
    name = "the picture" if isinstance(photo, bytes) else str(photo)
    try:
        yield
    except ImageError as error:
        raise type(error)(f"{name}: {error}") from error
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(f"{name}: there is no memory to decode it ({error}): save it smaller") from error
    except Exception as error:  # decoders raise nearly anything: SyntaxError, struct.error, OverflowError
        raise ImageBroken(f"{name}: it is cut short or damaged ({error}): fetch or save it again") from error


def _check_header(header: Header) -> tuple[ImageFile | None, Header]:
    """Return the header after checking its size; where only its decoder reads that, also the open picture."""
    if header.format not in ("AVIF", "HEIC"):
        check_pixel_count(header.width, header.height)
        check_body_size(header)
        return None, header
    picture = _open(header)
    check_pixel_count(*picture.size)
    return picture, Header(header.format, *picture.size, exif_orientation(picture.info.get("exif") or b""), header.body)


def _open(header: Header) -> ImageFile:
    """Open a picture in Pillow without decoding it.

    The class of the format is called instead of ``Image.open``, which would try all 43 formats and apply Pillow's
    limit of pixels as a second threshold.
    """
    if header.format == "HEIC":
        return _open_heic(header.body)
    plugin = import_module(f"PIL.{_PLUGINS[header.format]}ImagePlugin")
    if not getattr(plugin, "SUPPORTED", True):
        raise NotAnImage(f"it is {header.format}, and Pillow here was built without that: save it as JPEG")
    picture: ImageFile = getattr(plugin, f"{_PLUGINS[header.format]}ImageFile")(io.BytesIO(header.body))
    return picture


def _open_heic(body: bytes) -> ImageFile:
    """Open a HEIC, which is upright once it is decoded.

    Raises:
        NotAnImage: its decoder is not installed.
    """
    try:
        plugin = import_module("pillow_heif.as_plugin")
    except ImportError as error:
        raise NotAnImage(f"this is {describe_file(body)}") from error
    picture: ImageFile = plugin.HeifImageFile(io.BytesIO(body))
    return picture


def _decode_picture(picture: ImageFile | None, header: Header, min_side: int) -> Pixels:
    shrink = 1
    if header.format == "JPEG" and min_side > 0:
        short = min(header.width, header.height)
        shrink = next((s for s in (8, 4, 2) if short // s >= min_side), 1)
    if simplejpeg is not None and header.format == "JPEG" and header.channels in (1, 3):
        try:
            return np.ascontiguousarray(apply_orientation(_decode_jpeg(header, shrink), header.orientation))
        except (ValueError, RuntimeError):
            pass  # simplejpeg refuses more files than Pillow, which decides
    picture = _open(header) if picture is None else picture
    if picture.size != (header.width, header.height):
        raise ImageBroken(f"the {header.format} declares two sizes: fetch or save it again")
    if shrink > 1:
        picture.draft(None, (header.width // shrink, header.height // shrink))
    return to_rgb(picture, header.orientation)


def _decode_jpeg(header: Header, shrink: int) -> Pixels:
    height, width = -(-header.height // shrink), -(-header.width // shrink)
    pixels: Pixels = simplejpeg.decode_jpeg(header.body, "RGB", min_height=height, min_width=width, strict=True)
    if pixels.shape != (height, width, 3):
        raise ValueError(f"{pixels.shape} is not {height} x {width}")
    return pixels
