"""What happens to an index on bad days: flipped bits, strangers' files, disks that may not be written, killed writers.

``LOOKSEEK_FLIPS`` says how many bits the test of flipped bits turns over (default 60); by hand 500.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from helpers.waiting import until

from lookseek.errors import IndexDamaged, IndexFull, LookseekError
from lookseek.index.address import place_of
from lookseek.index.check import check_index
from lookseek.index.folder import FolderPlace
from lookseek.index.generation import ENGINE_REWRITES, checksum, content_matches, matches
from lookseek.index.kept_photos import KeptPhotos
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.index.open_index import open_index
from lookseek.search.verifying import Verification
from lookseek.store import StoreType, VectorSpec, open_store
from lookseek.types import Point

DIM = 16
KINDS: tuple[StoreType, ...] = ("edge", "numpy")


def points(count: int, seed: int = 0) -> list[Point]:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return [
        Point(f"item-{n}", {"look": row}, attributes={"price": n, "colour": ("red", "blue")[n % 2]})
        for n, row in enumerate(rows)
    ]


def made(folder: Path, kind: StoreType = "edge", count: int = 40) -> Path:
    recipe = IndexSpec("model", "", "0" * 64, "", {"look": VectorSpec(DIM, "cosine")}, kind)
    with place_of(folder).writing() as writer:
        target = writer.start(Manifest("", recipe, "runtime", fields={"price": "number", "colour": "words"}), None)
        store = writer.open(target)
        store.add(points(count))
        store.declare({"price": "number", "colour": "words"})
        items = store.count()
        store.close()
        writer.publish(Manifest(target.generation, recipe, "runtime", items, target.fields, updated="now"))
    return folder


@pytest.fixture(params=KINDS)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return made(tmp_path / "index", request.param)


def answers(folder: Path) -> list[object]:
    """What a search of the index gives, all files verified before."""
    opened = open_index(folder)
    try:
        verification = Verification(opened)
        found: list[object] = [opened.store.count(), sorted(opened.store.facet("colour"))]
        for point in points(3, 9):
            found.append(
                [(hit.id, round(hit.score, 3)) for hit in opened.store.search("look", point.vectors["look"], 5)]
            )
        found.append([(point.id, dict(point.attributes)) for point in opened.store.scan()])
        verification.finish()
        return found
    finally:
        opened.store.close()


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything that writing to a folder would change."""
    return {
        path.relative_to(folder).as_posix(): (
            (stat := path.stat()).st_ino,
            stat.st_mtime_ns,
            stat.st_size,
            "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(folder.rglob("*"))
    }


# readers


def test_a_reader_never_writes(index: Path) -> None:
    before = snapshot(index)
    answers(index)
    place = place_of(index)
    manifest = place.published()
    assert manifest is not None
    store = place.open(manifest)
    store.same_content()  # declares a field where the store has to
    store.close()
    place.being_written()
    assert snapshot(index) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_may_only_be_read_is_searched(kind: StoreType) -> None:
    top = Path(tempfile.mkdtemp())
    try:
        top.chmod(0o755)
        folder = made(top / "index", kind)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        script = (
            "import os, sys, lookseek.store.edge, lookseek.store.plain\n"
            "from lookseek.index.open_index import open_index\n"
            "open_index(sys.argv[1]).store.close()\n"  # imports what is imported late
            "os.setgid(65534); os.setuid(65534)\n"
            "opened = open_index(sys.argv[1])\n"
            "print(opened.store.count(), opened.note)\n"
        )
        done = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.split()) == (0, ["40"]), done.stderr
    finally:
        shutil.rmtree(top)


def test_a_reader_s_copy_goes_with_it_and_a_killed_reader_s_with_the_next(tmp_path: Path) -> None:
    folder, temporary = made(tmp_path / "index"), tmp_path / "temporary"
    temporary.mkdir()
    script = (
        "import sys\nfrom lookseek.index.open_index import open_index\n"
        "opened = open_index(sys.argv[1]); print('open', flush=True); sys.stdin.read()\n"
    )
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", script, str(folder)]

    def started() -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        return process

    with started() as first:
        assert len(list(temporary.iterdir())) == 1
        first.kill()
    with started() as second, started() as third:
        assert len(list(temporary.iterdir())) == 2, "the killed reader's is gone, the living ones' stay"
        second.kill()
        third.kill()


