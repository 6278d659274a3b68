"""The index job: what it writes, what it leaves alone, and what is there when it is stopped."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed, published, unfinished, write_photos
from hypothesis import given
from hypothesis import strategies as st

from lookseek import images
from lookseek.catalogue import open_catalogue
from lookseek.encode import load_model
from lookseek.encode.model import DEFAULT
from lookseek.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexMissing, ModelError, QueryError
from lookseek.index import job, spec, upsert
from lookseek.index.address import place_of
from lookseek.index.duplicates import connected_groups, similar_fingerprints
from lookseek.index.job import build_index
from lookseek.index.next_generation import NextGeneration
from lookseek.index.open_index import open_index
from lookseek.query import Query
from lookseek.search import Searcher
from lookseek.types import Item

SHIPPED = Path(job.__file__).parents[1] / "models" / DEFAULT


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.jpg"))


def ids_of(folder: Path) -> set[str]:
    index = open_index(folder)
    try:
        return {point.id for point in index.store.scan()}
    finally:
        index.store.close()


@pytest.fixture
def other_model(tmp_path: Path) -> Path:
    """The shipped model under another name: other files, so another model."""
    folder = tmp_path / "other-model"
    shutil.copytree(SHIPPED, folder)
    config = json.loads((folder / "config.json").read_text())
    config["name"] = "other"
    (folder / "config.json").write_text(json.dumps(config))
    import hashlib

    sums = [
        f"{hashlib.sha256((folder / line.split()[1]).read_bytes()).hexdigest()}  {line.split()[1]}"
        for line in (folder / "SHA256SUMS").read_text().splitlines()
    ]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    return folder


# the first run and the next


@pytest.mark.parametrize("store", ["edge", "numpy"])
def test_a_folder_becomes_an_index(photos: Path, tmp_path: Path, store: Any) -> None:
    heard = Heard()
    summary = build_index(open_catalogue(photos), tmp_path / "index", store=store, progress=heard)
    assert (summary.items, summary.added, summary.encoded) == (12, 12, 12)
    assert (summary.changed, summary.unchanged, summary.removed, dict(summary.skipped)) == (0, 0, 0, {})
    assert not summary.interrupted
    assert heard.total == heard.done == 12
    manifest = published(tmp_path / "index")
    assert manifest is not None
    assert manifest.items == 12
    assert manifest.spec.model == DEFAULT
    assert manifest.fields == {"folder": "words"}
    assert unfinished(tmp_path / "index") is None
    assert ids_of(tmp_path / "index") == {path.relative_to(photos).as_posix() for path in files_of(photos)}


def test_the_second_run_encodes_nothing_and_writes_nothing(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    before = published(tmp_path / "index")
    summary = indexed(photos, tmp_path / "index")
    assert (summary.encoded, summary.unchanged, summary.added, summary.changed) == (0, 12, 0, 0)
    assert published(tmp_path / "index") == before


def test_new_and_changed_photos_alone_are_encoded(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    first, second, *_ = files_of(photos)
    first.write_bytes(second.read_bytes())
    write_photos(photos / "new", items=1, views=1, seed=9)
    summary = indexed(photos, tmp_path / "index")
    assert (summary.added, summary.changed, summary.unchanged, summary.encoded) == (1, 1, 11, 2)
    index = open_index(tmp_path / "index")
    names = [path.relative_to(photos).as_posix() for path in (first, second)]
    a, b = index.store.get(names)
    assert a.hash == b.hash
    np.testing.assert_array_equal(a.vectors["look"], b.vectors["look"])
    index.store.close()


def test_new_attributes_need_no_encoding(photos: Path, tmp_path: Path) -> None:
    def table(price: int) -> Path:
        path = tmp_path / "items.csv"
        rows = [(file.stem, file, price if n == 3 else 10) for n, file in enumerate(files_of(photos))]
        with path.open("w", newline="") as out:
            csv.writer(out).writerows([("id", "image", "price"), *rows])
        return path

    indexed(table(10), tmp_path / "index")
    index = open_index(tmp_path / "index")
    name = files_of(photos)[3].stem
    (before,) = index.store.get([name])
    index.store.close()
    summary = indexed(table(99), tmp_path / "index")
    assert (summary.encoded, summary.changed, summary.unchanged) == (0, 1, 11)
    index = open_index(tmp_path / "index")
    (after,) = index.store.get([name])
    assert after.attributes["price"] == 99
    np.testing.assert_allclose(after.vectors["look"], before.vectors["look"], atol=1e-3)
    index.store.close()


def test_prune_removes_what_left_the_source_and_only_when_asked(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    gone = files_of(photos)[:3]
    for path in gone:
        path.unlink()
    assert indexed(photos, tmp_path / "index").items == 12
    summary = indexed(photos, tmp_path / "index", prune=True)
    assert (summary.removed, summary.items, summary.encoded) == (3, 9, 0)
    assert not ids_of(tmp_path / "index") & {path.relative_to(photos).as_posix() for path in gone}


def test_prune_keeps_an_item_whose_photo_broke(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    broken = files_of(photos)[0]
    broken.write_bytes(broken.read_bytes()[:300])
    summary = indexed(photos, tmp_path / "index", prune=True)
    assert (summary.removed, summary.items) == (0, 12)
    assert sum(summary.skipped.values()) == 1


def test_prune_never_empties_an_index_by_accident(photos: Path, tmp_path: Path) -> None:
    table = priced(photos, tmp_path / "items.csv", [5] * 12)
    indexed(table, tmp_path / "index")
    table.write_text("id,image\n1,nowhere.jpg\n")
    with pytest.raises(QueryError, match="remove all 12 items"):
        indexed(table, tmp_path / "index", prune=True)
    assert len(ids_of(tmp_path / "index")) == 12


# what can't be used


def test_broken_photos_are_skipped_counted_and_listed(photos: Path, tmp_path: Path) -> None:
    (photos / "cut.jpg").write_bytes(files_of(photos)[0].read_bytes()[:500])
    (photos / "page.jpg").write_text("<html><body>404</body></html>")
    (photos / "empty.png").write_bytes(b"")
    heard = Heard()
    summary = build_index(open_catalogue(photos), tmp_path / "index", progress=heard)
    assert summary.items == summary.added == 12
    assert sum(summary.skipped.values()) == 3
    assert {skipped.where for skipped in heard.left_out} == {"cut.jpg", "page.jpg", "empty.png"}
    with (tmp_path / "index" / "skipped.csv").open(newline="") as listed:
        rows = list(csv.DictReader(listed))
    assert {row["where"] for row in rows} == {"cut.jpg", "page.jpg", "empty.png"}
    assert all(row["reason"] for row in rows)
    assert heard.done == heard.total


def test_missing_files_and_duplicate_ids(photos: Path, tmp_path: Path) -> None:
    files = files_of(photos)
    table = tmp_path / "items.csv"
    rows = [("id", "image"), ("a", files[0]), ("a", files[1]), ("b", "nowhere.jpg"), ("c", files[2])]
    with table.open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    summary = indexed(table, tmp_path / "index")
    assert summary.items == 2
    assert dict(summary.skipped) == {"duplicate id": 1, "missing file": 1}


def test_a_damaged_model_is_refused_before_anything_is_written(photos: Path, tmp_path: Path, other_model: Path) -> None:
    with (other_model / "image.onnx").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    with pytest.raises(ModelError):
        indexed(photos, tmp_path / "index", model=other_model)
    with pytest.raises(IndexMissing):
        open_index(tmp_path / "index")


# another model or metric


def test_another_model_is_built_beside_and_swapped_in(photos: Path, tmp_path: Path, other_model: Path) -> None:
    folder = tmp_path / "index"
    indexed(photos, folder)
    seen: list[str] = []

    class Looking(Heard):
        def advance(self, entries: int) -> None:
            super().advance(entries)
            index = open_index(folder)  # what another process would see now
            seen.append(f"{index.manifest.spec.model} {index.store.count()}")
            index.store.close()

    summary = build_index(open_catalogue(photos), folder, model=other_model, progress=Looking())
    assert set(seen) == {f"{DEFAULT} 12"}
    assert (summary.added, summary.encoded, summary.items) == (12, 12, 12)
    manifest = published(folder)
    assert manifest is not None
    assert manifest.spec.model == "other"
    assert len(list(folder.glob("generation-*"))) == 1
    assert indexed(photos, folder).unchanged == 12  # the index's own model is taken, not the default


def test_a_searcher_that_is_open_follows_the_swap(photos: Path, tmp_path: Path, other_model: Path) -> None:
    folder = tmp_path / "index"
    indexed(photos, folder)
    query = Query(image=files_of(photos)[0], k=20)
    with Searcher(folder) as searcher:
        assert len(searcher.search(query).hits) == 12
        write_photos(photos / "new", items=1, views=2, seed=9)
        indexed(photos, folder)
        assert len(searcher.search(query).hits) == 14
        indexed(photos, folder, model=other_model)
        assert searcher.search(query).hits[0].score == pytest.approx(1, abs=1e-3)
        assert searcher.index.manifest.spec.model == "other"


def test_euclidean_distance_is_added_on_request(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    indexed(photos, folder)
    query = Query(image=files_of(photos)[0], metric="euclidean")
    with Searcher(folder) as searcher, pytest.raises(QueryError, match=r"lookseek index .* --metric euclidean"):
        searcher.search(query)
    assert indexed(photos, folder, metric="euclidean").encoded == 12
    with Searcher(folder) as searcher:
        best, *others = searcher.search(query).hits
        assert best.score == pytest.approx(0, abs=0.05)
        assert all(hit.score < best.score for hit in others)
    assert indexed(photos, folder).encoded == 0  # and stays


# stopping and going on


class Stopping(Heard):
    """Presses Ctrl-C once so many entries are done."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def advance(self, entries: int) -> None:
        super().advance(entries)
        if self.done >= self._after:
            self._after = 10**9
            raise KeyboardInterrupt


