"""Ends requests whose body arrives too slowly: a client that sends a byte a second must not hold a handler."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from time import monotonic
from types import MappingProxyType

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..problems import problem

__all__ = ["BodyDeadline"]


class BodyDeadline:
    """Answers 408 to a request whose body is late, and cancels its handler.

    A body may take ``seconds``, and a second more for each ``min_rate`` bytes received: large bodies over a slow
    connection pass, a drip of bytes does not. Only the time spent waiting for the client counts, not the handler's own.
    Where the response has begun there is no 408: the handler is cancelled and the connection closed.

    Args:
        app: answers the requests.
        seconds: for an empty body, and the longest pause within any.
        min_rate: bytes a second.
        streams: path to another ``min_rate``, for bodies that are generated while they are sent.
        total: seconds for the whole body, however much of it has come; not for streams.
    """

    def __init__(
        self,
        app: ASGIApp,
        seconds: float = 20.0,
        min_rate: float = 10_000.0,
        streams: Mapping[str, float] = MappingProxyType({}),
        total: float = math.inf,
    ) -> None:
        self.app = app
        self.seconds = seconds
        self.min_rate = min_rate
        self.streams = streams
        self.total = total

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        min_rate = self.streams.get(scope["path"], self.min_rate)
        total = math.inf if scope["path"] in self.streams else self.total
        handler = _Handler(self.app, _Deadline(self.seconds, min_rate, total), scope, receive, send)
        await handler.run()
        if handler.late and not handler.began:
            detail = (
                f"the body of the request came too slowly: nothing for {self.seconds:g} seconds, less than "
                f"{min_rate:,.0f} bytes a second after the first {self.seconds:g}, or more than {total:g} seconds in "
                "all: send less, or on a better line"
            )
            response = problem(408, "The request came too slowly", detail, headers={"Connection": "close"})
            await response(scope, receive, send)


class _Handler:
    """Runs the app for one request in a task, which is cancelled when the body is late.

    Attributes:
        began: whether the response has begun.
        late: whether the body was late.
    """

    def __init__(self, app: ASGIApp, deadline: _Deadline, scope: Scope, receive: Receive, send: Send) -> None:
        self._app, self._deadline, self._scope, self._receive, self._send = app, deadline, scope, receive, send
        self.began = self.late = False
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Return when the app has ended, or was cancelled because the body was late."""
        self._task = asyncio.create_task(self._in_task())
        try:
            await self._task
        except (asyncio.CancelledError, Exception):
            if not self.late:  # an error of the app, or the server cancels the request
                raise

    async def _in_task(self) -> None:
        await self._app(self._scope, self.receive, self.send)

    async def receive(self) -> Message:
        if self._deadline.complete:  # the next message can only be a disconnect
            return await self._receive()
        started = monotonic()
        try:
            async with asyncio.timeout(self._deadline.seconds_left()):
                message = await self._receive()
        except TimeoutError:
            self.late = True
            if self._task is not None:
                self._task.cancel()
            await asyncio.sleep(0)  # an app that waits here ends here; another one ends by the cancellation
            raise
        self._deadline.received(message, monotonic() - started)
        return message

    async def send(self, message: Message) -> None:
        if not self.late:  # False where an app responds to its own cancellation
            self.began = True
            await self._send(message)


class _Deadline:
    """How long to wait for the rest of a body.

    Args:
        seconds: the longest pause, and the time for an empty body.
        min_rate: bytes that add a second.
        total: seconds for the whole body.
    """

    def __init__(self, seconds: float, min_rate: float, total: float) -> None:
        self._seconds, self._min_rate, self._total = seconds, min_rate, total
        self._waited, self._bytes = 0.0, 0
        self.complete = False

    def seconds_left(self) -> float:
        allowed = min(self._total, self._seconds + self._bytes / self._min_rate)
        return min(self._seconds, max(0.0, allowed - self._waited))

    def received(self, message: Message, waited: float) -> None:
        """Count a message that was waited for so many seconds."""
        self._waited += waited
        self._bytes += len(message.get("body", b""))
        self.complete = message["type"] != "http.request" or not message.get("more_body", False)


def _has_body(scope: Scope) -> bool:
    """Return whether the headers announce a body. HTTP/1.1 has none otherwise."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0"):
            return True
    return False