def test_a_copy_goes_with_a_reader_that_nobody_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, temporary = made(tmp_path / "index"), tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    handles = Path("/proc/self/fd")
    before = len(list(handles.iterdir())) if handles.is_dir() else 0
    for _ in range(3):
        opened = open_index(folder)
        assert opened.store.count() == 40
        assert len(list(temporary.iterdir())) == 1
        del opened
        gc.collect()
    assert not list(temporary.iterdir())
    assert not before or len(list(handles.iterdir())) <= before + 1


def test_large_files_are_linked_to_and_stay_as_they_are(tmp_path: Path) -> None:
    shutil.copytree(made(tmp_path / "sparse"), tmp_path / "index")  # without the holes files are as large as they say
    before = {name: what[2:] for name, what in snapshot(tmp_path / "index").items()}
    assert answers(tmp_path / "index") == answers(tmp_path / "sparse")
    opened = open_index(tmp_path / "index")
    temporary = Path(opened.store._shard._copy.folder)  # type: ignore[attr-defined]
    assert any(path.is_symlink() for path in temporary.rglob("*"))
    opened.store.close()
    assert {name: what[2:] for name, what in snapshot(tmp_path / "index").items()} == before


# damage


def test_a_flipped_bit_is_never_a_silent_wrong_answer(index: Path, tmp_path: Path) -> None:
    chance, truth = random.Random(17), answers(index)
    manifest = place_of(index).published()
    assert manifest is not None
    files = sorted(
        path for path in index.rglob("*") if path.is_file() and path.stat().st_size and path.suffix != ".lock"
    )
    counts = {"refused": 0, "same": 0, "named by check": 0}
    for turn in range(int(os.environ.get("LOOKSEEK_FLIPS", "60"))):
        file = files[turn % len(files)]
        size = file.stat().st_size
        # half of them among the first bytes, where the engine's files say how long they are
        place = chance.randrange(min(size, 256) if turn % 2 else size)
        with file.open("rb+") as opened:
            opened.seek(place)
            byte = opened.read(1)[0]
            opened.seek(place)
            opened.write(bytes([byte ^ (1 << chance.randrange(8))]))
        try:
            try:
                found = answers(index)
            except LookseekError as error:
                counts["refused"] += 1
                assert file.name in str(error) or manifest.generation in str(error), (file, error)
            else:
                counts["same"] += 1
                assert found == truth, f"bit {place} of {file.relative_to(index)} changed the answer"
            if manifest.generation in file.parts:
                assert file.name in told_by_check(index), f"check doesn't name {file}, of which bit {place} was flipped"
                counts["named by check"] += 1
        finally:
            with file.open("rb+") as opened:
                opened.seek(place)
                opened.write(bytes([byte]))
    assert answers(index) == truth
    assert counts["refused"] > counts["same"], counts
    print(f"{counts['refused'] + counts['same']} flips: {counts}")


def told_by_check(index: Path) -> str:
    """What ``lookseek check`` prints of an index until it has compared all checksums."""
    try:
        return "\n".join(f"{finding.what}: {finding.message}" for finding in islice(check_index(index), 2))
    except LookseekError as error:
        return str(error)


def test_damage_in_a_large_file_is_reported_by_a_later_answer(tmp_path: Path) -> None:
    folder = made(tmp_path / "index")
    large = max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    with large.open("rb+") as opened:
        opened.seek(-1, os.SEEK_END)
        opened.write(b"\x07")
    index = open_index(folder)
    verification = Verification(index)

    def reported() -> bool:
        try:
            verification.raise_if_damaged()
        except IndexDamaged as error:
            assert large.name in str(error)
            return True
        return False

    until(reported, "the report of the damage")
    index.store.close()


