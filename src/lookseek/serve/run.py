"""The process: uvicorn around the app."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

import uvicorn

from .app import create_app
from .settings import Settings

__all__ = ["serve"]


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Answer until told to stop (Ctrl-C, SIGTERM); what is being worked on is answered first.

    Args:
        settings: how.
        ready: told the address, once the service listens.

    Raises:
        LookseekError: the index, its model or the keys can't be used.
        OSError: the address can't be listened at.
    """
    listening = _listen(settings.host, settings.port)
    try:
        app = create_app(settings)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=settings.drain,  # type: ignore[arg-type]
            limit_concurrency=1000,
            h11_max_incomplete_event_size=64 * 1024,
        )
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        ready(_address(listening))
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"
