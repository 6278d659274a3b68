"""What is taken for a photo: a file, the bytes of one, a Pillow image, an array of pixels."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import ImageBroken, ItemError, NotAnImage

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Photo", "to_photo"]

Photo: TypeAlias = "Path | str | bytes | Image | NDArray[np.uint8]"
"""A picture, perhaps not yet decoded: a file's path, the bytes of a file, a Pillow image, or pixels, uint8: (height,
width) for grey, (height, width, 3) for sRGB, (height, width, 4) with opacity."""

_TAKEN = "give a path, the bytes of a file, a Pillow image, or a numpy array of pixels"
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held. Source: CIPA DC-008, Exif 2.32, table 4."""


def to_photo(given: object) -> Path | bytes:
    """Return a photo as a path or the bytes of a file; a picture in memory becomes a PNG, with nothing lost.

    Args:
        given: a ``Photo``; also a ``bytearray``, a ``memoryview``, or any ``os.PathLike``.

    Raises:
        NotAnImage: something else, or an array of another shape or type than ``Photo`` says.
        ImageBroken: a Pillow image that can't be read.
        ItemError: a web address, since nothing is fetched.
    """
    if isinstance(given, bytes | Path):
        return given
    if isinstance(given, str):
        if given.startswith(("http://", "https://")):
            raise ItemError(f"{given[:80]} is a web address, and nothing is fetched: download it, give its path")
        return Path(given)
    if isinstance(given, bytearray | memoryview):
        return bytes(given)
    if isinstance(given, os.PathLike):
        return Path(given)
    if isinstance(given, np.ndarray):
        return _array_to_png(given)
    pillow = sys.modules.get("PIL.Image")  # where it is not loaded, there is no image of it
    if pillow is not None and isinstance(given, pillow.Image):
        return _image_to_png(given)
    raise NotAnImage(f"{type(given).__name__} is no photo: {_TAKEN}")


def _array_to_png(pixels: NDArray[np.generic]) -> bytes:
    if pixels.dtype != np.uint8:
        raise NotAnImage(
            f"an array of {pixels.dtype} is no photo: give uint8 from 0 to 255, e.g. (255 * pixels).astype('uint8')"
        )
    if pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,), (4,)) or 0 in pixels.shape:
        raise NotAnImage(
            f"an array of shape {pixels.shape} is no photo: give (height, width), (height, width, 3) or "
            "(height, width, 4); of a tensor (3, height, width) that is pixels.transpose(1, 2, 0)"
        )
    from PIL import Image

    return _image_to_png(Image.fromarray(np.ascontiguousarray(pixels)))


def _image_to_png(image: Image) -> bytes:
    file = io.BytesIO()
    try:
        upright = {} if image.getexif().get(_ORIENTATION, 1) == 1 else {"exif": image.getexif()}
        stored = image if image.mode in _PNG_MODES else image.convert("RGB")
        stored.save(file, format="PNG", compress_level=1, **upright)
    except Exception as error:  # an image that Pillow opened is read only here, and decoders raise nearly anything
        raise ImageBroken(f"the Pillow image can't be read ({error}): open or make it again") from error
    return file.getvalue()