def test_a_file_that_nobody_listed_is_refused_by_readers_and_by_the_next_writer(index: Path, tmp_path: Path) -> None:
    other = made(tmp_path / "other", "edge" if list(index.rglob("segment.json")) else "numpy", count=7)
    generation = index / "generation-0001"
    if (segments := other / "generation-0001" / "segments").is_dir():
        shutil.copytree(next(segments.iterdir()), generation / "segments" / "00000000-0000-4000-8000-000000000000")
    else:
        shutil.copyfile(next((other / "generation-0001").glob("*.npz")), generation / "00000007.npz")
    with pytest.raises(IndexDamaged, match="not listed"):
        open_index(index)
    place = place_of(index)
    manifest = place.published()
    assert manifest is not None
    with place.writing() as writer, pytest.raises(IndexDamaged, match="not listed"):
        writer.start(manifest, manifest)


@pytest.mark.parametrize("key", ["items", "generation", "fields", "checksum"])
def test_a_manifest_that_was_changed_is_refused(index: Path, key: str) -> None:
    file = index / "lookseek.json"
    stored = json.loads(file.read_text())
    stored[key] = {"items": 39, "generation": "generation-0002", "fields": {}, "checksum": "0" * 64}[key]
    file.write_text(json.dumps(stored))
    with pytest.raises(IndexDamaged, match="not what was written"):
        open_index(index)


def test_an_index_of_format_1_is_read_and_the_next_writer_lists_every_file(tmp_path: Path) -> None:
    folder = made(tmp_path / "index")
    file = folder / "lookseek.json"
    stored = json.loads(file.read_text())
    stored |= {"format": 1, "source": ""}
    del stored["checksum"], stored["sources"]
    stored["files"] = {
        name: (size, hashlib.sha256((folder / "generation-0001" / name).read_bytes()).hexdigest())
        for name, (size, _) in stored["files"].items()
        if name.rpartition("/")[2] not in ENGINE_REWRITES
    }
    file.write_text(json.dumps(stored))
    assert answers(folder)
    place = place_of(folder)
    base = place.published()
    assert base is not None
    with place.writing() as writer:
        writer.publish(writer.start(base, base))
    done = json.loads(file.read_text())
    assert done["format"] == 2
    assert any(name.endswith("segment.json") for name in done["files"])
    assert answers(folder)


