"""Photos that a table names by web address: fetched from a real server, kept, resumed, and told of."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest

from lookseek import images
from lookseek.catalogue import ReadingOptions, open_catalogue, reading_of
from lookseek.catalogue import remote_photos as module
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.catalogue.remote_photos import RemotePhotos
from lookseek.cli import main
from lookseek.errors import CatalogueError
from lookseek.index.job import build_index
from lookseek.remote.fetch import HostUnreachable, fetch
from lookseek.types import Item, Skipped

LOOPBACK = ip_address("127.0.0.1")


class Shop:
    """A server of photos: ``/0.png`` to ``/3.png``, and pages that are none."""

    def __init__(self) -> None:
        self.photos = {f"/{n}.png": images.to_png(draw(spec, 32)) for n, spec in enumerate(drawn_specs(4, 1, 3))}
        self.asked: Counter[str] = Counter()
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.asked[self.path] += 1
                path, _, _ = self.path.partition("?")
                body = shop.photos.get(path, b"")
                if path == "/moved.png":
                    self.send_response(302)
                    self.send_header("Location", "/1.png")
                elif path == "/page.png":
                    body = b"<!doctype html><title>Sold out</title>"
                    self.send_response(200)
                else:
                    self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://photos.example:{self.port}{path}"

    def get(self, url: str) -> bytes:
        """The guarded fetcher, which is told that this server's address is public."""
        return fetch(
            url, max_bytes=100_000, resolve=lambda host, port: [LOOPBACK], allow=LOOPBACK.__eq__, ports={self.port}
        )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture
def shop(server: Shop) -> Shop:
    server.asked.clear()
    return server


def table(folder: Path, *photos: str) -> Path:
    path = folder / "items.csv"
    path.write_text("\n".join(["id,image_link,price", *(f'a{n},"{p}",{n}' for n, p in enumerate(photos))]))
    return path


def read(source: Path, remote: RemotePhotos | None) -> tuple[list[Item], list[Skipped]]:
    entries = list(open_catalogue(source, options=ReadingOptions(remote=remote)))
    return [e for e in entries if isinstance(e, Item)], [e for e in entries if isinstance(e, Skipped)]


def test_photos_are_fetched_once_and_found_again(shop: Shop, tmp_path: Path) -> None:
    source = table(tmp_path, shop.url("/0.png?v=1"), shop.url("/moved.png"), shop.url("/0.png?v=1"))
    first = RemotePhotos(tmp_path / "kept", shop.get)
    found, skipped = read(source, first)
    assert not skipped
    assert [Path(item.source).read_bytes() for item in found] == [
        shop.photos["/0.png"],
        shop.photos["/1.png"],
        shop.photos["/0.png"],
    ]
    assert shop.asked == {"/0.png?v=1": 1, "/moved.png": 1, "/1.png": 1}
    assert (first.fetched.photos, first.fetched.failed) == (2, 0)
    again = RemotePhotos(tmp_path / "kept", shop.get)
    assert read(source, again)[0] == found
    assert sum(shop.asked.values()) == 3
    assert (again.fetched.photos, again.fetched.bytes, again.fetched.failed) == (0, 0, 0)


def test_what_fails_is_one_line_and_is_tried_again(shop: Shop, tmp_path: Path) -> None:
    source = table(tmp_path, shop.url("/gone.png"), shop.url("/page.png"), "http://10.0.0.1/a.png", shop.url("/2.png"))
    remote = RemotePhotos(tmp_path / "kept", shop.get)
    found, skipped = read(source, remote)
    assert [item.id for item in found] == ["a3"]
    assert [(one.where, one.kind, one.line, one.column) for one in skipped] == [
        (f"a{n}", "not fetched", n + 2, "image_link") for n in range(3)
    ]
    reasons = [one.reason for one in skipped]
    assert "it answered 404" in reasons[0]
    assert "an HTML page, not a photo" in reasons[1]
    assert "port 80" in reasons[2]
    assert remote.fetched.failed == 3
    shop.photos["/gone.png"] = shop.photos["/3.png"]
    try:
        assert [item.id for item in read(source, RemotePhotos(tmp_path / "kept", shop.get))[0]] == ["a0", "a3"]
    finally:
        del shop.photos["/gone.png"]


