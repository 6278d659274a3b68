"""Origins of web pages: scheme, host and port, as browsers send them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..errors import QueryError

__all__ = ["check_origin"]

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")


def check_origin(origin: str) -> str:
    """Return an origin as browsers send it.

    Raises:
        QueryError: it is something else, such as a whole address, or "*".

    >>> check_origin("https://Shop.example:443/")
    'https://shop.example'
    """
    parts = urlsplit(origin.strip())
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    normal = f"{parts.scheme}://{parts.netloc}".lower().removesuffix(default or "\0")
    if parts.path not in ("", "/") or parts.query or parts.fragment or not _ORIGIN.fullmatch(normal):
        raise QueryError(f"{origin!r} is no origin: give scheme and host alone, e.g. https://shop.example")
    return normal
