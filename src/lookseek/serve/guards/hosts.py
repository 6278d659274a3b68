"""Answers only requests whose header Host names this service."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import QueryError
from ..problems import problem

__all__ = ["LOCAL_NAMES", "AllowedHosts", "host_names"]

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""Names that a machine has for itself."""


class AllowedHosts:
    """Refuses requests for other names: a foreign page whose name resolves to this address (DNS rebinding) gets 421.

    The address that a client connected to is always a name of the service, so that phones reach one at 0.0.0.0.

    Args:
        app: answers the accepted requests.
        names: as ``host_names`` returns them; ``"*"`` among them accepts every name.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self.app = app
        self.names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or "*" in self.names:
            await self.app(scope, receive, send)
            return
        values = [value.decode("latin-1") for header, value in scope["headers"] if header == b"host"]
        name = _parse_host(values[0]) if len(values) == 1 else None
        if name is not None and (name in self.names or name == _connected_to(scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif name is None:
            detail = "the request needs one header Host that holds the name and the port of this service"
            await problem(400, "The header Host can't be read", detail)(scope, receive, send)
        else:
            detail = (
                f"the service does not answer to the name {name} in the header Host: "
                f"who runs it can add it with --also {name}"
            )
            await problem(421, "Another host is meant", detail)(scope, receive, send)


def _connected_to(scope: Scope) -> str | None:
    """Return the address of this machine that a client connected to: a name that resolves to it is another Host."""
    server = scope.get("server")
    return _normalise(server[0]) if server and _is_address(server[0]) else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def host_names(address: str, more: Collection[str] = ()) -> frozenset[str]:
    """Return the names to accept: those of this machine for itself, the address listened at, and ``more``.

    >>> sorted(host_names("::1", ["Clothes.example"]))
    ['127.0.0.1', '[::1]', 'clothes.example', 'localhost']
    """
    for name in more:
        if (name != "*" and _parse_host(_normalise(name)) is None) or (":" in name.strip("[]") and "." in name):
            raise QueryError(
                f"{name!r} is no name of a host: give it alone, as shop.example.org, without scheme and port"
            )
    return frozenset(_normalise(name) for name in (*LOCAL_NAMES, address, *more) if name)


def _normalise(name: str) -> str:
    """Return a name as it stands in a header Host: lower case, IPv6 addresses shortened and in brackets."""
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return name.lower().removesuffix(".")
    return f"[{address}]" if address.version == 6 else str(address)


def _parse_host(header: str) -> str | None:
    """Return the name in a header Host, without its port; None if it is invalid."""
    match = _HOST.fullmatch(header)
    return _normalise(match[1]) if match else None
