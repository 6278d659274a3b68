"""The path below which a service stands, such as /search on a shop's own host: links have it, routes do not."""

from __future__ import annotations

import re
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import QueryError

__all__ = ["PathPrefix", "address", "check_prefix"]

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")

_prefix: ContextVar[str] = ContextVar("path_prefix", default="")
"""Of the request that is being answered."""


def address(path: str) -> str:
    """Return a path of this service as a browser asks for it.

    Args:
        path: begins with a slash.
    """
    return _prefix.get() + path


def check_prefix(prefix: str) -> str:
    """Return a prefix without a slash at its end; "" for none.

    Raises:
        QueryError: it is no path of plain segments.
    """
    prefix = prefix.rstrip("/")
    if not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")):
        raise QueryError(
            f"path prefix {prefix!r} is no path: give one such as /search, of letters, digits, - . _ and ~"
        )
    return prefix


class PathPrefix:
    """Takes the prefix off the path of a request, where the proxy before the service has left it.

    Args:
        app: answers at addresses without the prefix.
        prefix: as ``check_prefix`` returns it; "" changes nothing.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app, self.prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _prefix.set(self.prefix)
        if self.prefix and scope["type"] == "http":
            path, raw = scope["path"], scope.get("raw_path") or scope["path"].encode()
            if path == self.prefix or path.startswith(f"{self.prefix}/"):
                rest = raw[len(self.prefix) :] or b"/"
                scope = {**scope, "path": path[len(self.prefix) :] or "/", "raw_path": rest}
        await self.app(scope, receive, send)