def test_ctrl_c_publishes_what_is_done_and_the_next_run_does_the_rest(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upsert, "_WRITE", 4)
    folder = tmp_path / "index"
    summary = build_index(open_catalogue(photos), folder, progress=Stopping(4))
    assert summary.interrupted
    assert 4 <= summary.items < 12
    assert len(ids_of(folder)) == summary.items
    rest = indexed(photos, folder)
    assert rest.items == 12
    assert rest.encoded == 12 - summary.items


def test_ctrl_c_during_another_model_keeps_the_old_index_and_goes_on_later(
    photos: Path, tmp_path: Path, other_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upsert, "_WRITE", 4)
    folder = tmp_path / "index"
    indexed(photos, folder)
    stopped = build_index(open_catalogue(photos), folder, model=other_model, progress=Stopping(4))
    assert stopped.interrupted
    index = open_index(folder)
    assert (index.manifest.spec.model, index.store.count()) == (DEFAULT, 12)
    index.store.close()
    rest = indexed(photos, folder, model=other_model)
    assert rest.encoded == 12 - stopped.items
    assert rest.items == 12


def test_nothing_is_pruned_by_an_interrupted_job(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsert, "_LOOKUP", 2)
    folder = tmp_path / "index"
    indexed(photos, folder)
    summary = build_index(open_catalogue(photos), folder, prune=True, progress=Stopping(3))
    assert summary.interrupted
    assert (summary.removed, summary.items) == (0, 12)


