"""The process: uvicorn around the app."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from collections.abc import Callable
from typing import NoReturn

import uvicorn

from ..errors import QueryError
from .app import create_app
from .guards.idle_connections import Impatient
from .settings import Settings

__all__ = ["free_port", "listen", "serve", "write_journal"]


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Answer until told to stop (Ctrl-C, SIGTERM); what is being worked on is answered first.

    Args:
        settings: how.
        ready: told the address, once the service listens.

    Raises:
        LookseekError: the index, its model, the keys or the address can't be used.
    """
    listening = listen(settings.host, settings.port)
    try:
        app = create_app(settings)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            http=Impatient,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=settings.drain,  # type: ignore[arg-type]
            limit_concurrency=1000,
            h11_max_incomplete_event_size=64 * 1024,
        )
        signal.signal(signal.SIGTERM, _end)  # what uvicorn raises again once it has ended in good order
        with contextlib.suppress(KeyboardInterrupt):
            _Server(config, lambda: ready(_address(listening))).run(sockets=[listening])
    finally:
        listening.close()


class _Server(uvicorn.Server):
    """uvicorn's, which says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def free_port(port: int) -> int:
    """The port if it is free on this machine, else 0, which stands for any."""
    try:
        listen("127.0.0.1", port).close()
    except QueryError:
        return 0
    return port


def _end(number: int, frame: object) -> NoReturn:
    raise SystemExit(0)


def write_journal() -> None:
    """Write a line of JSON a request to standard error, and what uvicorn warns of, for who serves others."""
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter("%(message)s"))
    journal = logging.getLogger("lookseek.serve")
    journal.setLevel(logging.INFO)
    journal.addHandler(lines)
    warnings = logging.getLogger("uvicorn.error")
    warnings.setLevel(logging.WARNING)
    warnings.addHandler(lines)


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address.

    Raises:
        QueryError: the address can't be listened at.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named as TCP, asyncio sends what is written at once; else the body of an answer waits 40 ms for the head's receipt
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise QueryError(
            f"{host}, port {port} can't be listened at ({error}): where another service runs give another --port, or 0 "
            "for any that is free"
        ) from error
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"
