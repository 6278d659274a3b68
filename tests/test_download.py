"""The download that a demo may be asked for, against a local server with the host's layout."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from helpers.catalogues import Heard, write_photos

from lookseek import images
from lookseek.catalogue.download import DATASETS, Dataset, RemoteFile, download, list_files
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.cli.demo_run import run_demo
from lookseek.errors import DownloadError

FILES = {
    "train/dress/a.jpg": b"photo a",
    "train/t-shirt/b.jpg": b"photo b" * 1000,
    "validation/dress/c.jpg": b"photo c",
    "test/shoes/d.JPG": b"photo d",
    "README.md": b"text",
    "../../escape.jpg": b"no",
    "train/../../escape.jpg": b"no",
    "other/x.jpg": b"no",
}


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Host(BaseHTTPRequestHandler):
    """The two addresses of the real host that are used."""

    asked: list[str]
    broken: set[str]
    files: dict[str, bytes]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        content = b""
        if self.path == "/repos/alexeygrigorev/clothing-dataset-small/git/trees/master?recursive=1":
            tree: list[dict[str, Any]] = [{"path": "train", "type": "tree", "sha": "0"}]
            tree += [
                {"path": path, "type": "blob", "size": len(data), "sha": git_hash(data)}
                for path, data in self.files.items()
            ]
            content = json.dumps({"tree": tree}).encode()
        else:
            path = self.path.removeprefix("/alexeygrigorev/clothing-dataset-small/master/")
            if path not in self.files:
                self.send_error(404)
                return
            content = b"damaged" if path in self.broken else self.files[path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[tuple[Dataset, type[Host]]]:
    handler = type("Handler", (Host,), {"asked": [], "broken": set(), "files": FILES})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield replace(DATASETS["clothing"], api=address, raw=address), handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_listing_says_size_before_anything_is_fetched(host: tuple[Dataset, type[Host]]) -> None:
    dataset, handler = host
    files = list_files(dataset)
    assert {file.path for file in files} == {
        "train/dress/a.jpg",
        "train/t-shirt/b.jpg",
        "validation/dress/c.jpg",
        "test/shoes/d.JPG",
    }
    assert sum(file.size for file in files) == 7 * 3 + 7000
    assert len(handler.asked) == 1
    assert "CC0" in dataset.licence


def test_fetching_verifies_resumes_and_drops_the_split_from_the_path(
    host: tuple[Dataset, type[Host]], tmp_path: Path
) -> None:
    dataset, handler = host
    files, done = list_files(dataset), []
    download(dataset, files, tmp_path, done.append)
    assert sum(done) == 4
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")} == {
        "dress/a.jpg",
        "t-shirt/b.jpg",
        "dress/c.jpg",
        "shoes/d.JPG",
    }
    assert (tmp_path / "t-shirt/b.jpg").read_bytes() == FILES["train/t-shirt/b.jpg"]
    (tmp_path / "dress/a.jpg").write_bytes(b"photo A")  # same size, other bytes
    (tmp_path / "shoes/d.JPG").unlink()
    handler.asked.clear()
    download(dataset, files, tmp_path)
    assert len(handler.asked) == 2
    assert (tmp_path / "dress/a.jpg").read_bytes() == b"photo a"


def test_a_damaged_file_is_refused_and_the_others_stay(host: tuple[Dataset, type[Host]], tmp_path: Path) -> None:
    dataset, handler = host
    handler.broken.add("train/t-shirt/b.jpg")
    with pytest.raises(DownloadError, match="checksum"):
        download(dataset, list_files(dataset), tmp_path)
    assert not (tmp_path / "t-shirt/b.jpg").exists()
    assert (tmp_path / "dress/a.jpg").read_bytes() == b"photo a"


def test_no_network_is_one_clear_error(tmp_path: Path) -> None:
    nowhere = replace(DATASETS["clothing"], api="http://127.0.0.1:9", raw="http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="lookseek demo --source"):
        list_files(nowhere)
    with pytest.raises(DownloadError, match="can't be fetched"):
        download(nowhere, [RemoteFile("train/dress/a.jpg", 7, "0")], tmp_path)


def test_a_missing_file_and_an_endless_one(host: tuple[Dataset, type[Host]], tmp_path: Path) -> None:
    dataset, _ = host
    with pytest.raises(DownloadError, match="404"):
        download(dataset, [RemoteFile("train/dress/zzz.jpg", 7, "0")], tmp_path)


def test_an_answer_that_is_no_list(host: tuple[Dataset, type[Host]]) -> None:
    dataset, _ = host
    with pytest.raises(DownloadError):
        list_files(replace(dataset, api=f"{dataset.api}/elsewhere"))


def test_the_demo_downloads_says_what_and_shows_it(
    host: tuple[Dataset, type[Host]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, handler = host
    handler.files = {
        f"train/{spec.attributes['category']}/{spec.id}.jpg": images.to_jpeg(draw(spec, 96))
        for spec in drawn_specs(4, 2)
    }
    monkeypatch.setitem(DATASETS, "clothing", dataset)
    said: list[str] = []
    shown = run_demo(None, "clothing", tmp_path / "demo", progress=Heard(), log=said.append)
    megabytes = sum(map(len, handler.files.values())) / 1e6
    assert said[0] == f"alexeygrigorev/clothing-dataset-small: 8 photos, {megabytes:.0f} MB, {dataset.licence}"
    assert said[1].startswith("showing downloaded photos")
    assert shown.summary.items == 8
    assert images.decode(shown.picture).shape[0] > 600
    handler.asked.clear()
    again = run_demo(None, "clothing", tmp_path / "demo", progress=Heard(), log=said.append)
    assert (again.summary.encoded, again.summary.unchanged) == (0, 8)
    assert len(handler.asked) == 1  # the list alone: every photo is there


def test_the_demo_draws_garments_where_there_are_no_photos(tmp_path: Path) -> None:
    said: list[str] = []
    shown = run_demo(None, None, tmp_path / "demo", progress=Heard(), log=said.append)
    assert "drawn garments" in said[0]
    assert shown.summary.items == 240
    assert (tmp_path / "demo" / "drawn" / "items.csv").is_file()
    assert all("search" in command or "check" in command for command in shown.commands)
    write_photos(tmp_path / "own", items=2, views=2)
    own = run_demo(str(tmp_path / "own"), None, tmp_path / "demo", progress=Heard(), log=said.append)
    assert "your own photos" in said[-1]
    assert own.summary.items == 4  # and none of the drawn ones
