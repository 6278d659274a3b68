"""What every answer says to a browser, and which names this service answers to."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import QueryError
from ..problems import problem

__all__ = ["CONTENT_SECURITY_POLICY", "LOCAL_NAMES", "Hosts", "SafeHeaders", "host_names"]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)
"""Nothing inline, nothing from elsewhere: a script in the text of an item is only text."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class SafeHeaders:
    """Adds the headers to every answer, those of errors too; the app can't weaken them.

    Each request gets an id of its own, ``scope["state"]["request_id"]`` and X-Request-Id, for the log. One that the
    client sends is not used: it could hold anything. An error that nobody caught is answered and raised again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = name
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")  # what a key opened is for its holder alone
                for header, value in _HEADERS.items():
                    headers[header] = value
                headers["X-Request-Id"] = name
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            if not begun:
                detail = f"the request is not to blame: who runs this finds why in the log, by the id {name}"
                await problem(500, "Something went wrong here", detail)(scope, receive, send_with_headers)
            raise


class Hosts:
    """Answers only requests for names of this service: a page elsewhere whose name is turned to this address gets none.

    Args:
        app: what answers.
        names: as ``host_names`` gives them; ``"*"`` among them answers to every name.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self.app = app
        self.names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or "*" in self.names:
            await self.app(scope, receive, send)
            return
        given = [value.decode("latin-1") for header, value in scope["headers"] if header == b"host"]
        name = _name_in(given[0]) if len(given) == 1 else None
        if name is not None and name in self.names:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif name is None:
            detail = "the request needs one header Host that holds the name and the port of this service"
            await problem(400, "The header Host can't be read", detail)(scope, receive, send)
        else:
            detail = "the service does not answer to the name in the header Host: who runs this can add it to its hosts"
            await problem(421, "Another host is meant", detail)(scope, receive, send)


def host_names(bound: str, more: Collection[str] = ()) -> frozenset[str]:
    """Names to answer to: those of this machine for itself, the address that is bound, and more.

    >>> sorted(host_names("::1", ["Clothes.example"]))
    ['127.0.0.1', '[::1]', 'clothes.example', 'localhost']
    """
    for name in more:
        if (name != "*" and _name_in(_as_in_header(name)) is None) or (":" in name.strip("[]") and "." in name):
            raise QueryError(
                f"{name!r} is no name of a host: give it alone, as shop.example.org, without scheme and port"
            )
    return frozenset(_as_in_header(name) for name in (*LOCAL_NAMES, bound, *more) if name)


def _as_in_header(name: str) -> str:
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return name.lower().removesuffix(".")
    return f"[{address}]" if address.version == 6 else str(address)


def _name_in(header: str) -> str | None:
    """The name in a header Host, without its port; None if it can't be one."""
    found = _HOST.fullmatch(header)
    return _as_in_header(found[1]) if found else None
