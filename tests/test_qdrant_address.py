"""The addresses of indexes on Qdrant, their API keys, and what a server refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from helpers.qdrant import Qdrant, found_by_address
from helpers.qdrant import local_qdrant as new_local_qdrant
from qdrant_client import models
from qdrant_client.http.exceptions import ResponseHandlingException

from lookseek.errors import IndexFolderError, IndexFull, IndexMismatch, IndexUnreachable
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.store import VectorSpec
from lookseek.store.qdrant import CollectionMissing, server

LAYOUT = {"look": VectorSpec(4, "cosine")}


# what a server answers


class Refusing(BaseHTTPRequestHandler):
    """Answers every request alike, and notes the API keys that came."""

    status, told, headers_sent = 200, "", {}
    keys: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        type(self).keys.append(self.headers.get("api-key"))
        body = json.dumps({"status": {"error": self.told}, "time": 0.1}).encode()
        self.send_response(self.status)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST = do_GET

    def log_message(self, *told: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def refusing() -> Iterator[str]:
    listening = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"qdrant://127.0.0.1:{listening.server_port}/shop"
    listening.shutdown()
    listening.server_close()


@pytest.mark.parametrize(
    ("status", "told", "headers", "error", "message"),
    [
        (401, "Must provide an API key", {}, IndexFolderError, "QDRANT_API_KEY"),
        (403, "Forbidden: not allowed", {}, IndexFolderError, "another API key"),
        (404, "Not found: Collection `x` doesn't exist!", {}, CollectionMissing, "lookseek index again"),
        (429, "too many", {"Retry-After": "3"}, IndexUnreachable, "asks to wait: too many"),
        (429, "too many", {}, IndexUnreachable, "too many"),
        (503, "starting", {}, IndexUnreachable, "starting"),
        (500, "No space left on device", {}, IndexFull, "make room"),
        (400, "Wrong input", {}, IndexFolderError, "refused this .*Wrong input"),
    ],
)
def test_what_a_server_refuses_is_one_error_without_the_key(
    refusing: str,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    told: str,
    headers: dict[str, str],
    error: type[Exception],
    message: str,
) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", "s3cret")
    monkeypatch.setattr(Refusing, "status", status)
    monkeypatch.setattr(Refusing, "told", told)
    monkeypatch.setattr(Refusing, "headers_sent", headers)
    monkeypatch.setattr(Refusing, "keys", [])
    with pytest.raises(error, match=message) as raised:
        place_of(refusing).version()
    assert "s3cret" not in str(raised.value)
    assert set(Refusing.keys) == {"s3cret"}


def test_a_reader_asks_once_more_where_a_connection_broke_and_a_writer_does_not(local_qdrant: Qdrant) -> None:
    asked: list[object] = []

    def break_first(client: object) -> int:
        asked.append(client)
        if len(asked) == 1:
            raise ResponseHandlingException(httpx.RemoteProtocolError("the server was restarted"))
        return len(asked)

    assert local_qdrant.server.run(break_first) == 2
    asked.clear()
    with pytest.raises(IndexUnreachable, match="restarted"):
        server.Session(local_qdrant.server, lambda: None).run(break_first)


def test_a_key_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("QDRANT_API_KEY", raising=False)
    (tmp_path / "key").write_text("of the file\n")
    monkeypatch.setenv("QDRANT_API_KEY_FILE", str(tmp_path / "key"))
    assert server.api_key("here") == "of the file"
    monkeypatch.setenv("QDRANT_API_KEY", "of the variable")
    assert server.api_key("here") == "of the variable"
    monkeypatch.delenv("QDRANT_API_KEY")
    (tmp_path / "key").unlink()
    with pytest.raises(IndexFolderError, match="QDRANT_API_KEY_FILE"):
        place_of("qdrant://host/shop").version()


def test_an_old_server_is_not_written(local_qdrant: Qdrant, monkeypatch: pytest.MonkeyPatch) -> None:
    old = models.VersionInfo(title="qdrant", version="1.18.3", commit=None)
    monkeypatch.setattr(local_qdrant.client._client._client, "info", lambda: old)
    with (
        pytest.raises(IndexMismatch, match=r"is Qdrant 1\.18\.3"),
        place_of(local_qdrant.address("test_old")).writing(),
    ):
        raise AssertionError("it was written")


# addresses


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("qdrant://host:6333", "name of the index"),
        ("qdrant:///shop", "name of the index"),
        ("qdrant://host/a/b", "name of the index"),
        ("qdrant://s3cret@host/shop", "QDRANT_API_KEY"),
        ("qdrant://me:s3cret@host/shop", "QDRANT_API_KEY"),
        ("qdrant://host/shop?api_key=s3cret", "no option 'api_key'"),
        ("qdrant://host/shop?replicas=0", "replicas='0'"),
        ("qdrant://host/shop?shards=two", "shards='two'"),
        ("qdrant://host:port/shop", "can't be read"),
        ("qdrant://[::1/shop", "can't be read"),
    ],
)
def test_an_address_that_can_t_be_used_is_refused_without_its_secrets(address: str, message: str) -> None:
    with pytest.raises(IndexFolderError, match=message) as refused:
        place_of(address)
    assert "s3cret" not in str(refused.value)


def test_options_of_the_address_reach_new_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    place, made = new_local_qdrant(), []
    create = place.client._client.create_collection

    def noting(name: str, **options: Any) -> bool:
        made.append((name, options["shard_number"], options["replication_factor"]))
        return bool(create(name, **options))

    monkeypatch.setattr(place.client._client, "create_collection", noting)
    with found_by_address(place), place_of(f"{place.address('test_wide')}?replicas=2&shards=3").writing() as writer:
        writer.start(Manifest("", IndexSpec("m", "", "0", "", LAYOUT, "qdrant"), "r"), None)
    assert made == [("lookseek_test_wide@records", 1, 2), ("lookseek_test_wide@points_1", 3, 2)]


def test_without_its_package_the_error_names_the_extra_and_other_addresses_import_none() -> None:
    code = """
import sys
import lookseek.cli, lookseek.index.address as address
address.place_of("shop"); address.place_of("file:///shop")
assert not [name for name in sys.modules if name.split(".")[0] == "qdrant_client"]
sys.modules["qdrant_client"] = None
try:
    address.place_of("qdrant://host/shop")
except address.IndexMismatch as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'lookseek[cluster]'" in done.stdout
