"""What every place of an index promises, and how a place is found by its address."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookseek import images
from lookseek.errors import IndexBusy, IndexDamaged, IndexFolderError, IndexMismatch, IndexMissing
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.index.open_index import open_index
from lookseek.index.place import DUPLICATES, ROUTERS, SKIPPED, Place, PlaceWriter
from lookseek.search import Searcher
from lookseek.store import VectorSpec
from lookseek.types import Point

SPEC = IndexSpec("model", "", "0" * 64, "", {"look": VectorSpec(4, "cosine")}, "numpy")

PLACES: dict[str, Callable[[Path, pytest.FixtureRequest], Place]] = {
    "folder": lambda top, request: place_of(top / "index"),
    "file://": lambda top, request: place_of((top / "index").as_uri()),
    "postgresql://": lambda top, request: place_of(postgres_index(top, request)),
    "qdrant:// in memory": lambda top, request: place_of(qdrant_index("local_qdrant", top, request)),
    "qdrant:// on a server": lambda top, request: place_of(qdrant_index("qdrant_server", top, request)),
}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return PLACES[request.param](tmp_path, request)


def postgres_index(top: Path, request: pytest.FixtureRequest) -> str:
    name = hashlib.blake2b(str(top).encode(), digest_size=8).hexdigest()
    return f"{request.getfixturevalue('postgres').address()}#{name}"


def qdrant_index(kind: str, top: Path, request: pytest.FixtureRequest) -> str:
    name = hashlib.blake2b(str(top).encode(), digest_size=8).hexdigest()
    return f"{request.getfixturevalue(kind).address(f'test_{name}')}?shards=1"


def is_live(place: Place) -> bool:
    """Whether readers and the writer of a place share one store: see ``PlaceWriter.start``."""
    return place.store is not None


def manifest(**changes: object) -> Manifest:
    return replace(Manifest("", SPEC, "runtime", updated="now"), **changes)  # type: ignore[arg-type]


def other_model(place: Place) -> Manifest:
    return manifest(spec=replace(SPEC, checksum="1" * 64))


def fill(writer: PlaceWriter, target: Manifest, *ids: str) -> Manifest:
    store = writer.open(target)
    store.add([Point(id, {"look": np.full(4, 1 + n, np.float32)}) for n, id in enumerate(ids)])
    items = store.count()
    store.close()
    return replace(target, items=items)


def publish(place: Place, *ids: str) -> Manifest:
    with place.writing() as writer:
        return writer.publish(fill(writer, writer.start(manifest(), place.published()), *ids))


def ids_in(place: Place, target: Manifest | None) -> set[str]:
    assert target is not None
    store = place.open(target)
    found = {point.id for point in store.scan()}
    store.close()
    return found


def test_finding_a_place_touches_nothing(place: Place, tmp_path: Path) -> None:
    assert (place.published(), place.unfinished(), place.being_written()) == (None, None, False)
    place.version()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(IndexMissing, match="make one with lookseek index SOURCE"):
        open_index(place)


def test_a_generation_is_seen_when_it_is_published(place: Place) -> None:
    before = place.version()
    with place.writing() as writer:
        target = fill(writer, writer.start(manifest(), None), "a", "b")
        assert (place.published(), place.version()) == (None, before)
        done = writer.publish(target)
        assert place.published() == done
    assert place.version() != before
    assert ids_in(place, done) == {"a", "b"}
    index = open_index(place)
    assert (index.manifest, index.note, index.address) == (done, "", place.address)
    index.store.close()


def test_a_new_generation_begins_with_what_its_base_holds(place: Place) -> None:
    first = publish(place, "a")
    version = place.version()
    reader = place.open(first)
    second = publish(place, "b")
    assert (second.generation == first.generation) == is_live(place)
    assert place.version() != version
    assert ids_in(place, second) == {"a", "b"}
    seen = {"a", "b"} if is_live(place) else {"a"}  # what was opened before stays as it was, but for a live place
    assert {point.id for point in reader.scan()} == seen
    reader.close()


def test_a_generation_of_another_model_is_not_seen_before_it_is_published(place: Place) -> None:
    first = publish(place, "a")
    with place.writing() as writer:
        target = fill(writer, writer.start(other_model(place), None), "b", "c")
        assert ids_in(place, place.published()) == {"a"}
        reader = place.open(first)
        second = writer.publish(target)
        if is_live(place):  # what was opened before can be searched to its end
            assert [point.id for point in reader.scan()] == ["a"]
        reader.close()
    assert place.published() == second
    assert ids_in(place, second) == {"b", "c"}
    with place.writing():
        pass
    with pytest.raises(IndexDamaged):
        ids_in(place, first)


def test_what_was_announced_is_found_after_a_crash_and_nothing_else_is(place: Place) -> None:
    publish(place, "a")
    with place.writing() as writer:
        target = fill(writer, writer.start(manifest(), place.published()), "b")
        assert place.unfinished() is None
        writer.announce(target)
    assert place.unfinished() == target
    index = open_index(place)
    assert {point.id for point in index.store.scan()} == {"a", "b"}
    assert "interrupted" in index.note
    index.store.close()
    with place.writing() as writer:
        assert ids_in(place, place.unfinished()) == {"a", "b"}
        writer.publish(target)
    assert place.unfinished() is None


def test_readers_open_the_published_generation_while_a_writer_is_at_work(place: Place) -> None:
    publish(place, "a")
    with place.writing() as writer:
        assert place.being_written()
        writer.announce(fill(writer, writer.start(manifest(), place.published()), "b"))
        index = open_index(place)
        assert index.note == ""
        assert {point.id for point in index.store.scan()} == ({"a", "b"} if is_live(place) else {"a"})
        index.store.close()
    assert not place.being_written()


def test_the_first_generation_can_t_be_opened_before_its_writer_has_ended(place: Place) -> None:
    with place.writing() as writer:
        writer.announce(writer.start(manifest(), None))
        with pytest.raises(IndexBusy, match="for the first time"):
            open_index(place)


def test_one_writer_at_a_time(place: Place) -> None:
    with place.writing(), pytest.raises(IndexBusy, match="another process"), place.writing():
        raise AssertionError("two hold the right to write")
    with place.writing():
        pass


def test_a_generation_that_was_discarded_leaves_the_published_one(place: Place) -> None:
    done = publish(place, "a")
    with place.writing() as writer:
        writer.discard(fill(writer, writer.start(other_model(place), None), "b"))
    assert place.published() == done
    assert ids_in(place, done) == {"a"}


def test_small_files_go_with_their_generation(place: Place) -> None:
    with place.writing() as writer:
        target = writer.start(manifest(), None)
        writer.write_file(target, f"{ROUTERS}/svm.npz", b"numbers")
        first = writer.publish(target)
        assert place.read_file(first, f"{ROUTERS}/svm.npz") == b"numbers"
        copy = writer.start(manifest(), first)
        writer.remove_files(copy, ROUTERS)
        second = writer.publish(copy)
    with pytest.raises(IndexDamaged, match=r"svm\.npz is not listed"):
        place.read_file(second, f"{ROUTERS}/svm.npz")


def test_reports_are_written_over(place: Place) -> None:
    with place.writing() as writer:
        for name in (SKIPPED, DUPLICATES):
            for text in ("long text\r\n" * 3, "short\n"):
                with writer.write_report(name) as report:
                    report.write(text)
            assert name in place.report_address(name)
            assert place.read_report(name) == "short\n"
    assert place.read_report("other.csv") == ""


def test_photos_are_kept_and_removed_with_their_items(place: Place, tmp_path: Path) -> None:
    with place.writing() as writer:
        first, second, other = (writer.keep_photo(id, photo) for id, photo in (("a", b"1"), ("a", b"2"), ("b", b"1")))
        assert len({first, second, other}) == 3
        assert writer.keep_photo("a", b"1") == first
        writer.remove_photos(["a"], [second])
        assert [is_kept(place, source) for source in (first, second, other)] == [False, True, True]
        writer.remove_photos(["a", "c"], [])
        assert [is_kept(place, source) for source in (second, other)] == [False, True]
        assert images.read(place.photos([second, other])[1] or b"") == b"1"
        writer.note_edited(["b", "đầm"], [other])
        assert {"b", "đầm"} <= set(writer.edited())
        writer.remove_photos(None, iter([]))
        assert not is_kept(place, other)
        assert not writer.edited()
    photo = tmp_path / "mine.jpg"
    photo.write_bytes(b"a photo elsewhere")
    assert place.photos([str(photo)]) == [photo]


def is_kept(place: Place, source: str) -> bool:
    (photo,) = place.photos([source])
    return photo.exists() if isinstance(photo, Path) else photo is not None


def test_damage_is_named(tmp_path: Path) -> None:
    place = place_of(tmp_path / "index")
    done = publish(place, "a")
    assert place.damage(done) == place.damage(done, contents=True) == {}
    (name,) = done.files
    file = tmp_path / "index" / done.generation / name
    content = file.read_bytes()
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert set(place.damage(done)) == {name}  # a small file is compared whenever an index is opened
    assert place.damage(done, contents=True) == {name: "is not what was written"}
    with place.writing() as writer, pytest.raises(IndexDamaged, match="a copy of it would be damaged too"):
        writer.start(manifest(), done)
    file.write_bytes(content[:-1])
    assert place.damage(done) == {name: f"has {len(content) - 1:,} bytes, not {len(content):,}"}
    file.unlink()
    assert place.damage(done) == {name: "is missing"}
    with pytest.raises(IndexDamaged, match=r"is missing: delete .* and index the catalogue again"):
        open_index(place)


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for address in (tmp_path, tmp_path / "file"):
        with pytest.raises(IndexMismatch), place_of(address).writing():
            raise AssertionError("it was taken for an index")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# addresses


@pytest.mark.parametrize("address", ["shop", "./shop", "shop/", "áo mới", "hf:owner/name", "C:\\shop", "c://shop"])
def test_a_path_is_a_folder(address: str) -> None:
    assert place_of(address).address == place_of(Path(address)).address == str(Path(address))


def test_a_place_is_its_own_address(place: Place) -> None:
    assert place_of(place) is place
    assert place_of(place.address).address == place.address


@pytest.mark.parametrize("address", ["mysql://host/shop", "S3://bucket/x"])
def test_an_unknown_scheme_is_one_clear_error(address: str) -> None:
    with pytest.raises(
        IndexFolderError, match=r"Give the path of a folder, or an address that begins with file://"
    ) as e:
        place_of(address)
    assert address in str(e.value)
    with pytest.raises(IndexFolderError, match="no index can be kept"):
        Searcher(address)


def test_what_a_manifest_lists_is_on_the_disk_before_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookseek.index import folder_writer, generation

    synced, sync_file, write_text = set[str](), generation.sync_file, folder_writer.write_text

    def sync(path: Path) -> None:
        synced.add(path.name)
        sync_file(path)

    def write(path: Path, text: str) -> None:
        if path.name == "lookseek.json":
            assert {Path(name).name for name in json.loads(text)["files"]} <= synced != set()
        write_text(path, text)

    monkeypatch.setattr(generation, "sync_file", sync)
    monkeypatch.setattr(folder_writer, "write_text", write)
    done = publish(place_of(tmp_path / "index"), "a")
    assert len(done.files) == 1
