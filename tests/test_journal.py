"""Edits of a folder go into a journal: they cost the same whatever the index holds, and no acknowledged one is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_faults import MOST, Faults

from lookseek.errors import IndexDamaged, IndexFull, LookseekError
from lookseek.index import folder, journal
from lookseek.index.address import place_of
from lookseek.index.folder import FolderPlace
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.index.next_generation import NextGeneration
from lookseek.index.open_index import OpenIndex, open_index
from lookseek.index.upsert import Outcome, Upsert
from lookseek.store import StoreType, VectorSpec
from lookseek.types import Encoding, Item, Point

DIM = 8


def spec(kind: StoreType) -> IndexSpec:
    return IndexSpec("model", "", "0" * 64, "", {"look": VectorSpec(DIM, "cosine")}, kind)


def vector(number: int) -> np.ndarray:
    return np.random.default_rng(number).standard_normal(DIM).astype(np.float32)


def item(id: str, number: int, **attributes: str) -> Item:
    return Item(id, None, attributes=attributes, encoding=Encoding(vector(number), None, f"hash {number}"))


def make(top: Path, kind: StoreType = "edge", items: int = 20) -> FolderPlace:
    place = FolderPlace(top / "index")
    with place.writing() as writer:
        draft = NextGeneration(writer, spec(kind), "runtime", "shop.csv")
        points = [Point(f"item-{n}", {"look": vector(n)}, {"colour": "red"}, f"hash {n}") for n in range(items)]
        draft.writable().add(points)
        draft.publish({"colour": "words"}, encoded=True)
        draft.close()
    return place


def edit(
    place: FolderPlace,
    put: Sequence[Item] = (),
    delete: Sequence[str] = (),
    opened: OpenIndex | None = None,
    *,
    few: bool = True,
) -> list[Outcome]:
    outcomes = list[Outcome]()
    manifest = place.published()
    assert manifest is not None
    with place.writing() as writer:
        draft = NextGeneration(writer, manifest.spec, "runtime", "", few=few, opened=opened)
        upsert = Upsert(draft, None, outcomes.extend)
        try:
            upsert.run(put)
            if delete:
                draft.writable().delete(delete)
            draft.publish(upsert.known_fields(), encoded=bool(put))
        finally:
            draft.close()
    return outcomes


def ids(place: FolderPlace) -> set[str]:
    opened = open_index(place)
    found = [point.id for point in opened.store.scan()]
    opened.store.close()
    assert len(found) == len(set(found)) == opened.manifest.items
    return set(found)


BEFORE = {f"item-{n}" for n in range(20)}


@pytest.fixture(params=["edge", "numpy"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> FolderPlace:
    return make(tmp_path, request.param)


def test_an_edit_changes_no_file_of_the_generation(place: FolderPlace) -> None:
    def files() -> dict[str, tuple[int, int, int]]:
        found = {path: path.stat() for path in place.folder.rglob("*") if path.is_file()}
        return {p.relative_to(place.folder).as_posix(): (s.st_ino, s.st_size, s.st_mtime_ns) for p, s in found.items()}

    edit(place, [item("first", 100, colour="blue")])  # makes the journal
    before = files()
    assert [o.what for o in edit(place, [item("a", 101, colour="blue")], ["item-3"])] == ["added"]
    changed = {name for name, known in files().items() if before.get(name) != known}
    assert changed - {"writer.lock", "engine.lock"} == {"generation-0001.journal", "journal.json"}
    assert ids(place) == BEFORE - {"item-3"} | {"first", "a"}
    manifest = place.published()
    assert manifest is not None
    assert manifest.journal is not None
    assert (manifest.generation, manifest.journal.edits, place.damage(manifest, contents=True)) == (
        "generation-0001",
        3,
        {},
    )


def test_what_an_edit_reads_and_writes_does_not_grow_with_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_files = list[str]()
    watching = threading.Event()

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("open", "os.listdir", "os.scandir") and watching.is_set():
            opened_files.append(Path(str(arguments[0])).name)

    sys.addaudithook(hear)
    costs = []
    for items in (1_000, 4_000):
        place = make(tmp_path / str(items), items=items)
        (place.folder / "photos").mkdir()
        edit(place, [item("first", 100, colour="blue")])
        opened = open_index(place)
        with monkeypatch.context() as patch:
            patch.setattr(folder, "open_store", lambda *_, **__: pytest.fail("the points were opened again"))
            size = place.journal(opened.manifest).stat().st_size
            opened_files.clear()
            watching.set()
            edit(place, [item("one", 101, colour="blue")], opened=opened)
            again = open_index(place, opened)
            watching.clear()
        assert [point.id for point in again.store.get(["one"])] == ["one"]
        assert opened.store.get(["one"]) == []  # who searches sees one state to the end
        costs.append((sorted(opened_files), place.journal(opened.manifest).stat().st_size - size))
        again.store.close()
    assert costs[0] == costs[1]
    few = {"lookseek.json", "journal.json", "journal.json.part", "generation-0001.journal", "index", "building.json"}
    assert set(costs[0][0]) <= few | {"writer.lock", "engine.lock"}


def test_edits_are_seen_by_others_and_kept_by_a_job(place: FolderPlace) -> None:
    reader = open_index(place)
    edit(place, [item("a", 100, colour="blue"), item("item-1", 101, colour="green")], ["item-2"])
    assert {p.id for p in reader.store.scan()} == BEFORE
    reader.store.close()
    expected = BEFORE - {"item-2"} | {"a"}
    code = (
        "import sys\nfrom lookseek.index.open_index import open_index\n"
        "opened = open_index(sys.argv[1])\nprint(*sorted(p.id for p in opened.store.scan()))\n"
    )
    told = subprocess.run([sys.executable, "-c", code, str(place.folder)], capture_output=True, text=True, check=True)
    assert set(told.stdout.split()) == expected
    edit(place, [item("b", 102, colour="red")], few=False)  # as a job does it
    manifest = place.published()
    assert manifest is not None
    assert (manifest.generation, manifest.journal) == ("generation-0002", None)
    assert ids(place) == expected | {"b"}
    opened = open_index(place)
    assert opened.store.get(["item-1"])[0].attributes == {"colour": "green"}
    opened.store.close()
    left = {path.name for path in place.folder.iterdir()} - {"writer.lock", "engine.lock"}
    assert left == {"lookseek.json", "generation-0002"}


def test_a_new_attribute_and_a_full_journal_take_a_generation(
    place: FolderPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(place, [item("a", 100, colour="blue")])
    edit(place, [item("b", 101, colour="blue"), item("c", 102, size="M")])
    assert (found := place.published()) is not None
    assert (found.generation, found.journal, found.fields) == (
        "generation-0002",
        None,
        {"colour": "words", "size": "words"},
    )
    monkeypatch.setattr(journal, "MOST_EDITS", 3)
    for number in range(6):
        edit(place, [item(f"d{number}", 110 + number)])
    assert (found := place.published()) is not None
    assert (found.generation, found.journal is None or found.journal.edits) == ("generation-0003", 2)
    assert ids(place) == BEFORE | {"a", "b", "c", *(f"d{number}" for number in range(6))}


def test_routers_are_outdated_by_an_edit(place: FolderPlace) -> None:
    from lookseek.index.manifest import RouterInfo

    info = RouterInfo("colour", "preset", {"red": 20}, 1.0, 1.0, 1.0, 1.0)
    with place.writing() as writer:
        base = place.published()
        assert base is not None
        writer.publish(writer.start(replace(base, routers={"svm": info}), base))
    edit(place, [item("a", 100)])
    assert (found := place.published()) is not None
    assert not found.routers["svm"].current


# deaths


WRITER = """
import sys
from test_journal import FolderPlace, edit, item
from pathlib import Path
place, number = FolderPlace(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
while True:
    for outcome in edit(place, [item(f"new-{number + n}", number + n, colour="x") for n in range(3)]):
        print(outcome.id, flush=True)
    edit(place, delete=[f"new-{number}"])
    print(f"-new-{number}", flush=True)
    number += 3
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_while_edits_stream_in_every_acknowledged_one_is_there_once(tmp_path: Path) -> None:
    place, chance = make(tmp_path), random.Random(4)
    there, gone, number, counted = set(BEFORE), set[str](), 100, 0
    for most in (4, 11, 25):
        command = [sys.executable, "-c", WRITER, str(place.folder), str(number)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=with_tests())
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with child.stdout:
            for lines, line in enumerate(child.stdout):
                if lines == most:  # goes on reading: what is said before death counts
                    threading.Timer(chance.random() * 0.05, child.send_signal, [signal.SIGKILL]).start()
                if not line.endswith("\n"):
                    continue  # death cut it short
                id = line.strip()
                counted += 1
                number = max(number, int(id.rpartition("-")[2]) + 10)
                if id.startswith("-"):
                    there.discard(id[1:])
                    gone.add(id[1:])
                else:
                    there.add(id)
        child.wait()
        found = ids(place)  # each once
        lost = there - found
        assert len(lost) <= 1, lost  # one may have been removed before that could be said
        assert not found & gone
        there -= lost
        manifest = place.published()
        assert manifest is not None
        assert place.damage(manifest, contents=True) == {}
    assert counted > 20
    with place.writing():
        assert place.unfinished() is None  # the next writer publishes what it finds
    assert there <= ids(place)


def with_tests() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}


