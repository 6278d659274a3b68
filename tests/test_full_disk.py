"""Disks of many sizes that a writer or another program fills: an error of ours, and nothing acknowledged is lost.

The engine maps its files, so a page for which the disk has no room ends the process that writes by SIGBUS. Room is
checked before; where another program takes it after the check, the engine's own process dies, and that is an error.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import indexed, write_photos
from helpers.dear_requests import photo
from helpers.serving import serving

from lookseek.errors import IndexFull
from lookseek.index.address import place_of
from lookseek.index.open_index import open_index
from lookseek.store import VectorSpec, create_store, edge_writer, engine_process
from lookseek.store.edge_writer import EdgeWriter
from lookseek.store.room import MARGIN
from lookseek.types import Point

SIZES = tuple(MARGIN // 2**20 + more for more in (1, 24, 41, 80, 110, 200, 320))
"""Megabytes of the disk: from what is kept free to what a few hundred writes fill. With 24 more a signal ended it."""

WRITER = """
import sys
from dataclasses import replace
import numpy as np
from lookseek.errors import IndexFull
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.store import VectorSpec
from lookseek.types import Point

place, chance, number = place_of(sys.argv[1]), np.random.default_rng(0), 0
spec = IndexSpec("model", "", "0" * 64, "", {"look": VectorSpec(512, "cosine")}, "edge")
try:
    for turn in range(40):
        with place.writing() as writer:
            before = place.unfinished() or place.published()
            target = writer.start(Manifest("", spec, "runtime"), before)
            writer.announce(target)
            store = writer.open(target)
            try:
                for _ in range(4):
                    points = []
                    for _ in range(64):
                        fields = {f"field {turn}-{n}": "x" * 50 for n in range(8)}
                        points.append(Point(str(number), {"look": chance.normal(size=512).astype(np.float32)}, fields))
                        number += 1
                    store.add(points)
                    print("acknowledged", number, flush=True)
                store.declare({f"field {turn}-{n}": "words" for n in range(8)})
                items = store.count()
            finally:
                store.close()
            writer.publish(replace(target, items=items, updated="now"))
except IndexFull as error:
    print("full", error, flush=True)
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Where disks are mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def mount(disk: Path, megabytes: int) -> None:
    """Mount a small disk there, or skip the test."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be made here")


@pytest.mark.parametrize("size", SIZES)
def test_a_disk_that_is_filled_is_an_error_and_not_a_signal(disk: Path, size: int) -> None:
    mount(disk, size)
    done = subprocess.run(
        [sys.executable, "-c", WRITER, disk / "index"], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-500:])
    *acknowledged, last = done.stdout.splitlines()
    assert last.startswith("full"), "the disk was not filled"
    assert "make room" in last
    count = int(acknowledged[-1].split()[1]) if acknowledged else 0
    if count:
        opened = open_index(disk / "index")
        there = {point.id for point in opened.store.scan()}
        opened.store.close()
        assert there >= {str(number) for number in range(count)}
        print(f"{size} MB: {count} items acknowledged, all there")
    left = [path.name for path in disk.rglob("*") if path.name.endswith((".copying", ".part"))]
    assert not left


# another program fills the disk after room was checked


def fill(disk: Path) -> Path:
    """Write a file that takes all the room there is."""
    file = disk / "of another program"
    with file.open("wb", buffering=0) as out:
        for size in (2**20, 2**12):
            with contextlib.suppress(OSError):
                while out.write(bytes(size)):
                    pass
    return file


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engine's process sees room wherever it looks: the disk is filled between its look and its write."""
    blind = "import lookseek.store.edge as edge; edge.require_room = lambda *_: None; from lookseek"
    edge_writer.end_idle()
    monkeypatch.setattr(engine_process, "_CHILD", engine_process._CHILD.replace("from lookseek", blind, 1))
    yield
    edge_writer.end_idle()


