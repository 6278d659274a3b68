"""Several vectors an item and regions, from files of features through an index and back: nothing is lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed, write_photos
from helpers.tiny_onnx import write_model

from lookseek.catalogue import open_catalogue, vector_origin
from lookseek.catalogue.classic import FeaturesMetadata, VectorOrigin, write_metadata
from lookseek.encode import load_model
from lookseek.errors import CatalogueError, IndexMismatch
from lookseek.index.editing import editing
from lookseek.index.export import export_vectors
from lookseek.index.open_index import open_index
from lookseek.store import VectorSpec
from lookseek.types import Box, Item, Point, Region, Skipped

STORES = ["edge", "numpy"]
VECTORS = {
    "parts": VectorSpec(5, "cosine", multi=True),
    "shape": VectorSpec(4, "euclidean"),
    "none_yet": VectorSpec(2, "cosine", multi=True),
}
COUNTS = [2, 0, 1, 3]
REGIONS = [[], [Region(Box(1, 2, 30, 40.5), "đầm", 0.5)], [], [Region(Box(0, 0, 9, 9), "", 1.0)] * 2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "means")


def write_features(folder: Path, model: Path, **changes: Any) -> Path:
    """Four items with all that a set of features can hold; ``changes`` take the place of arrays by their names."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True)
    parts = random.standard_normal((sum(COUNTS), 5), np.float32)
    arrays = {
        "all_features.npy": random.uniform(0.5, 9, (4, 3)).astype(np.float32),
        "all_vectors_parts.npy": parts / np.linalg.norm(parts, axis=1, keepdims=True),
        "all_counts_parts.npy": np.array(COUNTS),
        "all_vectors_shape.npy": random.uniform(-2, 2, (4, 4)).astype(np.float32),
        "all_vectors_none_yet.npy": np.empty((0, 2), np.float32),
        "all_counts_none_yet.npy": np.zeros(4, np.int64),
    } | changes
    for name, array in arrays.items():
        np.save(folder / name, array)
    with (folder / "all_items.jsonl").open("w", encoding="utf-8") as out:
        for n, regions in enumerate(REGIONS):
            described: dict[str, Any] = {"id": f"item {n}", "attributes": {"n": n}}
            if regions:
                boxes = [[r.box.x, r.box.y, r.box.width, r.box.height] for r in regions]
                described["regions"] = [
                    {"box": box, "label": r.label, "score": r.score} for box, r in zip(boxes, regions, strict=True)
                ]
            out.write(json.dumps(described) + "\n")
    describe(folder, model)
    return folder


def describe(folder: Path, model: Path) -> None:
    """Write all_features.json with the checksums of what is there."""
    loaded = load_model(model)
    made = VectorOrigin(3, False, model=str(model), checksum=loaded.checksum, vectors=VECTORS, regions="detector 3")
    files = {
        file.name: (file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())
        for file in sorted(folder.iterdir())
        if file.name != "all_features.json"
    }
    (folder / "all_features.json").write_bytes(write_metadata(FeaturesMetadata(made, 4, "", 0, "", files, marked=2)))


def points(index: Path) -> dict[str, Point]:
    opened = open_index(index)
    try:
        return {point.id: point for point in opened.store.scan(vectors=True)}
    finally:
        opened.store.close()


def exported(index: Path, out: Path) -> dict[str, bytes]:
    export_vectors(index, out, progress=Heard())
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