def test_several_addresses_in_a_cell_are_photos_of_a_product(shop: Shop, tmp_path: Path) -> None:
    source = table(tmp_path, f"{shop.url('/0.png')}, {shop.url('/1.png')}")
    found, _ = read(source, RemotePhotos(tmp_path / "kept", shop.get))
    assert [(item.id, item.attributes["product"]) for item in found] == [("a0", "a0"), ("a0/2", "a0")]


def test_a_host_that_is_dead_is_left_alone(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FAILURES", 3)
    monkeypatch.setattr(module, "CONNECTIONS", 1)
    dead = [f"http://dead.example:{shop.port}/{n}.png" for n in range(20)]
    asked: list[str] = []

    def get(url: str) -> bytes:
        asked.append(url)
        if "dead" not in url:
            return shop.get(url)
        return fetch(
            url, max_bytes=9, resolve=lambda host, port: [], allow=LOOPBACK.__eq__, ports={shop.port}
        )  # no address

    found, skipped = read(table(tmp_path, *dead, shop.url("/0.png")), RemotePhotos(tmp_path / "kept", get))
    assert len(asked) == 4
    assert [item.id for item in found] == ["a20"]
    assert len(skipped) == 20
    assert "did not answer 3 times in a row" in skipped[-1].reason


def test_an_answer_that_is_no_photo_is_an_answer(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FAILURES", 2)
    monkeypatch.setattr(module, "CONNECTIONS", 1)

    def get(url: str) -> bytes:
        if "dead" in url:
            raise HostUnreachable("it did not answer")
        return shop.get(url)

    addresses = [shop.url(f"/{name}.png") for name in ("dead1", "gone", "dead2", "gone2", "0")]
    found, skipped = read(table(tmp_path, *addresses), RemotePhotos(tmp_path / "kept", get))
    assert [item.id for item in found] == ["a4"]
    assert not any("in a row" in one.reason for one in skipped)


def test_a_disk_without_room_ends_the_job_and_keeps_what_came(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = table(tmp_path, shop.url("/0.png"))
    read(source, RemotePhotos(tmp_path / "kept", shop.get))
    source = table(tmp_path, shop.url("/0.png"), shop.url("/1.png"))
    monkeypatch.setattr(module, "MIN_FREE", 10**18)
    with pytest.raises(CatalogueError, match=r"MB left.*LOOKSEEK_CACHE.*what was fetched is kept"):
        build_index(open_catalogue(source, options=ReadingOptions(remote=RemotePhotos(tmp_path / "kept", shop.get))),
                    tmp_path / "index")  # fmt: skip
    monkeypatch.undo()
    summary = build_index(
        open_catalogue(source, options=ReadingOptions(remote=RemotePhotos(tmp_path / "kept", shop.get))),
        tmp_path / "index",
    )
    assert summary.items == 2
    assert shop.asked["/0.png"] == 1


def test_a_rehearsal_fetches_nothing(shop: Shop, tmp_path: Path) -> None:
    source = table(tmp_path, "https://photos.example/0.png", "https://photos.example/0.png", "https://127.0.0.1/a.png")
    remote = RemotePhotos(tmp_path / "kept", shop.get, rehearsal=True)
    found, skipped = read(source, remote)
    assert (len(found), len(skipped), remote.fetched.photos) == (3, 0, 2)
    assert not shop.asked
    assert not (tmp_path / "kept").exists()


def test_without_the_option_nothing_is_fetched_and_the_option_is_named(shop: Shop, tmp_path: Path) -> None:
    source = table(tmp_path, shop.url("/0.png"))
    found, skipped = read(source, None)
    assert not found
    assert "add --fetch" in skipped[0].reason
    reading = reading_of(open_catalogue(source))
    assert reading is not None
    assert [note for note in reading.notes if "--fetch" in note]
    assert not shop.asked


def test_the_command_reports_and_refuses_what_is_not_public(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    source = table(tmp_path, "http://127.0.0.1/a.png", "http://localhost/b.png")
    for options, code, said in (([], 4, "0 fetched (0.0 MB), 0 found in"), (["--dry-run"], 3, "would be fetched")):
        monkeypatch.setattr(
            "sys.argv", ["lookseek", "index", str(source), str(tmp_path / "index"), "--fetch", *options]
        )
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == code
        printed = capsys.readouterr().out
        assert said in printed
    assert "1 failed" in printed  # localhost: a name that is no host of the internet