def test_edits_of_a_killed_writer_are_read_and_then_published(place: FolderPlace) -> None:
    edit(place, [item("a", 100)])
    before = place.published()
    assert before is not None
    assert before.journal is not None
    with place.writing() as writer:
        opened = place.open(before)
        amended = writer.amend(before, opened, "runtime")
        assert amended is not None
        amended.add([Point("b", {"look": vector(101)})])
        assert place.published() == before  # nothing is seen before it is published
        amended.close()
        opened.close()
    with place.journal(before).open("ab") as file:
        file.write(b"\0\0\0\0\0\0\1\0half a record")
    found = open_index(place)
    assert (found.manifest.items, found.note) == (22, "")
    assert {p.id for p in found.store.scan()} == BEFORE | {"a", "b"}
    found.store.close()
    edit(place, delete=["item-0"])
    assert ids(place) == BEFORE - {"item-0"} | {"a", "b"}


def test_a_lost_head_costs_nothing(place: FolderPlace) -> None:
    """As a power cut may leave it, for it is not brought to the disk."""
    edit(place, [item("a", 100)])
    edit(place, [item("b", 101)])
    head = place.folder / "journal.json"
    for content in (None, b"", b"\0" * 300):
        head.unlink()
        if content is not None:
            head.write_bytes(content)
        assert ids(place) == BEFORE | {"a", "b"}
        with place.writing():
            pass
        manifest = place.published()
        assert manifest is not None
        assert manifest.items == 22


