"""Closes idle connections: a client that sends half a request must not hold a connection for ever.

A middleware sees a request only once its head is complete. Before that, and after a response that was sent before the
body arrived, only the protocol below can close a connection, and uvicorn's does so between requests alone.
``IdleTimeoutProtocol`` wraps uvicorn's; ``TrackResponses`` tells it when a response is under way. The two meet in the
state that uvicorn copies into each request's scope.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .unreadable_requests import RefusingProtocol

__all__ = ["IDLE_SECONDS", "IdleTimeoutProtocol", "TrackResponses"]

IDLE_SECONDS = 20.0
"""Seconds that a connection may be open without a response under way, or with a client that reads none of it."""

_CONNECTION = "lookseek.connection"


class IdleTimeoutProtocol(asyncio.Protocol):
    """uvicorn's protocol, which closes a connection that has been idle for too long. For ``uvicorn.Config(http=...)``.

    Args:
        app_state: what uvicorn copies into the scope of each request.
        options: uvicorn's further arguments.
    """

    def __init__(self, *, app_state: dict[str, Any], **options: Any) -> None:
        self._inner = RefusingProtocol(app_state={**app_state, _CONNECTION: self}, **options)
        self._loop = asyncio.get_running_loop()
        self._idle_since, self._unsent, self._responses = self._loop.time(), 0, 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._inner.connection_made(self._transport)
        self._check()

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> None:
        self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._inner.connection_lost(error)

    def response_began(self) -> None:
        """A request was handed to the app."""
        self._responses += 1

    def response_ended(self) -> None:
        """The last byte of a response was written."""
        self._responses -= 1
        self._idle_since = self._loop.time()

    def _check(self) -> None:
        """Close the connection if it has been idle for too long, else check again soon.

        It is busy while the app works on a response, and while the client reads what lies ready for it.
        """
        now, unsent = self._loop.time(), self._transport.get_write_buffer_size()
        if unsent < self._unsent or (self._responses and not unsent):
            self._idle_since = now
        if now - self._idle_since > IDLE_SECONDS:
            if unsent:
                self._transport.abort()
            else:
                self._transport.close()
        if self._transport.is_closing() and not unsent:
            return
        self._unsent = unsent
        self._timer = self._loop.call_later(IDLE_SECONDS / 4, self._check)


class TrackResponses:
    """Tells an ``IdleTimeoutProtocol`` when a response begins and ends; other servers' requests pass through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = scope.get("state", {}).get(_CONNECTION)
        if scope["type"] != "http" or connection is None:
            await self._app(scope, receive, send)
            return
        under_way = True

        def end() -> None:
            nonlocal under_way
            if under_way:
                under_way = False
                connection.response_ended()

        async def send_and_track(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                end()

        connection.response_began()
        try:
            await self._app(scope, receive, send_and_track)
        finally:
            end()
