"""Errors as clients get them: problem details of RFC 9457, in plain words, without a path of this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath

from starlette.responses import JSONResponse, Response

from ..errors import (
    FilterError,
    ImageTooLarge,
    IndexBusy,
    IndexFolderError,
    ItemError,
    LookseekError,
    ModelError,
    NotAnImage,
    QueryError,
)

__all__ = ["MEDIA_TYPE", "problem", "problem_of", "without_paths"]

MEDIA_TYPE = "application/problem+json"

BUSY_SECONDS = 5
"""When a client may ask again of an index that is being written."""

# The first that fits. Errors of the request are told in their own words.
_OF_THE_REQUEST: tuple[tuple[type[LookseekError], int, str], ...] = (
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
    """An answer that says what went wrong.

    Args:
        status: of HTTP.
        title: what kind of problem: the same words each time.
        detail: what happened this time: value, limit, remedy.
        headers: to add, as Retry-After.
        more: further members of the JSON.
    """
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=MEDIA_TYPE)


def problem_of(error: LookseekError) -> Response:
    """The answer to an error: 4xx in its own words, 5xx in words that tell nothing of this machine."""
    for kind, status, title in _OF_THE_REQUEST:
        if isinstance(error, kind):
            return problem(status, title, without_paths(str(error)))
    if isinstance(error, IndexBusy):
        return problem(
            503,
            "The index is busy",
            f"another process is writing the index: try again in {BUSY_SECONDS} seconds",
            headers={"Retry-After": str(BUSY_SECONDS)},
        )
    if isinstance(error, IndexFolderError | ModelError):
        return problem(
            503,
            "The index can't be used",
            "the index or its model can't be used now: who runs this finds why in its log",
        )
    return problem(500, "Something went wrong here", "the request is not to blame: who runs this finds why in its log")


def without_paths(message: str) -> str:
    """A message with each absolute path cut to its last name; URLs stay as they are.

    >>> without_paths("/srv/shop/index: no field 'size'; see https://example.org/a/b")
    "index: no field 'size'; see https://example.org/a/b"
    """
    message = _QUOTED.sub(lambda found: f"{found[1]}{_last(found[2])}{found[1]}", message)
    return _BARE.sub(lambda found: _last(found[0]), message)


def _last(path: str) -> str:
    kind = PurePosixPath if path.startswith("/") else PureWindowsPath
    return kind(path).name or "..."
