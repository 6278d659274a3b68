"""A hub of models on this machine: the few answers of the Hugging Face hub that its client asks for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves folders as repositories at one revision, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, repositories: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.repositories = repositories
        self.asked: list[str] = []
        self.said: list[str] = []
        self.gated: set[str] = set()
        self.revisions: dict[str, str] = {}  # of those that are not at REVISION

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(repositories: dict[str, Path]) -> Iterator[Hub]:
    with Hub(repositories) as hub:
        thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()


class _Answer(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append(f"{self.command} {path}")
        self.server.said.append(str(self.headers.get("User-Agent")))
        parts = path.strip("/").split("/")
        api = parts[:2] == ["api", "models"]
        parts = parts[2:] if api else parts
        owner, name, verb, revision, *rest = [*parts, "", "", "", ""]
        folder = self.server.repositories.get(f"{owner}/{name}")
        if folder is None:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        if f"{owner}/{name}" in self.server.gated:
            return self._send(403, b"{}", {"X-Error-Code": "GatedRepo"})
        there = self.server.revisions.get(f"{owner}/{name}", REVISION)
        if api and not verb:  # the newest
            verb, revision = "revision", there
        if revision != there:
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        if verb == "tree":
            files = [
                {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": _oid(file)}
                for file in sorted(folder.iterdir())
            ]
            return self._send(200, json.dumps(files).encode())
        if verb == "revision":  # older clients ask so
            said = {
                "id": f"{owner}/{name}",
                "sha": there,
                "siblings": [{"rfilename": f.name} for f in folder.iterdir()],
            }
            return self._send(200, json.dumps(said).encode())
        file = folder / rest[0]
        if not file.is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        return self._send(200, file.read_bytes(), {"ETag": f'"{_oid(file)}"', "X-Repo-Commit": there})

    do_HEAD = do_GET

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Length": str(len(body)),
            "Content-Type": "application/json",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def _oid(file: Path) -> str:
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
