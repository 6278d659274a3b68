"""The client over a real service answers as the library does over the index."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import Service, serving

from lookseek import Box, Client, Item, Query, Searcher, Term
from lookseek.errors import ItemError, ServiceError


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, Service]]:
    top = tmp_path_factory.mktemp("client")
    write_photos(top / "photos", items=12)
    indexed(top / "photos", top / "index", model="efficientnet-lite2", metric="euclidean")
    with serving(top / "index", keys=top / "keys") as service:
        yield top / "photos", top / "index", service


def test_it_answers_as_the_searcher_does(shop: tuple[Path, Path, Service]) -> None:
    photos, index, service = shop
    first, second, *_ = sorted(photos.rglob("*.jpg"))
    ids = [path.relative_to(photos).as_posix() for path in (first, second)]
    queries = [
        Query(image=first, k=3),
        Query(image=first.read_bytes(), k=5, box=Box(10, 5, 70, 90), colour_weight=0.5),
        Query(image=first, k=3, metric="euclidean", exact=True),
        Query(item=ids[0], k=4, filter="folder = dress"),
        Query(image=first, plus=(Term(photo=second.read_bytes(), weight=0.5),), image_weight=2.0),
        Query(like=(ids[0],), unlike=(ids[1],), hide_duplicates=True),
    ]
    with Client(service.url) as client, Searcher(index) as searcher:
        for query in queries:
            told, expected = client.search(query), searcher.search(query)
            assert [hit.id for hit in told.hits] == [hit.id for hit in expected.hits]
            assert told.query is query
            for one, other in zip(told.hits, expected.hits, strict=True):
                assert one.score == pytest.approx(other.score, abs=2e-3)
                assert one.shares.keys() == other.shares.keys()
                assert (one.attributes, one.copies) == (other.attributes, other.copies)


def test_items_come_and_go(shop: tuple[Path, Path, Service]) -> None:
    photos, _, service = shop
    paths = sorted(photos.rglob("*.jpg"))[:3]
    with Client(service.url, key=service.write_key) as client:
        assert client.get("a/b") is None
        assert client.put(Item("a/b", paths[0], attributes={"price": 5})).what == "added"
        assert client.get("a/b") == {"price": 5}
        assert client.image("a/b", 160)[:2] == b"\xff\xd8"
        assert client.put(Item("new", None)).reason.endswith("give one")
        told = list(client.put_all(Item(f"many/{n}", path) for n, path in enumerate(paths)))
        assert [(one.id, one.what) for one in told] == [(f"many/{n}", "added") for n in range(3)]
        assert client.facets("folder", filter="folder = dress")["folder"][0][0] == "dress"
        assert client.about()["items"] > 3
        assert client.delete("a/b")
        assert not client.delete("a/b")


def test_what_goes_wrong_is_said(shop: tuple[Path, Path, Service], tmp_path: Path) -> None:
    with Client(shop[2].url) as client:
        with pytest.raises(ServiceError, match="reads no words"):
            client.search(Query(text="red"))
        with pytest.raises(ServiceError, match="send a key"):
            client.delete("a")
        with pytest.raises(ServiceError, match="send a key"):
            list(client.put_all([Item("a", None)]))
        with pytest.raises(ServiceError, match="no item"):
            client.image("nobody")
        with pytest.raises(ItemError, match="there is no such file"):
            client.search(Query(image=tmp_path / "none.jpg"))
    with Client("http://127.0.0.1:9") as client, pytest.raises(ServiceError, match="Is it running"):
        client.about()


def test_a_busy_service_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(503 if len(asked) < 3 else 200)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}" if len(asked) >= 3 else b"no")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Client(f"http://127.0.0.1:{server.server_port}") as client:
            assert client.about() == {}
            assert asked == ["/v1/index"] * 3
            asked[:] = []
            monkeypatch.setattr("lookseek.client._MAX_ATTEMPTS", 2)
            with pytest.raises(ServiceError, match="check that it is a lookseek service"):
                client.about()
        server.shutdown()
