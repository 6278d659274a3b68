"""Ends requests whose body comes too slowly: a client that sends a byte a second must not hold a handler."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import problem

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
        streams: paths whose bodies are as long as the client likes: there only a silence ends the request.
    """

    def __init__(
        self, app: ASGIApp, seconds: float = 20.0, least: float = 10_000.0, streams: Collection[str] = ()
    ) -> None:
        self.app = app
        self.seconds = seconds
        self.least = least
        self.streams = frozenset(streams)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        clock = _Clock(self.seconds, None if scope["path"] in self.streams else self.least)
        begun = late = False

        async def receive_in_time() -> Message:
            nonlocal late
            if clock.whole:  # what comes now is only the client's going away
                return await receive()
            started = monotonic()
            try:
                async with asyncio.timeout(clock.left()):
                    message = await receive()
            except TimeoutError:
                late = True
                handler.cancel()
                await asyncio.sleep(0)  # where the handler itself waits here it ends now
                raise
            clock.came(message, monotonic() - started)
            return message

        async def send_in_time(message: Message) -> None:
            nonlocal begun
            if late:  # a handler that answers its own cancellation
                return
            begun = True
            await send(message)

        # A task of its own can be cancelled with all that it started, whatever exceptions it catches.
        handler = asyncio.ensure_future(self._run(scope, receive_in_time, send_in_time))
        try:
            await handler
        except asyncio.CancelledError:
            if not late:  # the server stops this request
                raise
        except Exception:
            if not late:
                raise
        if late and not begun:
            detail = (
                f"the body of the request came too slowly: it has {self.seconds:g} seconds, and one more for each "
                f"{self.least:,.0f} bytes that came; send it again on a better line, or a smaller one"
            )
            answer = problem(408, "The request came too slowly", detail, headers={"Connection": "close"})
            await answer(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class _Clock:
    """How long a body may still be waited for.

    Args:
        seconds: of silence, and at all.
        least: bytes that buy a second more; None: any byte does.
    """

    def __init__(self, seconds: float, least: float | None) -> None:
        self.seconds, self.least = seconds, least
        self.waited, self.bytes = 0.0, 0
        self.whole = False

    def left(self) -> float:
        if self.least is None:
            return self.seconds
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
