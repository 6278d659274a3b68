"""The only place that decodes a picture: ``decoder.py``, and what guards it."""

from .decoder import crop, decode, fingerprint, pixel_limit, read, resize, size, to_jpeg, to_png

__all__ = ["crop", "decode", "fingerprint", "pixel_limit", "read", "resize", "size", "to_jpeg", "to_png"]
