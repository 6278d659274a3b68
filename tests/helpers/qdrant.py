"""Qdrant for tests: the client's local mode, which is in memory, and the server that QDRANT_URL names.

Local mode keeps what the client's requests ask for in Python: it has no payload indexes, graphs, float16, replicas or
shards, and makes no requests over a network. A server is asked where the environment names one; what the tests make
there begins with ``lookseek_test`` and is removed.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from qdrant_client import QdrantClient

from lookseek.store.qdrant import server as server_module
from lookseek.store.qdrant.server import Server

URL = "QDRANT_URL"
_numbers = itertools.count()


class OneAtATime:
    """A local client that threads may use: each of its methods runs alone, as on a server."""

    def __init__(self) -> None:
        self._client, self._lock = QdrantClient(":memory:"), threading.RLock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                return method(*arguments, **named)

        return call


@dataclass
class Qdrant:
    """A place for indexes: its client, and how its addresses begin."""

    client: Any
    where: str
    is_server: bool

    @property
    def server(self) -> Server:
        return Server(self.client, self.where)

    def address(self, name: str) -> str:
        return f"{self.where}/{name}"


def local_qdrant() -> Qdrant:
    return Qdrant(OneAtATime(), f"qdrant://local-{next(_numbers)}:6333", False)


def server_qdrant() -> Qdrant:
    """Return the server that the environment names, or skip the test."""
    url = os.environ.get(URL)
    if not url:
        pytest.skip(f"no Qdrant server: set {URL} to one, e.g. http://localhost:6333, and QDRANT_API_KEY if it has one")
    scheme = "qdrants" if urlsplit(url).scheme == "https" else "qdrant"
    client = server_module.open_client(url, os.environ.get("QDRANT_API_KEY", ""))
    return Qdrant(client, f"{scheme}://{urlsplit(url).netloc}", True)


@contextmanager
def found_by_address(*places: Qdrant) -> Iterator[None]:
    """Make the addresses of local places lead to them; those of servers lead there anyway."""
    local = {place.where.replace("qdrant://", "http://"): place.client for place in places if not place.is_server}
    with pytest.MonkeyPatch.context() as patch:
        opened = server_module.open_client
        patch.setattr(server_module, "open_client", lambda url, key: local.get(url) or opened(url, key))
        yield


def remove_test_collections(place: Qdrant) -> None:
    for collection in place.client.get_collections().collections:
        if collection.name.startswith("lookseek_test"):
            place.client.delete_collection(collection.name)
