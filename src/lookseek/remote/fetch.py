"""Fetches a picture by URL without reaching into the network that the service stands in (SSRF).

The host is resolved once, every address of it must be public, and the connection goes to the address that was
checked: a name that resolves otherwise a moment later gains nothing. Each redirect is checked like the first URL.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from http.client import HTTPException
from ipaddress import IPv6Address, ip_address

from ..errors import FetchError, HostUnreachable
from .addresses import Address, is_public
from .http_get import http_get, seconds_left
from .urls import REMEDY, Target, parse_url, resolve_redirect

__all__ = ["MAX_REDIRECTS", "PORTS", "Resolve", "fetch", "system_resolve"]

Resolve = Callable[[str, int], Sequence[Address]]
"""(host, port) to all its addresses. Raises ``OSError`` where there are none."""

PORTS = frozenset({80, 443})
MAX_REDIRECTS = 3
MAX_ADDRESSES = 4
"""How many addresses of a host are tried; all of them are checked."""

# A lookup can't be stopped: one whose server is silent takes up to half a minute and occupies a thread.
_resolvers = ThreadPoolExecutor(16, thread_name_prefix="resolve")


def system_resolve(host: str, port: int) -> Sequence[Address]:
    """Return all addresses of a host by the system's resolver."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in entries))


def fetch(
    url: str,
    *,
    max_bytes: int,
    seconds: float = 5.0,
    resolve: Resolve = system_resolve,
    allow: Callable[[Address], bool] = is_public,
    ports: Collection[int] = PORTS,
    context: ssl.SSLContext | None = None,
) -> bytes:
    """Return the bytes behind a URL, not unpacked and not decoded.

    Blocks for at most ``seconds``, name lookup and redirects included: call it in a worker thread. Ignores proxies of
    the environment and sends no cookie.

    Args:
        url: http or https, of a public host.
        max_bytes: of the body.
        seconds: for everything together.
        resolve: called once for each hop.
        allow: whether an address may be connected to; another one than ``is_public`` is for tests.
        ports: that may be connected to.
        context: of TLS; None trusts the system's certificates.

    Raises:
        FetchError: the URL, its host or its response can't be used. The message never tells an address, or what an
            address that is not public responds.
    """
    deadline = time.monotonic() + seconds
    for _ in range(MAX_REDIRECTS + 1):
        target = parse_url(url, ports)
        try:
            addresses = _addresses(target, resolve, allow, deadline)
            with _connect(target, addresses, deadline, context) as connection:
                response = http_get(target, connection, max_bytes, deadline)
        except TimeoutError:
            raise HostUnreachable(
                f"{target.host}: not answered wholly within {seconds:g} seconds: try again, or send the picture itself"
            ) from None
        except (OSError, HTTPException, ValueError) as error:
            reason = (
                "its certificate can't be trusted"
                if isinstance(error, ssl.CertificateError)
                else "the connection failed"
            )
            raise HostUnreachable(f"{target.host}: {reason} ({type(error).__name__}): {REMEDY}") from None
        if isinstance(response, bytes):
            return response
        url = resolve_redirect(url, response.location)
    raise FetchError(f"{target.host}: more than {MAX_REDIRECTS} redirects, the limit: give the URL that they lead to")


def _addresses(
    target: Target, resolve: Resolve, allow: Callable[[Address], bool], deadline: float
) -> Sequence[Address]:
    """Return all addresses of a host. An unknown name and one with a private address raise the same error."""
    try:
        addresses: Sequence[Address] = [ip_address(target.host)]
    except ValueError:
        lookup = _resolvers.submit(resolve, target.host, target.port)
        try:
            addresses = lookup.result(seconds_left(deadline))
        except TimeoutError:
            lookup.cancel()  # else lookups that wait behind a slow one would pile up
            raise
        except (OSError, ValueError):
            addresses = []
    if not addresses or not all(allow(address) for address in addresses):
        raise HostUnreachable(f"{target.host}: this host has no address, or one that is not public: {REMEDY}")
    return addresses[:MAX_ADDRESSES]


def _connect(
    target: Target, addresses: Sequence[Address], deadline: float, context: ssl.SSLContext | None
) -> socket.socket:
    """Connect to the first address that answers; the certificate is checked against the host's name."""
    for number, address in enumerate(addresses):
        connection = socket.socket(socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET)
        try:
            connection.settimeout(seconds_left(deadline) / (len(addresses) - number))  # leaves time for the others
            connection.connect((str(address), target.port))
            if target.secure:
                connection.settimeout(seconds_left(deadline))
                return (context or _system_certificates()).wrap_socket(connection, server_hostname=target.host)
            return connection
        except ssl.SSLError:
            connection.close()
            raise
        except OSError:
            connection.close()
            if number + 1 == len(addresses):
                raise
    raise OSError("no address")


@lru_cache(maxsize=1)
def _system_certificates() -> ssl.SSLContext:
    return ssl.create_default_context()