@pytest.mark.skipif(not engine_process.CAN_SHARE, reason="Windows has no SIGBUS")
def test_a_signal_to_the_engine_is_an_error_here(disk: Path, unchecked: None) -> None:
    mount(disk, 96)
    chance = np.random.default_rng(0)
    store = create_store("edge", disk / "store", {"look": VectorSpec(512, "cosine")})
    store.add([Point("first", {"look": np.ones(512, np.float32)})])
    filler = fill(disk)
    with pytest.raises(IndexFull, match="another program took the room"):  # the words of SIGBUS alone
        for number in range(400):
            points = [Point(f"{number}-{n}", {"look": chance.normal(size=512).astype(np.float32)}) for n in range(64)]
            store.add(points)
    with pytest.raises(IndexFull):
        store.count()
    store.close()
    filler.unlink()
    again = edge_writer.EdgeWriter(disk / "store", store.layout)
    assert [point.id for point in again.get(["first"])] == ["first"]
    again.close()


@pytest.mark.skipif(not engine_process.CAN_SHARE, reason="Windows has no SIGBUS")
def test_a_service_outlives_the_signal_and_answers_507(
    disk: Path, tmp_path: Path, unchecked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("httpx2")
    mount(disk, 400)
    write_photos(tmp_path / "photos", items=3, views=1)
    indexed(tmp_path / "photos", disk / "index", model="efficientnet-lite2")
    add = EdgeWriter.add

    def add_on_full_disk(store: EdgeWriter, points: Sequence[Point]) -> None:
        fill(disk)
        for number in range(400):  # as many as meet a page without room; each has an id of its own
            add(store, [replace(point, id=f"{point.id}-{number}-{n}") for point in points for n in range(64)])

    with serving(disk / "index", keys=tmp_path / "keys") as running:
        item = {"image": photo(), "attributes": {"new": "attribute"}}  # takes a generation, so the engine writes
        with monkeypatch.context() as patch:
            patch.setattr(EdgeWriter, "add", add_on_full_disk)
            told = running.ask.put("/v1/items/new", json=item, headers=running.may_write)
        assert told.status_code == 507, told.text
        assert told.headers["content-type"] == "application/problem+json"
        found = running.ask.post("/v1/search", json={"image": photo(), "k": 3})
        assert found.status_code == 200
        assert len(found.json()["hits"]) == 3
        assert place_of(disk / "index").published() is not None
        (disk / "of another program").unlink()
        assert running.ask.put("/v1/items/new", json=item, headers=running.may_write).json()["what"] == "added"
        assert running.ask.get("/readyz").status_code == 200


def test_an_edit_on_a_full_disk_is_507_and_loses_none_that_was_acknowledged(disk: Path, tmp_path: Path) -> None:
    pytest.importorskip("httpx2")
    mount(disk, 200)
    write_photos(tmp_path / "photos", items=3, views=1)
    indexed(tmp_path / "photos", disk / "index", model="efficientnet-lite2")
    with serving(disk / "index", keys=tmp_path / "keys") as running:
        put = [running.ask.put(f"/v1/items/{n}", json={"image": photo(n)}, headers=running.may_write) for n in range(2)]
        assert [told.json()["what"] for told in put] == ["added", "added"]
        fill(disk)
        for told in (
            running.ask.put("/v1/items/2", json={"image": photo(2)}, headers=running.may_write),
            running.ask.put("/v1/items/0", json={"image": photo(3)}, headers=running.may_write),
            running.ask.delete("/v1/items/1", headers=running.may_write),
        ):
            assert told.status_code == 507, told.text
            assert told.headers["content-type"] == "application/problem+json"
        there = [running.ask.get(f"/v1/items/{n}").status_code for n in range(3)]
        assert there == [200, 200, 404]
        (disk / "of another program").unlink()
        deleted = running.ask.delete("/v1/items/1", headers=running.may_write)
        assert deleted.json()["what"] == "removed"
    opened = open_index(disk / "index")
    assert {point.id for point in opened.store.get(["0", "1", "2"])} == {"0"}
    opened.store.close()