@pytest.mark.parametrize("store", STORES)
def test_an_index_of_an_export_is_the_index_that_was_exported(tmp_path: Path, model: Path, store: str) -> None:
    source = write_features(tmp_path / "features", model)
    summary = indexed(source, tmp_path / "index", store=store)
    assert (summary.items, summary.added, dict(summary.skipped)) == (4, 4, {})
    kept = points(tmp_path / "index")
    assert [list(kept[f"item {n}"].regions) for n in range(4)] == REGIONS
    assert [len(kept[f"item {n}"].vectors["parts"]) for n in range(4)] == COUNTS
    parts, shape = (np.load(source / f"all_vectors_{name}.npy") for name in ("parts", "shape"))
    first = {name: vector for name, vector in kept["item 0"].vectors.items() if name in VECTORS}
    np.testing.assert_allclose(first["parts"], parts[:2], atol=1e-3)
    np.testing.assert_allclose(first["shape"], shape[0], atol=2e-3)
    assert first["none_yet"].shape == (0, 2)

    once = exported(tmp_path / "index", tmp_path / "one")
    about = json.loads(once["all_features.json"])
    assert about["lookseek"] == 2
    assert about["regions"] == "detector 3"
    assert about["vectors"] == {name: spec.to_dict() for name, spec in VECTORS.items()}
    assert set(about["files"]) == set(once) - {"all_features.json"}
    np.testing.assert_allclose(np.load(tmp_path / "one" / "all_vectors_parts.npy"), parts, atol=1e-3)
    assert np.load(tmp_path / "one" / "all_counts_parts.npy").tolist() == COUNTS

    indexed(tmp_path / "one", tmp_path / "again", model=model, store=store)
    twice = exported(tmp_path / "again", tmp_path / "two")
    again = points(tmp_path / "again")
    for id_, point in kept.items():
        other = again[id_]
        assert (other.regions, other.attributes, other.hash) == (point.regions, point.attributes, point.hash)
        assert set(other.vectors) == set(point.vectors)
        for name, vector in point.vectors.items():
            np.testing.assert_allclose(other.vectors[name], vector, rtol=2e-3, atol=1e-3)
    assert twice["all_items.jsonl"] == once["all_items.jsonl"]
    assert twice["all_counts_parts.npy"] == once["all_counts_parts.npy"]


@pytest.mark.parametrize("store", STORES)
def test_the_next_job_and_other_attributes_leave_vectors_and_regions_alone(
    tmp_path: Path, model: Path, store: str
) -> None:
    source = write_features(tmp_path / "features", model)
    indexed(source, tmp_path / "index", store=store)
    before = points(tmp_path / "index")
    lines = (source / "all_items.jsonl").read_text(encoding="utf-8").replace('"n": 3', '"n": 33')
    (source / "all_items.jsonl").write_text(lines, encoding="utf-8")
    describe(source, model)
    summary = indexed(source, tmp_path / "index")
    assert (summary.changed, summary.unchanged) == (1, 3)
    after = points(tmp_path / "index")
    assert after["item 3"].attributes == {"n": 33}
    assert {id_: point.regions for id_, point in after.items()} == {id_: p.regions for id_, p in before.items()}
    for id_, point in before.items():
        for name, vector in point.vectors.items():
            np.testing.assert_allclose(after[id_].vectors[name], vector, rtol=2e-3, atol=1e-3)


def test_photos_don_t_join_an_index_whose_vectors_they_lack(tmp_path: Path, model: Path) -> None:
    indexed(write_features(tmp_path / "features", model), tmp_path / "index")
    write_photos(tmp_path / "photos", 2)
    with pytest.raises(IndexMismatch, match=r"keeps parts, shape, none_yet .*brings none: give a new folder"):
        indexed(tmp_path / "photos", tmp_path / "index", model=model)
    (photo, *_) = sorted((tmp_path / "photos").rglob("*.jpg"))
    with editing(tmp_path / "index", load_model(model)) as editor:
        (done,) = editor.put([Item("new", photo)])
    assert done.what == "failed"
    assert len(points(tmp_path / "index")) == 4


def test_an_export_takes_the_files_of_an_earlier_one_away(tmp_path: Path, model: Path) -> None:
    indexed(write_features(tmp_path / "features", model), tmp_path / "index")
    exported(tmp_path / "index", tmp_path / "out")
    (tmp_path / "out" / "all_vectors_mine.npy").write_text("not of an export")
    write_photos(tmp_path / "photos", 2)
    indexed(tmp_path / "photos", tmp_path / "plain", model=model)
    names = set(exported(tmp_path / "plain", tmp_path / "out"))
    assert {name for name in names if "_vectors_" in name or "_counts_" in name} == {"all_vectors_mine.npy"}
    assert json.loads((tmp_path / "out" / "all_features.json").read_text())["lookseek"] == 1


