"""Ends requests whose body comes too slowly: a client that sends a byte a second must not hold a handler."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from types import MappingProxyType

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..problems import problem

__all__ = ["BodyDeadline"]


class BodyDeadline:
    """Answers 408 to a request whose body is late, and stops its handler.

    A body has ``seconds``, and a second more for each ``least`` bytes of it that came: large ones on a slow but honest
    line go through, drips don't. Only waiting for the client counts, not what the handler does in between. A handler
    that has begun to answer can't answer 408: it is stopped and the connection is cut.

    Args:
        app: what answers.
        seconds: for a body of no bytes, and the longest silence within any.
        least: bytes a second.
        streams: paths whose bodies are made while they are sent, and the bytes that buy a second more there.
    """

    def __init__(
        self,
        app: ASGIApp,
        seconds: float = 20.0,
        least: float = 10_000.0,
        streams: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.app = app
        self.seconds = seconds
        self.least = least
        self.streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        least = self.streams.get(scope["path"], self.least)
        clock = _Clock(self.seconds, least)
        handling = _Handling(self.app, clock, scope, receive, send)
        await handling.run()
        if handling.late and not handling.begun:
            detail = (
                f"the body of the request came too slowly: nothing for {self.seconds:g} seconds, or less than "
                f"{least:,.0f} bytes a second after the first {self.seconds:g}: send less, or on a better line"
            )
            answer = problem(408, "The request came too slowly", detail, headers={"Connection": "close"})
            await answer(scope, receive, send)


class _Handling:
    """One request in the hands of the app: a task of its own, which can be cancelled with all that it started."""

    def __init__(self, app: ASGIApp, clock: _Clock, scope: Scope, receive: Receive, send: Send) -> None:
        self._app, self._clock, self._scope, self._receive, self._send = app, clock, scope, receive, send
        self.begun = self.late = False
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until the app has ended, or was stopped because the body was late."""
        self._task = asyncio.create_task(self._in_task())
        try:
            await self._task
        except (asyncio.CancelledError, Exception):
            if not self.late:  # the app's own error, or the server stops the request
                raise

    async def _in_task(self) -> None:
        await self._app(self._scope, self.receive, self.send)

    async def receive(self) -> Message:
        if self._clock.whole:  # what comes now is only that the client goes away
            return await self._receive()
        started = monotonic()
        try:
            async with asyncio.timeout(self._clock.left()):
                message = await self._receive()
        except TimeoutError:
            self.late = True
            if self._task is not None:
                self._task.cancel()
            await asyncio.sleep(0)  # the app that waits right here ends here; others end by the cancellation
            raise
        self._clock.came(message, monotonic() - started)
        return message

    async def send(self, message: Message) -> None:
        if not self.late:  # an app that answers its own cancellation
            self.begun = True
            await self._send(message)


class _Clock:
    """How long a body may still be waited for.

    Args:
        seconds: of silence, and at all.
        least: bytes that buy a second more.
    """

    def __init__(self, seconds: float, least: float) -> None:
        self.seconds, self.least = seconds, least
        self.waited, self.bytes = 0.0, 0
        self.whole = False

    def left(self) -> float:
        return min(self.seconds, max(0.0, self.seconds + self.bytes / self.least - self.waited))

    def came(self, message: Message, waited: float) -> None:
        self.waited += waited
        self.bytes += len(message.get("body", b""))
        self.whole = message["type"] != "http.request" or not message.get("more_body", False)


def _has_body(scope: Scope) -> bool:
    """Whether a body was announced. HTTP/1.1 has none otherwise."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0"):
            return True
    return False
