"""A real service for tests: uvicorn in a thread of this process, on a free port of the loopback."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="serving needs lookseek[serve]")
pytest.importorskip("httpx2", reason="the tests ask with lookseek[client]")

import httpx2
import uvicorn

from lookseek.serve.app import create_app
from lookseek.serve.guards.api_keys import make_key
from lookseek.serve.run import bind_socket, server_config
from lookseek.serve.settings import Settings

from .waiting import PATIENCE, until


@dataclass(frozen=True, slots=True)
class Service:
    """A running service and someone who asks it."""

    url: str
    port: int
    app: Any
    ask: httpx2.Client
    index: Path
    write_key: str = ""

    @property
    def may_write(self) -> dict[str, str]:
        """Headers of who may write."""
        return {"X-API-Key": self.write_key}


@contextlib.contextmanager
def serving(index: Path, keys: Path | None = None, **told: Any) -> Iterator[Service]:
    """Serve an index until the block ends; with ``keys`` a file in which a key that may write is made."""
    written = make_key(keys, "write", "tests") if keys is not None else ""
    listening = bind_socket("127.0.0.1", 0)
    port = listening.getsockname()[1]
    settings = Settings(index, port=port, keys=keys, shutdown_seconds=5, **told)
    app = create_app(settings)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server = uvicorn.Server(server_config(app, settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until(lambda: server.started or not thread.is_alive(), "the service")
    assert server.started, "the service did not start"
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as ask:
            yield Service(f"http://127.0.0.1:{port}", port, app, ask, index, written)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listening.close()


@contextlib.contextmanager
def served_by_command(
    index: Path, *options: str, log: Path | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``lookseek serve`` as a process of its own, on a free port; gives it and its address.

    What it logs goes to a file: a pipe that nobody reads is full after some 700 requests, and then the service waits.
    """
    command = [sys.executable, "-m", "lookseek.cli", "serve", str(index), "--port", "0", *options]
    with log.open("w+") if log else tempfile.TemporaryFile("w+") as logged:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=logged, text=True)
        assert process.stdout is not None
        with process.stdout:
            try:
                first = process.stdout.readline()
                assert " at http://" in first, (first, logged.seek(0), logged.read())
                yield process, first.split(" at ")[1].split()[0]
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait(PATIENCE)
