"""One HTTP GET over an open connection, with limits on its bytes and on its time."""

from __future__ import annotations

import io
import socket
import time
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import cast

from ..errors import FetchError
from .urls import REMEDY, Target

__all__ = ["Redirect", "http_get", "seconds_left"]

HEAD_BYTES = 256 * 1024
"""Bytes that headers and chunk sizes may take beside the body."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """A response that redirects to ``location``, which may be relative or invalid."""

    location: str


def http_get(target: Target, connection: socket.socket, max_bytes: int, deadline: float) -> bytes | Redirect:
    """Send a GET and return the body, not unpacked, or a redirect.

    Args:
        target: the host and path.
        connection: to that host.
        max_bytes: of the body.
        deadline: on the clock of ``time.monotonic``.

    Raises:
        FetchError: another status than 200, a compressed, too large or incomplete body.
        TimeoutError: the deadline has passed.
        OSError, HTTPException, ValueError: the connection failed, or the response is no HTTP.
    """
    request = (
        f"GET {target.target} HTTP/1.1\r\nHost: {target.header}\r\nUser-Agent: lookseek\r\nAccept: image/*\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    connection.settimeout(seconds_left(deadline))
    connection.sendall(request.encode("ascii"))
    reader = _LimitedReader(connection, max_bytes + HEAD_BYTES, deadline, target.host)
    with HTTPResponse(cast("socket.socket", reader), method="GET") as response:
        response.begin()
        if response.status in (301, 302, 303, 307, 308):
            location = response.headers["Location"] or ""
            return Redirect(location.encode("latin-1", "replace").decode("utf-8", "replace"))
        if response.status != 200:
            raise FetchError(
                f"{target.host}: it answered {response.status}, not 200: check that the URL opens in a browser"
            )
        for header, plain in (("Content-Encoding", "identity"), ("Transfer-Encoding", "chunked")):
            if response.headers.get(header, plain).strip().lower() != plain:
                raise FetchError(f"{target.host}: it sends the picture packed ({header}), which is not read: {REMEDY}")
        return _body(response, max_bytes, target.host)


def seconds_left(deadline: float) -> float:
    """Return the seconds until a deadline, > 0.

    Raises:
        TimeoutError: it has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _body(response: HTTPResponse, max_bytes: int, host: str) -> bytes:
    data = bytearray()
    if response.length is None or response.length <= max_bytes:
        while piece := response.read(min(64 * 1024, max_bytes + 1 - len(data))):
            data += piece
            if len(data) > max_bytes:
                break
        else:
            if response.length:  # bytes that Content-Length announces and that did not arrive
                raise FetchError(f"{host}: the answer ended {response.length} bytes early: try again")
            return bytes(data)
    raise FetchError(f"{host}: the picture is larger than the limit of {max_bytes / 1e6:g} MB: save it smaller")


class _LimitedReader(io.RawIOBase):
    """What http.client reads from in place of the socket: it ends at a deadline and after a number of bytes."""

    def __init__(self, connection: socket.socket, max_bytes: int, deadline: float, host: str) -> None:
        self._connection, self._bytes_left, self._deadline, self._host = connection, max_bytes, deadline, host

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, 64 * 1024)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._connection.settimeout(seconds_left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise FetchError(f"{self._host}: the answer is larger than a picture may be: {REMEDY}")
        return count
