"""Security headers of every response, and an id for every request."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..problems import internal_error

__all__ = ["CONTENT_SECURITY_POLICY", "HEADERS", "SecurityHeaders"]

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
"""Nothing inline, nothing from other origins: a script in the text of an item does not run."""

_NO_ANCESTORS = "frame-ancestors 'none'"
_EMBEDDED = ("/static/widget.js",)
"""Files that pages of named origins load by a tag, which sends no Origin."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}
"""Headers of every response, whatever the app says."""

log = logging.getLogger("lookseek.serve")


class SecurityHeaders:
    """Adds the headers to every response, also to errors; the app can't weaken them.

    Pages of ``origins`` may show the service's page in a frame, and load its widget.

    Each request gets an id, ``scope["state"]["request_id"]`` and X-Request-Id, for the log; an id that the client
    sends is ignored. An uncaught error is answered with 500 and logged under the id; it is raised again only in the
    middle of a response, so that the server cuts the connection.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str] = ()) -> None:
        self.app, self._headers = app, dict(HEADERS)
        self._open_files = dict(HEADERS)
        if origins:
            ancestors = f"frame-ancestors 'self' {' '.join(sorted(origins))}"
            self._headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(_NO_ANCESTORS, ancestors)
            self._open_files |= {"Cross-Origin-Resource-Policy": "cross-origin"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        began = ended = False

        async def send_with_headers(message: Message) -> None:
            nonlocal began, ended
            if message["type"] == "http.response.start":
                began = True
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")  # a response to one key's holder is for nobody else
                for header, value in (self._open_files if scope["path"] in _EMBEDDED else self._headers).items():
                    headers[header] = value
                headers["X-Request-Id"] = request_id
            await send(message)
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            log.error("%s %s", request_id, type(error).__name__, exc_info=error)
            if not began:
                await internal_error(request_id)(scope, receive, send_with_headers)
            elif not ended:
                raise
