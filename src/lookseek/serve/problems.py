"""Errors as HTTP responses: problem details of RFC 9457, without a path of this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath

from starlette.responses import JSONResponse, Response

from ..atomic import DISK_FULL
from ..errors import (
    FilterError,
    ImageTooLarge,
    IndexBusy,
    IndexFolderError,
    IndexFull,
    ItemError,
    LookseekError,
    ModelError,
    NotAnImage,
    QueryError,
)

__all__ = ["MEDIA_TYPE", "internal_error", "problem", "problem_from_error", "problem_from_os_error", "strip_paths"]

MEDIA_TYPE = "application/problem+json"

BUSY_SECONDS = 5
"""Seconds after which a client may retry where another process writes the index."""

_FULL = "there is no room to keep this: nothing was changed, and searches go on. Who runs this must make room"
_UNUSABLE = "the index or its model can't be used now: who runs this finds why in its log"

# The first that matches. The response repeats the message of an error that the request caused.
_CLIENT_ERRORS: tuple[tuple[type[LookseekError], int, str], ...] = (
    (ImageTooLarge, 413, "The picture is too large"),
    (NotAnImage, 415, "This is no picture"),
    (ItemError, 422, "The picture can't be used"),
    (FilterError, 422, "The filter can't be read"),
    (QueryError, 422, "The query can't be answered"),
)

_QUOTED = re.compile(r"""(["'])((?:[A-Za-z]:\\|\\\\|/)[^"'\n]+)\1""")
_BARE = re.compile(r"""(?<![\w/\\:.~%-])(?:[A-Za-z]:\\|\\\\|/)[^\s"'<>|,;:()\[\]]+""")


def problem(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """Return a response with problem details.

    Args:
        status: of HTTP.
        title: the kind of problem, the same words each time.
        detail: what happened this time: value, limit, remedy.
        headers: to add, e.g. Retry-After.
        more: further members of the JSON.
    """
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=MEDIA_TYPE)


def internal_error(request_id: str) -> Response:
    """Return the response to an error that nobody expected; the log has its cause under the request's id."""
    detail = f"the request is not to blame: who runs this finds why in the log, by the id {request_id}"
    return problem(500, "Something went wrong here", detail, id=request_id)


def problem_from_os_error(error: OSError) -> Response:
    """Return the response to an error of the disk: 507 where it is full, else 503."""
    if error.errno in DISK_FULL:
        return problem(507, "The disk is full", _FULL)
    return problem(503, "The index can't be used", _UNUSABLE, headers={"Retry-After": str(BUSY_SECONDS)})


def problem_from_error(error: LookseekError) -> Response:
    """Return the response to an error: 4xx with its message, 5xx with one that reveals nothing of this machine."""
    for kind, status, title in _CLIENT_ERRORS:
        if isinstance(error, kind):
            return problem(status, title, strip_paths(str(error)))
    if isinstance(error, IndexBusy):
        return problem(
            503,
            "The index is busy",
            f"another process is writing the index: try again in {BUSY_SECONDS} seconds",
            headers={"Retry-After": str(BUSY_SECONDS)},
        )
    if isinstance(error, IndexFull):
        return problem(507, "The disk is full", _FULL)
    if isinstance(error, IndexFolderError | ModelError):
        return problem(503, "The index can't be used", _UNUSABLE, headers={"Retry-After": str(BUSY_SECONDS)})
    return problem(500, "Something went wrong here", "the request is not to blame: who runs this finds why in its log")


def strip_paths(message: str) -> str:
    """Return a message with each absolute path cut to its last name; URLs stay.

    >>> strip_paths("/srv/shop/index: no field 'size'; see https://example.org/a/b")
    "index: no field 'size'; see https://example.org/a/b"
    """
    message = _QUOTED.sub(lambda match: f"{match[1]}{_last_name(match[2])}{match[1]}", message)
    return _BARE.sub(lambda match: _last_name(match[0]), message)


def _last_name(path: str) -> str:
    flavour = PurePosixPath if path.startswith("/") else PureWindowsPath
    return flavour(path).name or "..."