@pytest.mark.parametrize("text", [b"", b"{", b'{"format": 2}', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_note_of_a_job_does_not_block_a_published_index(index: Path, text: bytes) -> None:
    (index / "building.json").write_bytes(text)
    opened = open_index(index)
    assert opened.store.count() == 40
    assert "building.json" in opened.note
    opened.store.close()


def test_only_names_of_our_own_are_removed(index: Path) -> None:
    (index / "generation-0001.bak").mkdir()
    (index / "generation-0001.bak" / "mine").write_text("x")
    (index / "generation-7.zip").write_text("x")
    (index / "generation-9").write_text("a file")
    (index / "generation-0005").mkdir()
    (index / "generation-0006.copying").mkdir()
    (index / "lookseek.json.part").write_text("half")
    place = place_of(index)
    manifest = place.published()
    assert manifest is not None
    with place.writing() as writer:
        started = writer.start(manifest, manifest)
        assert started.generation == "generation-0010"
        writer.discard(started)
    left = {path.name for path in index.iterdir()}
    assert {"generation-0001", "generation-0001.bak", "generation-7.zip", "generation-9"} <= left
    assert not {"generation-0005", "generation-0006.copying", "lookseek.json.part"} & left
    assert (index / "generation-0001.bak" / "mine").read_text() == "x"


# full disks


@pytest.fixture
def little_room(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be made here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_an_error_of_ours_that_leaves_nothing(
    kind: StoreType, little_room: Path, tmp_path: Path
) -> None:
    made(tmp_path / "index", kind)
    folder = little_room / "index"
    shutil.copytree(tmp_path / "index", folder, copy_function=_sparse)
    truth = answers(folder)
    (little_room / "other").write_bytes(bytes(max(0, shutil.disk_usage(little_room).free - 8192)))
    before = snapshot(folder)
    place = place_of(folder)
    manifest = place.published()
    assert manifest is not None
    with pytest.raises(IndexFull, match="no room"), place.writing() as writer:
        writer.start(manifest, manifest)
    assert snapshot(folder).keys() - {"writer.lock"} == before.keys() - {"writer.lock"}
    assert answers(folder) == truth


def _sparse(source: str, target: str) -> None:
    from lookseek.store.copying import copy_sparse

    copy_sparse(Path(source), Path(target))


# checksums


def test_a_checksum_is_of_the_content_however_it_is_read(tmp_path: Path) -> None:
    chance = random.Random(3)
    for size in (0, 1, 65_535, 65_536, 65_537, 300_000):
        file = tmp_path / f"{size}"
        with file.open("wb") as opened:
            opened.truncate(size)
            for _ in range(3 if size else 0):
                opened.seek(chance.randrange(size))
                opened.write(b"x")
            opened.truncate(size)
        data = file.read_bytes()
        full = tmp_path / f"{size}-full"
        full.write_bytes(data)
        assert checksum(file) == checksum(full), "holes and zeros are the same"
        assert content_matches(data, *checksum(file))
        assert content_matches(data, size, hashlib.sha256(data).hexdigest())
        assert matches(file, size, hashlib.sha256(data).hexdigest())
        if size:
            other = bytes([data[0] ^ 1]) + data[1:]
            assert not content_matches(other, *checksum(file))
            full.write_bytes(other)
            assert not matches(full, *checksum(file))


# photos


def test_photos_that_a_killed_writer_left_go_with_the_next(tmp_path: Path) -> None:
    first = KeptPhotos(tmp_path / "photos")
    first.keep("a", b"old")
    first.remove(["a"], [first.keep("a", b"new")])
    kept = {path.name for path in (tmp_path / "photos").glob("*.jpg")}
    assert len(kept) == 1
    first.keep("b", b"orphan")  # and the writer is killed before the item is written
    second = KeptPhotos(tmp_path / "photos")
    assert second.edited() == {"b"}
    second.remove(second.edited(), [])
    assert {path.name for path in tmp_path.rglob("*.jpg")} == kept
    assert not second.edited()


def test_photos_of_an_index_that_was_moved_stay(tmp_path: Path) -> None:
    kept = KeptPhotos(tmp_path / "photos")
    source = kept.keep("a", b"photo")
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    KeptPhotos(tmp_path / "elsewhere").remove(["a"], [source])
    assert len(list((tmp_path / "elsewhere").glob("*.jpg"))) == 1


# values


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_looks_like_the_store_s_boolean_stays_a_text(kind: StoreType, tmp_path: Path) -> None:
    from lookseek.store import create_store

    layout = {"look": VectorSpec(DIM, "cosine")}
    store = create_store(kind, tmp_path / "store", layout)
    values = ["\x1ftrue", "\x1ffalse", "\x1f\x1ftrue", "\x1f", True, False, "true"]
    vector = np.ones(DIM, np.float32)
    store.add([Point(str(n), {"look": vector}, attributes={"a": value}) for n, value in enumerate(values)])
    store.declare({"a": "words"})
    assert [point.attributes["a"] for point in store.get([str(n) for n in range(len(values))])] == values
    assert {(type(value), value) for value, _ in store.facet("a")} == {(type(value), value) for value in values}
    store.close()
    store = open_store(kind, tmp_path / "store", layout, read_only=True)
    assert store.count() == len(values)
    store.close()


def test_what_is_no_place_of_an_index_has_no_version(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert FolderPlace(tmp_path / "file" / "below").version() == ""


@pytest.mark.parametrize("replaced", [True, False])
def test_a_generation_that_goes_while_it_is_verified(
    index: Path, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    """A newer one was published, which is no damage; or its folder went, which is."""

    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError("generation-0001")

    opened = open_index(index)
    monkeypatch.setattr(FolderPlace, "damage", gone)
    if replaced:
        monkeypatch.setattr(FolderPlace, "published", lambda _: None)
    verification = Verification(opened)
    if replaced:
        verification.finish()
    else:
        with pytest.raises(IndexDamaged, match="can't be read"):
            verification.finish()
