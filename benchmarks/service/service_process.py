"""Services as processes of their own, and a process that sends requests to them: for serving.py."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.service.hostile_requests import ask, whole
from benchmarks.service.load import Job

__all__ = ["Cell", "Service", "free_port", "load", "started"]

STARTING = 300.0

Cell = dict[str, Any]
"""The statistics that ``load.py`` returns for one job."""


@dataclass(slots=True)
class Service:
    """A process that serves."""

    name: str
    process: subprocess.Popen[str]
    port: int
    path: str

    def status(self, name: str) -> int:
        """A number of /proc/PID/status, e.g. VmRSS (kB) or Threads; 0 where there is no such file."""
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return 0
        found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
        return int(found[1]) if found else 0

    @property
    def megabytes(self) -> float:
        """Memory that it holds."""
        return self.status("VmRSS") / 1024


@contextlib.contextmanager
def started(name: str, command: list[str], port: int, path: str, alive: str, log: Path) -> Iterator[Service]:
    """A service that answers, until the block ends."""
    with log.open("w", encoding="utf-8") as written:
        process = subprocess.Popen([sys.executable, *command], stdout=written, stderr=written, text=True)
        try:
            end = time.monotonic() + STARTING
            while not _answers(port, alive):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{name} did not start: {log.read_text()[-500:]}")
                time.sleep(0.2)
            yield Service(name, process, port, path)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(port: int, path: str) -> bool:
    try:
        return ask(port, whole(b"", path=path, method="GET")) == 200
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def load(service: Service, **settings: Any) -> Cell:
    """Statistics of requests that a process of its own sends; ``settings`` are those of a ``Job``."""
    job = Job(service.port, service.path, **settings)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.service.load"], input=json.dumps(asdict(job)), capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-1000:])
    cell: Cell = json.loads(done.stdout)
    return cell
