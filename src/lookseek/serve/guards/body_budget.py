"""A budget of body bytes in memory: many clients with a large body each must not fill the machine together."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..metrics import Metrics
from ..pool import Busy
from ..problems import problem

__all__ = ["BodyBudget"]

_RETRY_SECONDS = 2


class BodyBudget:
    """Refuses a body for which the budget has no room left; what a request received counts until its response ends.

    A body of stated length is refused before it is read, one of unknown length in the middle. A batch holds only some
    of its body at a time, so its lines are limited elsewhere and it does not count.

    Args:
        app: answers the requests.
        most: bytes of all bodies together.
        metrics: counts refusals.
        streams: paths of bodies that are not held as a whole.
    """

    def __init__(self, app: ASGIApp, most: int, metrics: Metrics, streams: tuple[str, ...] = ()) -> None:
        self._app, self._most, self._metrics, self._streams = app, most, metrics, streams
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._streams:
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "")
        reserved = int(stated) if stated.isdecimal() else 0
        if reserved and self.held + reserved > self._most:
            self._metrics.refused.labels("bodies").inc()
            headers = {"Retry-After": str(_RETRY_SECONDS), "Connection": "close"}
            await problem(503, "Too busy", self._detail, headers=headers)(scope, receive, send)
            return
        received = 0
        self.held += reserved

        async def receive_and_count() -> Message:
            nonlocal received, reserved
            message = await receive()
            received += len(message.get("body", b""))
            if received > reserved:  # of unknown length
                self.held += received - reserved
                reserved = received
                if self.held > self._most:
                    self._metrics.refused.labels("bodies").inc()
                    raise Busy(_RETRY_SECONDS, self._detail)
            return message

        try:
            await self._app(scope, receive_and_count, send)
        finally:
            self.held -= reserved

    @property
    def _detail(self) -> str:
        return (
            f"the bodies that this service is receiving have {self._most:,} bytes together, and it holds no more: "
            f"ask again in {_RETRY_SECONDS} s"
        )