def test_an_error_of_the_source_loses_nothing(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsert, "_LOOKUP", 16)

    class Failing:
        name = origin = "failing"

        def __init__(self, *, fails: bool) -> None:
            self._fails = fails

        def __len__(self) -> int:
            return 120

        def __iter__(self) -> Any:
            files = files_of(photos)
            for n in range(120):
                if n == 110 and self._fails:
                    raise OSError("the disk is gone")
                yield Item(f"item {n}", files[n % 12].read_bytes() + bytes([n]))  # each a photo of its own

    with pytest.raises(OSError, match="the disk is gone"):
        build_index(Failing(fails=True), tmp_path / "index", progress=Heard())
    index = open_index(tmp_path / "index")
    kept = index.store.count()
    assert 32 <= kept < 110  # what was decoded ahead is encoded again
    assert "interrupted" in index.note
    index.store.close()
    rest = build_index(Failing(fails=False), tmp_path / "index", progress=Heard())
    assert (rest.encoded, rest.items) == (120 - kept, 120)


# the folder


def test_two_writers_are_refused(photos: Path, tmp_path: Path) -> None:
    with place_of(tmp_path / "index").writing(), pytest.raises(IndexBusy, match="another process"):
        indexed(photos, tmp_path / "index")


def test_a_folder_of_other_things_is_left_alone(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexMismatch, match="other things"):
        indexed(photos, photos)
    with pytest.raises(IndexMismatch, match="is a file"):
        indexed(photos, files_of(photos)[0])


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="lookseek index SOURCE"):
        open_index(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", IndexDamaged, "can't be read"),
        ("[]", IndexDamaged, "can't be read"),
        ('{"format": 1}', IndexDamaged, "lacks"),
        ('{"format": 99}', IndexMismatch, "update lookseek"),
        ('{"format": 1, "recipe": {"layout": 3}, "files": {}}', IndexDamaged, "lacks"),
    ],
)
def test_a_damaged_manifest_is_explained(tmp_path: Path, text: str, error: type, said: str) -> None:
    (tmp_path / "lookseek.json").write_text(text)
    with pytest.raises(error, match=said):
        open_index(tmp_path)