# damage, and no room


def test_damage_of_a_journal_is_found_and_named(place: FolderPlace) -> None:
    for number in range(3):
        edit(place, [item(f"a{number}", 100 + number)])
    manifest = place.published()
    assert manifest is not None
    file, head = place.journal(manifest), place.folder / "journal.json"
    good, good_head = file.read_bytes(), head.read_bytes()
    chance = random.Random(3)
    for at in [0, 7, 8, 39, 40, len(good) - 1, *(chance.randrange(len(good)) for _ in range(20))]:
        file.write_bytes(good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1 :])
        assert place.damage(manifest, contents=True) == {file.name: "is not what was written"}
        with pytest.raises(IndexDamaged, match=r"generation-0001\.journal .*is not what was written"):
            open_index(place)
        for few in (True, False):
            with pytest.raises(IndexDamaged, match="is not what was written"):
                edit(place, [item("b", 200)], few=few)
    for cut in (0, 40, len(good) // 3, len(good) - 1):
        file.write_bytes(good[:cut])
        assert place.damage(manifest) == {file.name: f"has {cut:,} bytes, not {len(good):,}"}
    file.unlink()
    assert place.damage(manifest) == {file.name: "is missing"}
    with pytest.raises(IndexDamaged, match=r"generation-0001\.journal .*is missing"):
        open_index(place)
    file.write_bytes(good)
    for at in range(0, len(good_head), 5):
        head.write_bytes(good_head[:at] + bytes([good_head[at] ^ 4]) + good_head[at + 1 :])
        with pytest.raises(IndexDamaged, match=r"journal\.json is not what was written .*delete it"):
            open_index(place)
    head.unlink()  # as the message says
    assert ids(place) == BEFORE | {"a0", "a1", "a2"}


def test_a_journal_is_read_over_no_other_points(place: FolderPlace) -> None:
    edit(place, [item("a", 100)])
    manifest = place.published()
    assert manifest is not None
    assert manifest.journal is not None
    other = replace(manifest, files={**manifest.files, "more": (1, "blocks:00")})
    assert place.damage(other, contents=True)["generation-0001.journal"] == "is not what was written"


@pytest.mark.parametrize("code", [28, 5])
def test_the_n_th_call_that_changes_the_disk_may_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    place, acknowledged = make(tmp_path, "numpy"), set(BEFORE)
    for number in range(1, MOST):
        new = f"new-{number}"
        with monkeypatch.context() as patch:
            faults = Faults(patch, number, code)
            try:
                acknowledged |= {outcome.id for outcome in edit(place, [item(new, number)])}
            except (LookseekError, OSError) as error:
                assert faults.happened
                assert code != 28 or isinstance(error, IndexFull), error
        assert acknowledged <= ids(place), number
        if not faults.happened:
            break
    assert number > 3
    assert acknowledged <= ids(place)
    assert not list(place.folder.glob("*.part"))


def test_a_full_disk_is_one_error_and_leaves_the_journal_whole(
    place: FolderPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(place, [item("a", 100)])
    size = place.journal(place.published()).stat().st_size  # type: ignore[arg-type]

    def no_room(handle: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch, pytest.raises(IndexFull, match="make room"):
        patch.setattr(journal.os, "fsync", no_room)
        edit(place, [item("b", 101)])
    assert place.journal(place.published()).stat().st_size == size  # type: ignore[arg-type]
    assert ids(place) == BEFORE | {"a"}
    edit(place, [item("b", 101)])
    assert ids(place) == BEFORE | {"a", "b"}


# folding


def test_folding_makes_a_generation_beside_readers_and_edits(
    place: FolderPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookseek.index import folding

    assert not place.fold(lambda: False)  # there is nothing to fold
    edit(place, [item("a", 100, colour="blue"), item("item-1", 101)], ["item-2"])
    synced = folding.sync_generation

    def edit_meanwhile(data: Path) -> None:
        synced(data)
        edit(place, [item("b", 102)], ["item-3"])

    with monkeypatch.context() as patch:
        patch.setattr(folding, "sync_generation", edit_meanwhile)
        assert place.fold(lambda: False)
    manifest = place.published()
    assert manifest is not None
    assert manifest.journal is not None
    assert (manifest.generation, manifest.journal.edits, manifest.items) == ("generation-0002", 2, 20)
    assert place.damage(manifest, contents=True) == {}
    assert ids(place) == BEFORE - {"item-2", "item-3"} | {"a", "b"}
    edit(place, [item("c", 103)])
    assert place.fold(lambda: False)
    manifest = place.published()
    assert manifest is not None
    assert (manifest.generation, manifest.journal) == ("generation-0003", None)
    assert ids(place) == BEFORE - {"item-2", "item-3"} | {"a", "b", "c"}
    left = {path.name for path in place.folder.iterdir()} - {"writer.lock", "engine.lock", "folding.lock"}
    assert left == {"lookseek.json", "generation-0003"}


def test_folding_is_given_up_where_a_job_is_quicker_or_nobody_wants_it(
    place: FolderPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookseek.index import folding

    edit(place, [item("a", 100)])
    assert not place.fold(lambda: True)
    synced = folding.sync_generation

    def job_meanwhile(data: Path) -> None:
        synced(data)
        edit(place, [item("b", 102)], few=False)

    with monkeypatch.context() as patch:
        patch.setattr(folding, "sync_generation", job_meanwhile)
        assert not place.fold(lambda: False)
    assert ids(place) == BEFORE | {"a", "b"}
    assert not (place.folder / "folding").exists()
    assert (found := place.published()) is not None
    assert found.generation == "generation-0002"


def test_every_edit_is_another_version(tmp_path: Path) -> None:
    place = make(tmp_path)
    version = place.version()
    for number in range(5):
        edit(place, [item("a", 100 + number)])
        assert place.version() != version
        version = place.version()
    found = place_of(place.folder).published()
    assert isinstance(found, Manifest)
    assert found.items == 21
