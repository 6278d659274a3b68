"""Runs the service in uvicorn until it is stopped."""

from __future__ import annotations

import contextlib
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

import uvicorn
from starlette.types import ASGIApp

from ..errors import QueryError
from .app import create_app
from .guards.idle_connections import IdleTimeoutProtocol
from .guards.keys_file import KeysFile
from .guards.request_log import ShortLines, is_for_a_person
from .settings import Settings

__all__ = ["bind_socket", "configure_logging", "free_port", "network_url", "serve", "server_config"]

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
"""Addresses that stand for all of a machine, and the one by which it reaches itself."""

_SWITCH_SECONDS = 0.0002
"""Seconds for which one thread holds Python's lock while others want it. An answer is computed in many short pieces,
each of which waits for the lock: by Python's 5 ms a photo took 8 times as long beside four who counted facets, by this
2.4 times, by .1 ms 2.2 times, but then 5 % fewer photos were answered (docs/decisions/serve.md)."""


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; running requests are answered first. SIGHUP reads the file of keys again.

    Args:
        settings: the service's.
        ready: called with the service's URL once it answers.

    Raises:
        LookseekError: the index, its model, the keys or the address can't be used.
    """
    listener = bind_socket(settings.host, settings.port)
    try:
        keys = KeysFile(settings.keys)
        app = create_app(settings, keys)
        config = server_config(app, settings)
        if hasattr(signal, "SIGHUP"):  # Windows has none
            signal.signal(signal.SIGHUP, lambda *_: keys.reload())
        signal.signal(signal.SIGTERM, _exit)  # uvicorn raises the signal again once it has shut down
        sys.setswitchinterval(_SWITCH_SECONDS)
        with contextlib.suppress(KeyboardInterrupt):
            _Server(config, lambda: ready(_url(listener))).run(sockets=[listener])
    finally:
        listener.close()


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Return uvicorn's settings.

    What a request says of forwarding (X-Forwarded-For, X-Forwarded-Proto) is ignored but from a trusted proxy; the
    environment's FORWARDED_ALLOW_IPS, which uvicorn would read, changes nothing.
    """
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http=IdleTimeoutProtocol,
        ws="none",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=15,
        timeout_graceful_shutdown=settings.shutdown_seconds,  # type: ignore[arg-type]
        limit_concurrency=1000,
        h11_max_incomplete_event_size=64 * 1024,
    )


class _Server(uvicorn.Server):
    """uvicorn's server, which calls back once it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def free_port(port: int) -> int:
    """Return the port if it is free on this machine, else 0, which stands for any free one."""
    try:
        bind_socket("127.0.0.1", port).close()
    except QueryError:
        return 0
    return port


def _exit(number: int, frame: object) -> NoReturn:
    raise SystemExit(0)


def network_url(host: str, url: str) -> str | None:
    """Return the URL by which other devices of this network reach a service; None where they can't, or none is known.

    Args:
        host: that it listens at.
        url: by which this machine reaches it.
    """
    if host not in _WILDCARDS:
        return None
    family, outside = (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((outside, 9))  # sends nothing: the system only chooses the address that it would send from
        address = probe.getsockname()[0].partition("%")[0]
        port = url.rpartition(":")[2]
        return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
    return None


def configure_logging(*, short: bool = False) -> None:
    """Log a line for each request to standard error, and uvicorn's warnings.

    Args:
        short: True writes short lines for a person, without pictures and files; False lines of JSON.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(ShortLines() if short else logging.Formatter("%(message)s"))
    if short:
        handler.addFilter(is_for_a_person)
    for name, level in (("lookseek.serve", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.addHandler(handler)


def bind_socket(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address.

    Raises:
        QueryError: the address can't be listened at.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, asyncio sends what is written at once; else the body of a response waits 40 ms for the head's ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            reason = f"{host}, port {port} is already in use"
        else:
            reason = f"the service can't listen at {host}, port {port} ({error})"
        raise QueryError(f"{reason}: give another --port, or 0 for any that is free") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    reachable = _WILDCARDS.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{reachable}:{port}"
