"""Items put into an index and taken out one by one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import indexed, published, write_photos

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import Model, load_model
from lookseek.errors import IndexBusy, IndexMismatch
from lookseek.index.address import place_of
from lookseek.index.check import check_index
from lookseek.index.editing import editing
from lookseek.index.open_index import open_index
from lookseek.index.upsert import Outcome
from lookseek.query import Query
from lookseek.search import Searcher
from lookseek.types import Item

MODEL = "efficientnet-lite2"


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODEL, single=True)


@pytest.fixture(params=["edge", "numpy"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write_photos(tmp_path / "photos")
    indexed(tmp_path / "photos", tmp_path / "index", model=MODEL, store=request.param, metric="euclidean")
    return tmp_path / "index"


def photo(number: int) -> bytes:
    specs = list(drawn_specs(40, 1, 7))
    return images.to_jpeg(draw(specs[number], 128))


def item(id_: str, number: int, **attributes: str | int) -> Item:
    return Item(id_, photo(number), attributes=attributes)


def what(done: list[Outcome]) -> list[tuple[str, str]]:
    return [(one.id, one.what) for one in done]


def test_what_is_put_is_found_and_what_is_taken_out_is_not(index: Path, model: Model) -> None:
    with Searcher(index) as searcher:
        before = searcher.index.manifest.items
        with editing(index, model) as editor:
            assert what(editor.put([item("new/ü 1", 0, price=5), item("new/2", 1, price="cheap")])) == [
                ("new/ü 1", "added"),
                ("new/2", "added"),
            ]
            assert not searcher.search(Query(image=photo(0), k=1, filter="")).hits[0].id.startswith("new")
        hit = searcher.search(Query(image=photo(0), k=1)).hits[0]
        assert (hit.id, dict(hit.attributes)) == ("new/ü 1", {"price": 5})
        assert searcher.index.manifest.items == before + 2
        assert searcher.index.manifest.fields["price"] == "words"  # a number and words
        same, other = searcher.search(Query(image=photo(0), k=2, metric="euclidean")).hits
        # Not 0 where the processor has bf16: the editor's model (single) reads photos at fp32 even there.
        assert same.id == "new/ü 1" and same.score > other.score / 3
        with editing(index, model) as editor:
            assert what(editor.delete(["new/ü 1", "nobody"])) == [("new/ü 1", "removed"), ("nobody", "missing")]
        assert searcher.search(Query(image=photo(0), k=1)).hits[0].id != "new/ü 1"
        assert searcher.current().manifest.items == before + 1
    assert all(finding.good for finding in check_index(index))


def test_each_outcome_has_its_name(index: Path, model: Model) -> None:
    with editing(index, model) as editor:
        editor.put([item("a", 0, size=1)])
        assert what(editor.put([item("a", 0, size=1)])) == [("a", "unchanged")]
        assert what(editor.put([Item("a", None, attributes={"size": 2})])) == [("a", "changed")]
        assert what(editor.put([item("a", 2, size=2)])) == [("a", "changed")]
        nobody, broken, fine = editor.put([Item("b", None), Item("c", photo(0)[:900]), item("d", 3)])
        assert "is new and has no photo" in nobody.reason
        assert "damaged" in broken.reason
        assert what([nobody, broken, fine]) == [("b", "failed"), ("c", "failed"), ("d", "added")]
        twice = editor.put([item("e", 4, size=1), item("e", 5, size=2)])
        assert what(twice) == [("e", "added"), ("e", "added")]
    opened = open_index(index)
    assert {p.id: dict(p.attributes) for p in opened.store.get(["a", "b", "c", "d", "e"])} == {
        "a": {"size": 2},
        "d": {},
        "e": {"size": 2},
    }
    opened.store.close()


def test_an_item_without_photo_keeps_its_vectors(index: Path, model: Model) -> None:
    with editing(index, model) as editor:
        editor.put([item("a", 0)])
    opened = open_index(index)
    (before,) = opened.store.get(["a"])
    opened.store.close()
    with editing(index, model) as editor:
        editor.put([Item("a", None, attributes={"x": "y"})])
    opened = open_index(index)
    (after,) = opened.store.get(["a"])
    opened.store.close()
    assert dict(after.attributes) == {"x": "y"}
    assert (after.hash, after.fingerprint) == (before.hash, before.fingerprint)
    for name, vector in before.vectors.items():
        assert np.allclose(after.vectors[name], vector, atol=1e-3)


def test_an_edit_that_changes_nothing_publishes_nothing(index: Path, model: Model) -> None:
    before = (index / "lookseek.json").read_bytes()
    with editing(index, model) as editor:
        assert what(editor.delete(["nobody"])) == [("nobody", "missing")]
    assert (index / "lookseek.json").read_bytes() == before


def test_what_was_acknowledged_is_published_whatever_ends_the_block(index: Path, model: Model) -> None:
    with pytest.raises(RuntimeError, match="boom"), editing(index, model) as editor:
        editor.put([item("a", 0)])
        raise RuntimeError("boom")
    opened = open_index(index)
    assert [point.id for point in opened.store.get(["a"])] == ["a"]
    opened.store.close()


def test_one_writer_at_a_time_and_the_right_model(index: Path, model: Model, tmp_path: Path) -> None:
    with place_of(index).writing(), pytest.raises(IndexBusy, match="another process is writing"), editing(index, model):
        pass
    with (
        pytest.raises(IndexMismatch, match="holds no index of model"),
        editing(index, replace(model, checksum="0" * 64)),
    ):
        pass
    empty = tmp_path / "empty"
    with pytest.raises(IndexMismatch, match="holds no index"), editing(empty, model):
        pass


def test_an_interrupted_edit_goes_on(index: Path, model: Model, tmp_path: Path) -> None:
    """As after kill -9: the folder is copied while an edit is open, which is what a death leaves on the disk."""
    left = tmp_path / "left"
    with editing(index, model) as editor:
        editor.put([item("a", 0)])
        shutil.copytree(index, left, ignore=shutil.ignore_patterns("writer.lock"))
    opened = open_index(left)
    assert not opened.note  # what was acknowledged is there, and nothing has to be done
    assert [point.id for point in opened.store.get(["a"])] == ["a"]
    opened.store.close()
    with editing(left, model) as editor:
        editor.put([item("b", 1)])
    opened = open_index(left)
    assert not opened.note
    assert {point.id for point in opened.store.get(["a", "b"])} == {"a", "b"}
    opened.store.close()


def photos_kept(index: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted((index / "photos").glob("*"))]


def test_photos_without_a_source_are_kept_with_the_index_and_go_with_their_items(index: Path, model: Model) -> None:
    with editing(index, model) as editor:
        editor.put([item("a", 0), Item("b", photo(1)[:900])])
        assert len(photos_kept(index)) == 2
    assert photos_kept(index) == [photo(0)]  # the broken one has no item
    opened = open_index(index)
    (point,) = opened.store.get(["a"])
    opened.store.close()
    assert Path(point.source).read_bytes() == photo(0)
    with editing(index, model) as editor:
        assert what(editor.put([item("a", 2)])) == [("a", "changed")]
    assert photos_kept(index) == [photo(2)]
    with editing(index, model) as editor:
        editor.delete(["a"])
    assert photos_kept(index) == []


def test_a_photo_that_is_put_again_after_the_index_moved_is_found_in_its_new_place(
    index: Path, model: Model, tmp_path: Path
) -> None:
    with editing(index, model) as editor:
        editor.put([item("a", 0)])
    moved = tmp_path / "moved"
    shutil.move(index, moved)
    with editing(moved, model) as editor:
        assert what(editor.put([item("a", 0)])) == [("a", "changed")]
        assert what(editor.put([item("a", 0)])) == [("a", "unchanged")]
    opened = open_index(moved)
    (point,) = opened.store.get(["a"])
    opened.store.close()
    assert Path(point.source).is_relative_to(moved)
    assert photos_kept(moved) == [photo(0)]


def test_what_made_the_vectors_changes_only_where_something_was_encoded(index: Path, model: Model) -> None:
    here = published(index).runtime  # a job and a model of one photo may run by other means
    other = replace(model, runtime="another runtime")
    with editing(index, other) as editor:
        editor.put([Item("dress/" + next((index.parent / "photos" / "dress").iterdir()).name, None)])
    assert published(index).runtime == here
    with editing(index, other) as editor:
        editor.put([item("a", 0)])
    assert published(index).runtime == f"{here} + another runtime {model.precision}"
