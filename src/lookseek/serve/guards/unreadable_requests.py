"""Refuses what can't be read as one request: bytes that are no HTTP, and bodies whose length is stated in two ways."""

from __future__ import annotations

from contextlib import suppress

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..problems import MEDIA_TYPE, problem
from .security_headers import HEADERS

__all__ = ["OneLength", "RefusingProtocol"]


class RefusingProtocol(H11Protocol):
    """uvicorn's protocol; what is no HTTP gets the headers and the problem details of every other refusal."""

    def send_400_response(self, msg: str) -> None:
        response = problem(400, "The request can't be read", "this is no HTTP/1.1: check the client, or the proxy")
        headers = [
            ("Content-Type", MEDIA_TYPE),
            ("Content-Length", str(len(response.body))),
            ("Connection", "close"),
            ("Cache-Control", "no-store"),
            *HEADERS.items(),
        ]
        with suppress(h11.LocalProtocolError):  # in the middle of a response nothing can be added: it is cut
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class OneLength:
    """Refuses a request with both Content-Length and Transfer-Encoding: a proxy may believe the other of the two."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = {name for name, _ in scope.get("headers", ())}
        if scope["type"] == "http" and {b"content-length", b"transfer-encoding"} <= names:
            detail = "the length of the body is stated twice, as Content-Length and as Transfer-Encoding: send one"
            await problem(400, "The request can't be read", detail, headers={"Connection": "close"})(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)