def test_files_that_are_missing_or_cut_are_noticed(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    data = next((tmp_path / "index").glob("generation-*"))
    file = max((path for path in data.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(IndexDamaged, match=r"delete .* and index the catalogue again"):
        open_index(tmp_path / "index")
    file.unlink()
    with pytest.raises(IndexDamaged, match="is missing"):
        open_index(tmp_path / "index")


def test_an_index_may_move(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    shutil.move(tmp_path / "index", tmp_path / "áo mới")
    with Searcher(tmp_path / "áo mới") as searcher:
        hit = searcher.search(Query(image=files_of(photos)[2], k=1)).hits[0]
    assert hit.id == files_of(photos)[2].relative_to(photos).as_posix()


# duplicates


def test_copies_are_found_and_reported(photos: Path, tmp_path: Path) -> None:
    first, second, third, *_ = files_of(photos)
    shutil.copy(first, photos / "copy of first.jpg")
    shutil.copy(first, photos / "another copy.jpg")
    (photos / "saved again.jpg").write_bytes(images.to_jpeg(images.decode(second), quality=92))
    summary = indexed(photos, tmp_path / "index")
    name = first.relative_to(photos).as_posix()
    assert summary.duplicates.same == (tuple(sorted(["another copy.jpg", "copy of first.jpg", name])),)
    assert tuple(sorted(["saved again.jpg", second.relative_to(photos).as_posix()])) in summary.duplicates.near
    assert not any(third.name in id_ for group in summary.duplicates.near for id_ in group)
    with (tmp_path / "index" / "duplicates.csv").open(newline="") as listed:
        rows = list(csv.DictReader(listed))
    assert [row["id"] for row in rows if row["kind"] == "same bytes"] == list(summary.duplicates.same[0])
    assert {row["id"] for row in rows if row["kind"] == "near-identical"} >= {"saved again.jpg"}


def test_a_large_index_gets_a_graph_and_is_published_before(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "GRAPH_FROM", 10)
    folder = tmp_path / "index"
    seen: list[int] = []

    class Looking(Heard):
        def phase(self, name: str, total: int | None) -> None:
            super().phase(name, total)
            if "graph" in name:
                index = open_index(folder)
                seen.append(index.store.count())
                index.store.close()

    build_index(open_catalogue(photos), folder, progress=Looking())
    assert seen == [12]
    manifest = published(folder)
    assert manifest is not None
    assert manifest.graph_items == 12
    assert any("vector_index-look" in name for name in manifest.files)
    write_photos(photos / "new", items=1, views=1, seed=9)
    again = Looking()
    build_index(open_catalogue(photos), folder, progress=again)
    assert not any("graph" in phase for phase in again.phases)  # one more item of 13 is no reason
    assert len(ids_of(folder)) == 13


@given(prints=st.lists(st.tuples(*[st.integers(0, 15).map(lambda bits: bits << 47)] * 2), max_size=12))
def test_alike_finds_every_pair_that_is(prints: list[tuple[int, int]]) -> None:
    found = set(similar_fingerprints(np.array(prints, np.uint64).reshape(-1, 2)))
    groups = connected_groups((str(a), str(b)) for a, b in found)
    for a, b in combinations(range(len(prints)), 2):
        apart = max((x ^ y).bit_count() for x, y in zip(prints[a], prints[b], strict=True))
        if apart <= 3:
            assert any(str(a) in group and str(b) in group for group in groups)
        else:
            assert (a, b) not in found


def test_vectors_of_two_runtimes_in_one_index_are_told(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spec, "load_model", lambda *name: load_model(*name, runtime="onnxruntime"))
    assert indexed(photos, tmp_path / "index").runtime == "onnxruntime fp32"
    monkeypatch.setattr(spec, "load_model", lambda *name: replace(load_model(*name), precision="bf16"))
    assert indexed(photos, tmp_path / "index").runtime == "onnxruntime fp32"  # nothing was encoded
    write_photos(photos / "new", items=1, views=1, seed=9)
    mixed = indexed(photos, tmp_path / "index")
    assert mixed.runtime.startswith("onnxruntime fp32 + ")
    manifest = published(tmp_path / "index")
    assert manifest is not None
    assert manifest.runtime == mixed.runtime


def test_fields_of_items_that_were_all_removed_go_with_them(photos: Path, tmp_path: Path) -> None:
    table, (first, second, *_) = tmp_path / "items.csv", files_of(photos)
    table.write_text(f"id,image,colour,price\na,{first},red,5\nb,{second},blue,\n")
    indexed(table, tmp_path / "index")
    both = published(tmp_path / "index")
    assert both is not None
    assert both.fields == {"colour": "words", "price": "number"}
    table.write_text(f"id,image,colour\nb,{second},blue\n")
    indexed(table, tmp_path / "index", prune=True)
    left = published(tmp_path / "index")
    assert left is not None
    assert left.fields == {"colour": "words"}
    assert left.items == 1


def priced(photos: Path, table: Path, prices: list[int], name: str = "price") -> Path:
    rows = [(file.stem, file, price) for file, price in zip(files_of(photos), prices, strict=False)]
    with table.open("w", newline="") as out:
        csv.writer(out).writerows([("id", "image", name), *rows])
    return table


def test_attributes_can_be_filtered_by_after_a_crash(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upsert, "_WRITE", 2)
    monkeypatch.setattr(upsert, "_LOOKUP", 3)

    def publish(*_: object, **__: object) -> None:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(NextGeneration, "publish", publish)
    with pytest.raises(RuntimeError):
        indexed(priced(photos, tmp_path / "a.csv", [5] * 12), tmp_path / "index")
    with Searcher(tmp_path / "index") as searcher:
        assert len(searcher.search(Query(image=files_of(photos)[0], filter="price = 5")).hits) == 10
    monkeypatch.undo()
    indexed(priced(photos, tmp_path / "b.csv", [1, 2], name="other"), tmp_path / "index")
    manifest = published(tmp_path / "index")
    assert manifest is not None
    assert manifest.fields == {"other": "number", "price": "number"}


def test_prune_keeps_what_the_source_still_names(photos: Path, tmp_path: Path) -> None:
    table = priced(photos, tmp_path / "items.csv", [5] * 12)
    indexed(table, tmp_path / "index")
    for path in files_of(photos)[1:]:
        path.rename(path.with_suffix(".away"))
    summary = indexed(table, tmp_path / "index", prune=True)
    assert (summary.removed, summary.items) == (0, 12)
    assert summary.skipped["missing file"] == 11


def test_new_vectors_never_drop_items_without_a_word(photos: Path, tmp_path: Path) -> None:
    write_photos(tmp_path / "others" / "more", items=2, views=1, seed=4)
    indexed(photos, tmp_path / "index")
    indexed(tmp_path / "others", tmp_path / "index")
    with pytest.raises(QueryError, match="lack 12 items"):
        indexed(tmp_path / "others", tmp_path / "index", metric="euclidean")
    assert len(ids_of(tmp_path / "index")) == 14
    both = indexed(photos, tmp_path / "index", metric="euclidean")
    assert (both.items, both.encoded) == (14, 12)


def test_new_vectors_may_leave_items_out_when_asked(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    files_of(photos)[0].unlink()
    assert indexed(photos, tmp_path / "index", metric="euclidean", prune=True).items == 11


def test_damage_is_not_copied_into_a_new_generation(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    data = next((tmp_path / "index").glob("generation-*"))
    file = max((p for p in data.rglob("*.mmap") if p.is_file()), key=lambda p: p.stat().st_size)
    content = bytearray(file.read_bytes())
    content[100] ^= 0xFF
    file.write_bytes(content)
    write_photos(photos / "new", items=1, views=1, seed=9)
    with pytest.raises(IndexDamaged, match="index the catalogue again"):
        indexed(photos, tmp_path / "index")


def test_a_copy_keeps_the_holes_of_the_engine_s_files(photos: Path, tmp_path: Path) -> None:
    def taken() -> int:
        return sum(path.stat().st_blocks * 512 for path in (tmp_path / "index").rglob("*"))

    indexed(photos, tmp_path / "index")
    before = taken()
    for seed in (21, 22, 23):
        write_photos(photos / f"new{seed}", items=1, views=1, seed=seed)
        indexed(photos, tmp_path / "index")
    assert taken() < 3 * before + 2_000_000


def test_an_index_beside_its_photos_is_no_photo(photos: Path) -> None:
    indexed(photos, photos / "index")
    again = indexed(photos, photos / "index")
    assert (again.unchanged, dict(again.skipped)) == (12, {})


def test_new_vectors_of_nothing_never_replace_an_index(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    for path in files_of(photos):
        path.write_bytes(path.read_bytes()[:200])
    for prune in (False, True):
        with pytest.raises(QueryError, match="lack 12 items"):
            indexed(photos, tmp_path / "index", metric="euclidean", prune=prune)
    assert len(ids_of(tmp_path / "index")) == 12
