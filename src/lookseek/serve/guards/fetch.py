"""Fetches a picture by URL, so that no URL reaches into the network that the service stands in.

The host is resolved once, every address of it must be public, and the connection goes to the address that was
checked: a name that changes its answer in between gains nothing. Each redirect is a new URL, checked like the first.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException, HTTPResponse
from ipaddress import IPv6Address, ip_address
from typing import cast

from ...errors import FetchError
from .addresses import Address, public
from .urls import REMEDY, Place, joined, place_of

__all__ = ["MAX_REDIRECTS", "PORTS", "Resolve", "fetch", "system_resolve"]

Resolve = Callable[[str, int], Sequence[Address]]
"""(host, port) to all its addresses. Raises ``OSError`` where there are none."""

PORTS = frozenset({80, 443})
MAX_REDIRECTS = 3
MAX_ADDRESSES = 4
"""How many addresses of a host are tried: all of them are checked."""
HEAD_BYTES = 256 * 1024
"""What headers and the signs between chunks may take beside the picture."""

# Lookups can't be stopped: of names whose servers are silent they go on for up to half a minute, beside the others.
_resolvers = ThreadPoolExecutor(16, thread_name_prefix="resolve")


def system_resolve(host: str, port: int) -> Sequence[Address]:
    """All addresses that the system knows for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))


def fetch(
    url: str,
    *,
    most: int,
    seconds: float = 5.0,
    resolve: Resolve = system_resolve,
    allow: Callable[[Address], bool] = public,
    ports: Collection[int] = PORTS,
    context: ssl.SSLContext | None = None,
) -> bytes:
    """The bytes behind a URL, as they came: nothing is unpacked or decoded.

    Blocks for ``seconds`` at most, name lookup and redirects included: call it in a worker thread. Takes no proxy
    from the environment and sends no cookie.

    Args:
        url: http or https, of a public host.
        most: bytes of the answer.
        seconds: for everything together.
        resolve: asked once for each hop.
        allow: which addresses may be connected to; another than ``public`` is for tests.
        ports: which may be connected to.
        context: whose certificates are believed; by default the system's.

    Raises:
        FetchError: the URL, its host or the answer is not to be had. It never says what an address is or answered
            that may not be connected to.
    """
    until = time.monotonic() + seconds
    for _ in range(MAX_REDIRECTS + 1):
        place = place_of(url, ports)
        try:
            with _connect(place, _addresses(place, resolve, allow, until), until, context) as line:
                found = _ask(place, line, most, until)
        except TimeoutError:
            raise FetchError(
                f"{place.host}: not answered wholly within {seconds:g} seconds: try again, or send the picture itself"
            ) from None
        except (OSError, HTTPException, ValueError) as error:
            kind = (
                "its certificate can't be trusted"
                if isinstance(error, ssl.CertificateError)
                else "the connection failed"
            )
            raise FetchError(f"{place.host}: {kind} ({type(error).__name__}): {REMEDY}") from None
        if isinstance(found, bytes):
            return found
        url = joined(url, found.location)
    raise FetchError(f"{place.host}: more than {MAX_REDIRECTS} redirects, the limit: give the URL that they lead to")


def _addresses(place: Place, resolve: Resolve, allow: Callable[[Address], bool], until: float) -> Sequence[Address]:
    """All addresses of a host, each allowed. Says the same of a name that is unknown and of one that is private."""
    try:
        found: Sequence[Address] = [ip_address(place.host)]
    except ValueError:
        try:
            asked = _resolvers.submit(resolve, place.host, place.port)
            found = asked.result(_left(until))
        except TimeoutError:
            asked.cancel()  # else those that wait behind a slow lookup would pile up
            raise
        except (OSError, ValueError):
            found = []
    if not found or not all(allow(address) for address in found):
        raise FetchError(f"{place.host}: this host has no address, or one that is not public: {REMEDY}")
    return found[:MAX_ADDRESSES]


def _connect(place: Place, addresses: Sequence[Address], until: float, context: ssl.SSLContext | None) -> socket.socket:
    """A connection to the first address that answers; the certificate is checked against the name."""
    for number, address in enumerate(addresses):
        line = socket.socket(socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET)
        try:
            line.settimeout(_left(until) / (len(addresses) - number))  # one that is dead leaves time for the others
            line.connect((str(address), place.port))
            if place.secure:
                line.settimeout(_left(until))
                return (context or _trusted()).wrap_socket(line, server_hostname=place.host)
            return line
        except ssl.SSLError:
            line.close()
            raise
        except OSError:
            line.close()
            if number + 1 == len(addresses):
                raise
    raise OSError("no address")


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str


def _ask(place: Place, line: socket.socket, most: int, until: float) -> bytes | _Redirect:
    request = (
        f"GET {place.target} HTTP/1.1\r\nHost: {place.header}\r\nUser-Agent: lookseek\r\nAccept: image/*\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    line.settimeout(_left(until))
    line.sendall(request.encode("ascii"))
    wire = _Wire(line, most + HEAD_BYTES, until, place.host)
    with HTTPResponse(cast("socket.socket", wire), method="GET") as answer:
        answer.begin()
        if answer.status in (301, 302, 303, 307, 308):
            return _Redirect((answer.headers["Location"] or "").encode("latin-1", "replace").decode("utf-8", "replace"))
        if answer.status != 200:
            raise FetchError(
                f"{place.host}: it answered {answer.status}, not 200: check that the URL opens in a browser"
            )
        for header, plain in (("Content-Encoding", "identity"), ("Transfer-Encoding", "chunked")):
            if answer.headers.get(header, plain).strip().lower() != plain:
                raise FetchError(f"{place.host}: it sends the picture packed ({header}), which is not read: {REMEDY}")
        return _body(answer, most, place.host)


def _body(answer: HTTPResponse, most: int, host: str) -> bytes:
    data = bytearray()
    if answer.length is None or answer.length <= most:
        while piece := answer.read(min(64 * 1024, most + 1 - len(data))):
            data += piece
            if len(data) > most:
                break
        else:
            if answer.length:  # what is still to come by Content-Length
                raise FetchError(f"{host}: the answer ended {answer.length} bytes early: try again")
            return bytes(data)
    raise FetchError(f"{host}: the picture is larger than the limit of {most / 1e6:g} MB: save it smaller")


class _Wire(io.RawIOBase):
    """What http.client reads from instead of the socket: ends by the clock and by what has come, whatever it is."""

    def __init__(self, line: socket.socket, most: int, until: float, host: str) -> None:
        self._line, self._left, self._until, self._host = line, most, until, host

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, 64 * 1024)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._line.settimeout(_left(self._until))
        count = self._line.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise FetchError(f"{self._host}: the answer is larger than a picture may be: {REMEDY}")
        return count


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()
