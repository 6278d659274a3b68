"""Connections that do nothing are ended: a client that sends half a request must not hold one for ever.

Middlewares see a request only once its head has come whole. Before that, and after an answer that went out before the
body had come, only the server can end a connection, and uvicorn does so between requests alone.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["IDLE_SECONDS", "Impatient"]

IDLE_SECONDS = 20.0
"""Seconds that a connection may be open without a request that is being answered."""


class Impatient(H11Protocol):
    """uvicorn's protocol, which closes a connection that has been idle for too long."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._idle_since, self._unsent = self.loop.time(), 0
        self._look()

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def _look(self) -> None:
        """Idle is who is not being answered, and who takes nothing of an answer that lies ready."""
        transport: Any = self.transport
        if transport is None:
            return
        now, unsent = self.loop.time(), transport.get_write_buffer_size()
        answering = self.cycle is not None and not self.cycle.response_complete
        if unsent < self._unsent or (answering and not unsent):
            self._idle_since = now
        if now - self._idle_since > IDLE_SECONDS:
            if unsent:
                transport.abort()
            else:
                transport.close()
            return
        if not unsent and transport.is_closing():
            return
        self._unsent = unsent
        self.loop.call_later(IDLE_SECONDS / 4, self._look)