def of_items(source: Path) -> list[Item | Skipped]:
    return list(open_catalogue(source))


def test_rows_that_no_index_can_hold_are_skipped_with_their_item(tmp_path: Path, model: Path) -> None:
    bad = np.ones((sum(COUNTS), 5), np.float32)
    bad[1, 2] = np.nan  # of the first item
    bad[4] = 0  # of the last
    entries = of_items(write_features(tmp_path / "features", model, **{"all_vectors_parts.npy": bad}))
    assert [(entry.where, entry.kind) for entry in entries if isinstance(entry, Skipped)] == [
        ("item 0", "unusable vector"),
        ("item 3", "unusable vector"),
    ]
    assert [entry.id for entry in entries if isinstance(entry, Item)] == ["item 1", "item 2"]


@pytest.mark.parametrize(
    ("name", "array", "match"),
    [
        ("all_counts_parts.npy", np.array([2, 0, 1]), "3 entries and the features have 4"),
        ("all_counts_parts.npy", np.array([2, 0, 1, 4]), "counts 7 rows, and there are 6"),
        ("all_counts_parts.npy", np.array([4, -1, 0, 3]), "write both files again"),
        ("all_counts_parts.npy", np.array([2.0, 0, 1, 3]), "a whole number an item"),
        ("all_vectors_parts.npy", np.ones((6, 4), np.float32), "4 numbers a row, all_features.json says 5"),
        ("all_vectors_shape.npy", np.ones((3, 4), np.float32), "3 entries"),
    ],
)
def test_files_that_don_t_agree_end_the_command(
    tmp_path: Path, model: Path, name: str, array: np.ndarray, match: str
) -> None:
    source = write_features(tmp_path / "features", model, **{name: array})
    with pytest.raises(CatalogueError, match=match):
        of_items(source)


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about["vectors"].update({"../../x": {"dim": 1, "metric": "cosine"}}),
        lambda about: about["vectors"].update({"other": {"dim": 1, "metric": "cosine"}}),
        lambda about: about["vectors"]["parts"].update(metric="euclidean"),
        lambda about: about["vectors"]["parts"].update(dim=-5),
        lambda about: about["vectors"]["parts"].update(more=1),
        lambda about: about.update(vectors=[]),
        lambda about: about.update(vectors={"parts": 3}),
        lambda about: about.pop("vectors"),
        lambda about: about.update(regions=None),
        lambda about: about.update(marked="2"),
        lambda about: about["files"].pop("all_counts_parts.npy"),
    ],
)
def test_a_description_of_vectors_must_be_true(tmp_path: Path, model: Path, change: Callable[[Any], object]) -> None:
    source = write_features(tmp_path / "features", model)
    made = vector_origin(open_catalogue(source))
    assert made is not None
    assert made.vectors == VECTORS
    about = json.loads((source / "all_features.json").read_text())
    change(about)
    (source / "all_features.json").write_text(json.dumps(about))
    with pytest.raises(CatalogueError, match="lacks what it should say"):
        of_items(source)


@pytest.mark.parametrize(
    "regions",
    [
        [{"box": [0, 0, 1], "label": "", "score": 1}],
        [{"box": [0, 0, 1, -1], "label": "", "score": 1}],
        [{"box": [0, 0, 1, 1], "label": 3, "score": 1}],
        [{"box": [0, 0, 1, 1], "label": "", "score": 2}],
        [{"box": [0, 0, 1, 10**400], "label": "", "score": 1}],
        [{"box": [0, 0, True, 1], "label": "", "score": 1}],
        [{"box": [0, 0, 1, 1]}],
        [3],
        7,
        None,
    ],
)
def test_regions_that_are_none_are_refused_with_their_line(tmp_path: Path, regions: object) -> None:
    np.save(tmp_path / "all_features.npy", np.ones((1, 3), np.float32))
    (tmp_path / "all_items.jsonl").write_text(json.dumps({"id": "a", "regions": regions}) + "\n")
    with pytest.raises(CatalogueError, match=r"all_items\.jsonl line 1 describes no item"):
        of_items(tmp_path)
