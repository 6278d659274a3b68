"""CORS: pages of named origins may search, and read what a search finds; no others, and without cookies.

Source: the Fetch standard, section 3.3 (fetch.spec.whatwg.org/#http-cors-protocol).
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..problems import problem

__all__ = ["CrossOrigin", "is_allowed_origin"]

_API = "/v1/"
_POSTS = ("/v1/search", "/v1/feedback", "/v1/garments")
"""What pages of named origins may send: all of it only reads."""
_READS = ("GET", "HEAD")
_REQUEST_HEADERS = ("content-type", "x-api-key", "authorization", "if-none-match")
_EXPOSED = "Retry-After, X-Request-Id, ETag"
_PREFLIGHT_SECONDS = 600


def is_allowed_origin(scope: Scope) -> bool:
    """Return whether a request comes from a page of a named origin, as ``CrossOrigin`` found."""
    return bool(scope.get("state", {}).get("allowed_origin"))


class CrossOrigin:
    """Answers preflights of named origins, and opens responses of the API to them.

    Args:
        app: answers the requests.
        origins: as ``origins.check_origin`` returns them; with none all is left as it is.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self.app, self.origins = app, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.origins:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        named = headers.get("origin") in self.origins and scope["path"].startswith(_API)
        reads = scope["method"] in (*_READS, "OPTIONS") or scope["path"] in _POSTS
        allowed = named and reads
        scope.setdefault("state", {})["allowed_origin"] = allowed

        async def send_opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                response = MutableHeaders(scope=message)
                response.add_vary_header("Origin")  # also without one: a cache must keep both apart
                if allowed:
                    response["Access-Control-Allow-Origin"] = headers["origin"]
                    response["Access-Control-Expose-Headers"] = _EXPOSED
            await send(message)

        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._preflight(scope, headers, allowed)(scope, receive, send_opened)
        else:
            await self.app(scope, receive, send_opened)

    def _preflight(self, scope: Scope, headers: Headers, allowed: bool) -> Response:
        method = headers["access-control-request-method"]
        wanted = {name.strip().lower() for name in headers.get("access-control-request-headers", "").split(",")} - {""}
        reads = method in _READS or (method == "POST" and scope["path"] in _POSTS)
        if not allowed or not reads or not wanted <= set(_REQUEST_HEADERS):
            detail = (
                "pages of this origin may not do this here: who runs the service can name origins with --allow-origin"
            )
            return problem(403, "Asked from another page", detail)
        return Response(
            None,
            204,
            {
                "Access-Control-Allow-Methods": "GET, HEAD, POST",
                "Access-Control-Allow-Headers": ", ".join(_REQUEST_HEADERS),
                "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
                "Vary": "Access-Control-Request-Method, Access-Control-Request-Headers",
            },
        )
