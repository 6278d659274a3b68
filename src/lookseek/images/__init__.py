"""Pictures: the only package that decodes them (``decoder.py``), with the limits that protect from hostile files."""

from .blank import is_blank
from .decoder import decode, size
from .difference_hash import fingerprint
from .limits import pixel_limit
from .pixels import crop, resize, resize_planes, to_jpeg, to_png
from .reader import read

__all__ = [
    "crop",
    "decode",
    "fingerprint",
    "is_blank",
    "pixel_limit",
    "read",
    "resize",
    "resize_planes",
    "size",
    "to_jpeg",
    "to_png",
]
