"""Indexes that an earlier lookseek wrote in format 1 are opened, checked, searched, updated and exported.

``tests/data/index-format-1.tar.xz`` holds 18 drawn garments as photos with a table of them, and two indexes that
commit 53fb11e made of them: ``edge``, with raw features for Euclidean distance and a k-means router of three cells, and
``numpy``, whose first six items are published and whose update to all 18 was killed before it published anything.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed, write_photos

from lookseek.encode import Model, load_model
from lookseek.index.check import check_index
from lookseek.index.editing import editing
from lookseek.index.export import export_vectors
from lookseek.index.open_index import open_index
from lookseek.query import Query
from lookseek.search import Searcher
from lookseek.types import Item

ARCHIVE = Path(__file__).parent / "data" / "index-format-1.tar.xz"
ITEMS = 18


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("lookseek-base")


def photos_of(shop: Path) -> list[Path]:
    return sorted((shop / "photos").rglob("*.jpg"))


def format_of(index: Path) -> int:
    return int(json.loads((index / "lookseek.json").read_bytes())["format"])


def problems(index: Path) -> list[str]:
    return [f"{finding.what}: {finding.message}" for finding in check_index(index) if not finding.good]


def test_the_archive_holds_format_1(shop: Path) -> None:
    assert len(photos_of(shop)) == ITEMS
    assert [format_of(shop / name) for name in ("edge", "numpy")] == [1, 1]


def test_opens_and_checks(shop: Path) -> None:
    assert problems(shop / "edge") == []
    index = open_index(shop / "edge")
    assert (index.manifest.items, index.store.count(), index.note) == (ITEMS, ITEMS, "")
    assert list(index.manifest.spec.layout) == ["look", "look_euclidean", "colour"]
    index.store.close()


@pytest.mark.parametrize("options", [{}, {"metric": "euclidean"}, {"route": "kmeans"}])
def test_every_photo_finds_itself(shop: Path, options: dict[str, object]) -> None:
    with Searcher(shop / "edge") as searcher:
        for photo in photos_of(shop)[::4]:
            results = searcher.search(Query(image=photo, k=3, **options))  # type: ignore[arg-type]
            assert results.hits[0].id == photo.stem
            if not options:
                assert results.hits[0].score > 0.98


def test_filters_and_facets(shop: Path) -> None:
    with Searcher(shop / "edge") as searcher:
        hits = searcher.search(Query(image=photos_of(shop)[0], k=20, filter="category = dress and price > 20")).hits
        assert sorted(hit.id for hit in hits) == ["dress-0005-2", "dress-0008-1", "dress-0008-2"]
        assert dict(searcher.index.store.facet("category")) == {"dress": 6, "shirt": 6, "toptee": 6}


@pytest.mark.parametrize("name", ["edge", "numpy"])
def test_a_job_updates_it_and_encodes_only_what_is_new(shop: Path, name: str) -> None:
    new = write_photos(shop / "more", items=1, views=1, seed=9)[0]
    with (shop / "catalogue.csv").open("a") as table:
        table.write(f"new,{new.relative_to(shop)},dress,99\n")
    summary = indexed(shop / "catalogue.csv", shop / name)
    # the photos lie in another folder than when they were indexed, which changes items and not their vectors
    assert (summary.items, summary.added, summary.changed, summary.encoded) == (ITEMS + 1, 1, ITEMS, 1)
    assert problems(shop / name) == []
    assert format_of(shop / name) == 2
    with Searcher(shop / name) as searcher:
        assert searcher.search(Query(image=new, k=1)).hits[0].id == "new"
        assert searcher.search(Query(image=photos_of(shop)[0], k=1)).hits[0].id == photos_of(shop)[0].stem


def test_an_interrupted_job_is_found_and_finished(shop: Path) -> None:
    index = open_index(shop / "numpy")
    assert (index.store.count(), "interrupted" in index.note) == (ITEMS, True)
    index.store.close()
    assert len(problems(shop / "numpy")) == 1
    summary = indexed(shop / "catalogue.csv", shop / "numpy")
    assert (summary.items, summary.encoded) == (ITEMS, 0)
    assert problems(shop / "numpy") == []


@pytest.mark.parametrize("name", ["edge", "numpy"])
def test_items_are_put_and_deleted(shop: Path, model: Model, name: str) -> None:
    before, after = photos_of(shop)[:2]
    with editing(shop / name, model) as editor:
        done = editor.put([Item(before.stem, after), Item("new", before)])
        assert [one.what for one in done] == ["changed", "added"]
        assert [one.what for one in editor.delete([after.stem])] == ["removed"]
    index = open_index(shop / name)
    there = {point.id for point in index.store.scan()}
    assert there == {photo.stem for photo in photos_of(shop)} - {after.stem} | {"new"}
    index.store.close()
    assert problems(shop / name) == []


def test_features_are_exported(shop: Path, tmp_path: Path) -> None:
    exported = export_vectors(shop / "edge", tmp_path / "out", progress=Heard())
    assert exported.classes == ("dress", "shirt", "toptee")
    features = np.load(tmp_path / "out" / "all_features.npy")
    ids = (tmp_path / "out" / "all_ids.txt").read_text().split()
    assert ids == [photo.stem for photo in photos_of(shop)]
    index = open_index(shop / "edge")
    stored = np.array([point.vectors["look_euclidean"] for point in index.store.get(ids)])
    index.store.close()
    np.testing.assert_array_equal(features, stored)
