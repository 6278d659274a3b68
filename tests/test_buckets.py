"""Sources in a bucket: a table, the photos that it names, a folder of photos, from a real S3 server on this machine."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import s3fs
from moto import server

from lookseek import images
from lookseek.catalogue import ReadingOptions, open_catalogue
from lookseek.catalogue.buckets import copy_table, is_in_bucket, name_in, read_object
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.catalogue.remote_photos import RemotePhotos
from lookseek.cli import main
from lookseek.errors import CatalogueError, FetchError, HostUnreachable
from lookseek.types import Item, Skipped

SETTINGS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """The file system of an S3 server with a bucket ``shop``."""
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    before = dict(os.environ)
    os.environ |= {**SETTINGS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem()
    system.mkdir("shop")
    for number, spec in enumerate(drawn_specs(4, 1, 3)):
        system.pipe(f"shop/cat/images/{number}.png", images.to_png(draw(spec, 48)))
    system.pipe("shop/cat/images/page.png", b"<!doctype html><title>Sold out</title>")
    system.pipe("shop/cat/notes.txt", b"a note")
    system.pipe("shop/cat/shop.csv", table(["images/0.png", "s3://shop/cat/images/1.png", "/cat/images/2.png"]))
    yield system
    os.environ.clear()
    os.environ |= before
    running.stop()


@pytest.fixture
def remote(tmp_path: Path) -> RemotePhotos:
    return RemotePhotos(tmp_path / "cache" / "photos")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr("sys.argv", ["lookseek", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code


def table(photos: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([("id", "image", "price"), *((f"i{n}", name, n + 1) for n, name in enumerate(photos))])
    return text.getvalue().encode()


def items_of(source: str, options: ReadingOptions) -> tuple[list[Item], list[Skipped]]:
    found = list(open_catalogue(source, options=options))
    return [one for one in found if isinstance(one, Item)], [one for one in found if isinstance(one, Skipped)]


def test_a_table_brings_its_photos_however_it_names_them(bucket: Any, remote: RemotePhotos) -> None:
    catalogue = open_catalogue("s3://shop/cat/shop.csv", options=ReadingOptions(remote=remote))
    assert catalogue.origin == "s3://shop/cat/shop.csv"
    items, skipped = items_of("s3://shop/cat/shop.csv", ReadingOptions(remote=remote))
    assert not skipped
    assert [(item.id, item.attributes["price"]) for item in items] == [("i0", 1), ("i1", 2), ("i2", 3)]
    stored = [Path(str(item.image)).read_bytes() for item in items]
    assert stored == [bucket.cat_file(f"shop/cat/images/{n}.png") for n in range(3)]


def test_a_folder_of_photos_is_one_as_on_disk(bucket: Any, remote: RemotePhotos) -> None:
    items, skipped = items_of("s3://shop/cat", ReadingOptions(remote=remote))
    assert [item.id for item in items] == [f"images/{n}.png" for n in range(4)]
    assert {item.attributes["folder"] for item in items} == {"images"}
    assert [(one.where, one.kind) for one in skipped] == [("images/page.png", "not fetched")]
    fewer, _ = items_of("s3://shop/cat/", ReadingOptions(remote=remote, exclude=("[01p]*.png",)))
    assert [item.id for item in fewer] == ["images/2.png", "images/3.png"]


def test_the_command_indexes_once_and_finds_nothing_to_do_then(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    index = str(tmp_path / "index")
    command = ("index", "s3://shop/cat/shop.csv", index, "--store", "numpy")
    assert run(monkeypatch, *command) == 1
    assert "add --fetch" in capsys.readouterr().err
    assert run(monkeypatch, *command, "--fetch", "--dry-run") == 0
    assert "3 would be fetched" in capsys.readouterr().out
    assert run(monkeypatch, *command, "--fetch") == 0
    assert "3 fetched" in capsys.readouterr().out
    assert run(monkeypatch, *command, "--fetch") == 0
    told = capsys.readouterr().out
    assert "0 fetched" in told
    assert "3 found" in told
    assert run(monkeypatch, "index", "--list-sources", index) == 0
    assert capsys.readouterr().out.strip() == "s3://shop/cat/shop.csv"
    assert run(monkeypatch, "index", "--drop-source", "s3://shop/cat/shop.csv", index) == 0
    assert "3 items removed" in capsys.readouterr().out


def test_a_table_is_copied_again_where_it_changed_alone(bucket: Any, tmp_path: Path) -> None:
    bucket.pipe("shop/changing.csv", table(["cat/images/0.png"]))
    path = copy_table("s3://shop/changing.csv", tmp_path)
    first = path.stat().st_mtime_ns
    assert copy_table("s3://shop/changing.csv", tmp_path).stat().st_mtime_ns == first
    bucket.pipe("shop/changing.csv", table(["cat/images/0.png", "cat/images/1.png"]))
    assert len(copy_table("s3://shop/changing.csv", tmp_path).read_bytes().splitlines()) == 3


def test_a_table_may_have_any_name(bucket: Any, tmp_path: Path) -> None:
    for name in ("object.json", "a b.csv", "shop.part.csv"):
        bucket.pipe(f"shop/names/{name}", name.encode())
        for _ in range(2):
            path = copy_table(f"s3://shop/names/{name}", tmp_path)
            assert (path.name, path.read_bytes()) == (name, name.encode())


def test_folders_are_left_out_as_on_disk(bucket: Any, remote: RemotePhotos) -> None:
    photo = bucket.cat_file("shop/cat/images/0.png")
    for key in ("a/old/1.png", "a/new/2.png", "b/old/3.png", "b/.hidden/4.png"):
        bucket.pipe(f"shop/trees/{key}", photo)
    for patterns, left in ((("old/",), ["a/new/2.png"]), (("a/*",), ["b/old/3.png"])):
        items, _ = items_of("s3://shop/trees", ReadingOptions(remote=remote, exclude=patterns))
        assert [item.id for item in items] == left


def test_what_can_not_be_read_says_so(bucket: Any, remote: RemotePhotos, tmp_path: Path) -> None:
    options = ReadingOptions(remote=remote)
    with pytest.raises(CatalogueError, match=r"there is no s3://shop/cat/none\.csv"):
        open_catalogue("s3://shop/cat/none.csv", options=options)
    with pytest.raises(CatalogueError, match="no photo in s3://shop/empty"):
        open_catalogue("s3://shop/empty", options=options)
    with pytest.raises(CatalogueError, match="--id-column out"):
        open_catalogue("s3://shop/cat", id_column="id", options=options)
    with pytest.raises(FetchError, match="more than 10 bytes"):
        read_object("s3://shop/cat/images/0.png", 10)
    bucket.pipe("shop/missing.csv", table(["cat/images/0.png", "cat/images/none.png"]))
    items, skipped = items_of("s3://shop/missing.csv", options)
    assert [item.id for item in items] == ["i0"]
    assert [(one.where, one.kind, one.value) for one in skipped] == [
        ("i1", "not fetched", "s3://shop/cat/images/none.png")
    ]


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(HostUnreachable, match="pip install adlfs"):
        read_object("az://shop/1.jpg", 10)


def test_no_other_file_system_is_opened() -> None:
    chained = "s3::file:///etc/secret.png"
    assert not any(map(is_in_bucket, ("file:///etc/passwd", "memory://a.png", "simplecache::s3://shop/1.png", chained)))
    assert name_in("s3://shop/cat/", "../a.png") == "s3://shop/cat/../a.png"  # a key like any other: S3 has no folders
    assert name_in("s3://shop/cat/", "/a.png") == "s3://shop/a.png"
