"""Parses URLs of pictures and refuses those that are not fetched, before any name is resolved.

``fetch.py`` then checks the addresses that the host resolves to, which decide.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from ..errors import FetchError

__all__ = ["MAX_URL", "REMEDY", "Target", "parse_url", "resolve_redirect"]

MAX_URL = 2048
REMEDY = "give the URL of a picture on the public internet, or send the picture itself"

_PRIVATE_NAMES = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "arpa",
)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_PATH = "/%:@!$&'()*+,;=~-._[]"


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL.

    Args:
        host: a name or an address, in lower case, without a final dot.
        port: to connect to.
        secure: whether by TLS.
        target: path and query, in ASCII.
    """

    host: str
    port: int
    secure: bool
    target: str

    @property
    def header(self) -> str:
        """The value of the header ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse_url(url: str, ports: Collection[int]) -> Target:
    """Parse a URL.

    Args:
        url: from a client.
        ports: that may be connected to.

    Raises:
        FetchError: it is no URL, or not one that is fetched. The message does not repeat a password.
    """
    if len(url) > MAX_URL:
        raise FetchError(f"the URL has {len(url):,} characters, the limit is {MAX_URL:,}: {REMEDY}")
    if any(sign <= " " or sign in "\\\x7f" for sign in url):
        raise FetchError("the URL holds a space, a backslash or a control character: write it percent-encoded")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
        target = _target(parts)
    except ValueError:
        raise FetchError(f"this is no URL that can be read: {REMEDY}") from None
    if parts.scheme not in ("http", "https"):
        raise FetchError(f"{parts.scheme[:20]!a}: only http and https are fetched: {REMEDY}")
    if "@" in parts.netloc:
        raise FetchError("the URL holds a user name or password before an @: give it without")
    secure = parts.scheme == "https"
    port = port if port is not None else 443 if secure else 80
    if port not in ports:
        allowed = " and ".join(map(str, sorted(ports)))
        raise FetchError(f"port {port}: pictures are fetched from the ports {allowed} alone: {REMEDY}")
    return Target(_host(host, "[" in parts.netloc), port, secure, target)


def resolve_redirect(url: str, location: str) -> str:
    """Return the URL that a redirect leads to."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise FetchError(f"the URL redirects to something that is none: {REMEDY}") from None


def _target(parts: SplitResult) -> str:
    query = quote(parts.query, safe=_PATH + "?")
    return (quote(parts.path, safe=_PATH) or "/") + (f"?{query}" if query else "")


def _host(host: str, in_brackets: bool) -> str:
    shown = ascii(host[:80])
    if not host.isascii():
        raise FetchError(f"{shown}: a host with letters beyond ASCII: write it in its ASCII form (xn--...)")
    if in_brackets or ":" in host:
        try:
            address = IPv6Address(host)
        except ValueError:
            address = None
        if address is None or address.scope_id is not None:
            raise FetchError(f"{shown}: this is no address of a host: {REMEDY}")
        return str(address)
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise FetchError(f"{shown}: this is no name of a host: {REMEDY}")
    if _NUMBER.fullmatch(labels[-1]):  # 127.1, 0177.0.0.1, 2130706433: spellings that hide a private address
        try:
            return str(ip_address(host))
        except ValueError:
            raise FetchError(f"{shown}: an address in an unusual spelling: write it as four decimal numbers") from None
    if len(labels) == 1 or labels[-1] in _PRIVATE_NAMES:
        raise FetchError(f"{shown}: a name of a network of its own, not of the internet: {REMEDY}")
    return host
