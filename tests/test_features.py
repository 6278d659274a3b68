"""Features out of an index and into one: what is written, what comes back, what a search does with it."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed, published, write_photos
from helpers.tiny_onnx import channel_means, config, write_model

from lookseek import images
from lookseek.catalogue import open_catalogue
from lookseek.catalogue.classic import features_of
from lookseek.encode import ColourEncoder, load_model
from lookseek.errors import (
    CatalogueError,
    FilterError,
    IndexDamaged,
    IndexMismatch,
    LookseekError,
    ModelError,
    QueryError,
)
from lookseek.index import export, upsert
from lookseek.index.check import check_index
from lookseek.index.export import Exported, export_vectors
from lookseek.index.job import build_index
from lookseek.index.open_index import open_index
from lookseek.query import Query
from lookseek.results import Hit
from lookseek.search import Searcher
from lookseek.store.plain import PlainStore
from lookseek.types import Item, Point

STORES = ["edge", "numpy"]
METRICS = ["cosine", "euclidean"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is quick: a photo's mean colour, three numbers."""
    return write_model(tmp_path_factory.mktemp("models") / "means")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, model: Path) -> dict[str, Path]:
    """Photos in a table, and an index of them for every store and metric. No test changes them."""
    top = tmp_path_factory.mktemp("shop")
    files = write_photos(top / "photos", items=8, views=2)
    files.append(files[0].with_name("copy.jpg"))
    files[-1].write_bytes(files[0].read_bytes())
    with (top / "items.csv").open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out)
        lines.writerow(["id", "image", "category", "price", "new", "title"])
        for row, file in enumerate(files):
            category = ["shirt", "dress", "toptee", ""][row % 4]
            price, title = [9, 10, 100][row % 3], 'đầm, "đỏ"\nmới'
            lines.writerow([f"{file.stem} {row}", file, category, price, row % 2 == 0, title])
    made = {"table": top / "items.csv", "photo": files[3]}
    for store in STORES:
        for metric in METRICS:
            made[store + metric] = top / store / metric
            indexed(top / "items.csv", made[store + metric], model=model, store=store, metric=metric)
    return made


def exported(index: Path, out: Path, **options: Any) -> Exported:
    return export_vectors(index, out, progress=Heard(), **options)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def text(path: Path) -> list[str]:
    """The lines of a file that ends with one."""
    *lines, end = path.read_text(encoding="utf-8").split("\n")
    assert end == ""
    return lines


def points(folder: Path, *, vectors: bool = False) -> dict[str, Point]:
    index = open_index(folder)
    try:
        return {point.id: point for point in index.store.scan(vectors=vectors)}
    finally:
        index.store.close()


def hits(folder: Path, **query: Any) -> list[Hit]:
    with Searcher(folder) as searcher:
        return list(searcher.search(Query(**query)).hits)


# what is written


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("metric", METRICS)
def test_the_files_are_what_numpy_needs(shop: dict[str, Path], tmp_path: Path, store: str, metric: str) -> None:
    heard = Heard()
    done = export_vectors(shop[store + metric], tmp_path / "base", progress=heard)
    assert heard.total == heard.done == 17
    features = np.load(tmp_path / "base" / "all_features.npy", allow_pickle=False)
    labels = np.load(tmp_path / "base" / "all_labels.npy", allow_pickle=False)
    ids, classes = text(tmp_path / "base" / "all_ids.txt"), text(tmp_path / "base" / "all_classes.txt")
    assert (features.dtype, features.shape, features.flags.c_contiguous) == (np.float32, (17, 3), True)
    assert (labels.dtype, labels.shape) == (np.int64, (17,))
    assert ids == sorted(ids)
    assert classes == ["dress", "shirt", "toptee"]
    stored = points(shop[store + metric], vectors=True)
    assert set(ids) == set(stored)
    numbers = {"dress": 0, "shirt": 1, "toptee": 2}
    assert labels.tolist() == [numbers.get(str(stored[id_].attributes.get("category")), -1) for id_ in ids]
    assert done.unlabelled == labels.tolist().count(-1) > 0
    name = "look_euclidean" if metric == "euclidean" else "look"
    np.testing.assert_allclose(features, [stored[id_].vectors[name] for id_ in ids], rtol=1e-3)
    lengths = np.linalg.norm(features, axis=1)
    assert (np.abs(lengths - 1).max() < 1e-6) == (metric == "cosine") == done.metadata.origin.unit
    colours = np.load(tmp_path / "base" / "all_colours.npy", allow_pickle=False)
    assert (colours.dtype, colours.shape) == (np.float32, (17, ColourEncoder().dim))
    said = json.loads((tmp_path / "base" / "all_features.json").read_text())
    assert (said["model"], said["dim"], said["items"], said["metric"]) == ("means", 3, 17, metric)
    assert said["label"] == "category"
    for file, (size, digest) in said["files"].items():
        data = (tmp_path / "base" / file).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, digest)
    assert {path.name for path in (tmp_path / "base").iterdir()} == {*said["files"], "all_features.json"}


def test_raw_features_are_the_model_s(shop: dict[str, Path], tmp_path: Path, model: Path) -> None:
    exported(shop["edgeeuclidean"], tmp_path / "base")
    encoder = load_model(model).image
    row = next(i for i, id_ in enumerate(text(tmp_path / "base" / "all_ids.txt")) if id_.startswith(shop["photo"].stem))
    expected = encoder.encode([encoder.prepare(images.decode(shop["photo"]))])[0]
    np.testing.assert_allclose(
        np.load(tmp_path / "base" / "all_features.npy")[row], expected, rtol=5e-3
    )  # decoded at another scale


def test_one_index_gives_the_same_bytes_whatever_the_block(
    shop: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(shop["edgecosine"], tmp_path / "a")
    monkeypatch.setattr(export, "_PAGE", 4)
    exported(shop["edgecosine"], tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    exported(shop["numpycosine"], tmp_path / "c")
    for name in ("all_ids.txt", "all_items.jsonl", "all_labels.npy", "all_classes.txt"):
        assert (tmp_path / "c" / name).read_bytes() == (tmp_path / "a" / name).read_bytes()


@pytest.mark.parametrize(
    ("label", "classes"), [("price", ["9", "10", "100"]), ("new", ["False", "True"]), ("title", ['đầm, "đỏ" mới'])]
)
def test_any_attribute_can_be_the_label(shop: dict[str, Path], tmp_path: Path, label: str, classes: list[str]) -> None:
    done = exported(shop["edgecosine"], tmp_path, label=label)
    assert list(done.classes) == classes == text(tmp_path / "all_classes.txt")
    stored = points(shop["edgecosine"])
    numbers = np.load(tmp_path / "all_labels.npy")
    for id_, number in zip(text(tmp_path / "all_ids.txt"), numbers, strict=True):
        assert classes[number] == " ".join(str(stored[id_].attributes[label]).split())


def test_without_a_category_there_are_no_labels_nor_are_old_ones_left(
    shop: dict[str, Path], photos: Path, model: Path, tmp_path: Path
) -> None:
    exported(shop["edgecosine"], tmp_path / "base")
    (tmp_path / "base" / "notes.md").write_text("mine")
    indexed(photos, tmp_path / "index", model=model)
    done = exported(tmp_path / "index", tmp_path / "base")
    assert (done.metadata.label, done.classes, done.fields) == ("", (), ("folder",))
    names = {path.name for path in (tmp_path / "base").iterdir()}
    assert not names & {"all_labels.npy", "all_classes.txt"}
    assert (tmp_path / "base" / "notes.md").read_text() == "mine"
    assert len(open_catalogue(tmp_path / "base")) == 12


# what is refused, and what a failure leaves


@pytest.mark.parametrize("name", ["all_features.npy", "all_labels.npy", "all_ids.txt", "all_features.json"])
def test_files_of_others_are_never_replaced(shop: dict[str, Path], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"years of work")
    with pytest.raises(QueryError, match=f"{name}, which lookseek did not write"):
        exported(shop["edgecosine"], tmp_path)
    assert content(tmp_path) == {name: b"years of work"}


def test_what_can_not_be_exported(shop: dict[str, Path], tmp_path: Path, model: Path) -> None:
    index = shop["edgecosine"]
    with pytest.raises(QueryError, match="is an index"):
        exported(index, index)
    with pytest.raises(QueryError, match="is a file"):
        exported(index, shop["table"])
    with pytest.raises(QueryError, match=r"no item has the attribute 'colour'.*category, new, price, title"):
        exported(index, tmp_path / "out", label="colour")
    (tmp_path / "gone.csv").write_text("id,image\na,nowhere.jpg\n")
    indexed(tmp_path / "gone.csv", tmp_path / "empty", model=model)
    with pytest.raises(QueryError, match="no items"):
        exported(tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_id_with_a_line_break_is_refused(shop: dict[str, Path], tmp_path: Path, model: Path) -> None:
    class Broken:
        name = origin = "broken"

        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Any:
            yield Item("a\nb", shop["photo"])

    build_index(Broken(), tmp_path / "index", model=model, progress=Heard())
    with pytest.raises(QueryError, match="line break"):
        exported(tmp_path / "index", tmp_path / "out")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_on_the_way_leaves_the_earlier_export(
    shop: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    exported(shop["numpycosine"], tmp_path)
    before = content(tmp_path)
    monkeypatch.setattr(export, "_PAGE", 4)
    real, calls = PlainStore.get, 0

    def failing(self: PlainStore, ids: Any, **options: Any) -> list[Point]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise error
        return real(self, ids, **options)

    monkeypatch.setattr(PlainStore, "get", failing)
    with pytest.raises(type(error)):
        exported(shop["numpycosine"], tmp_path, label="price")
    assert content(tmp_path) == before
    monkeypatch.setattr(PlainStore, "get", lambda self, ids, **options: real(self, ids, **options)[1:])
    with pytest.raises(IndexDamaged, match="lookseek check"):
        exported(shop["numpycosine"], tmp_path)
    assert content(tmp_path) == before


@pytest.mark.parametrize("before", ["nothing", "an export"])
@pytest.mark.parametrize("done", range(1, 7))
def test_death_between_two_renames_is_noticed_and_mended(
    shop: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, done: int
) -> None:
    if before == "an export":
        exported(shop["numpycosine"], tmp_path)
    real, calls = Path.replace, 0

    def dying(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls > done:
            raise SystemExit("killed")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", dying)
    with pytest.raises(SystemExit):
        exported(shop["edgeeuclidean"], tmp_path, label="price")
    monkeypatch.undo()
    left = content(tmp_path)
    try:
        open_catalogue(tmp_path)
        said = ""
    except CatalogueError as error:
        said = str(error)
    exported(shop["edgeeuclidean"], tmp_path, label="price")
    assert len(open_catalogue(tmp_path)) == 17
    whole = all(left.get(name) == data for name, data in content(tmp_path).items())
    if "all_features.npy" in left and not whole:
        assert "an export was cut off" in said
        assert "export the index again" in said


def test_what_a_killed_export_left_is_in_nobody_s_way(shop: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "all_features.npy.part").write_bytes(b"half of it" * 1000)
    (tmp_path / "all_features.json.part").write_bytes(b"{")
    assert features_of(tmp_path) is None
    exported(shop["numpycosine"], tmp_path)
    assert not list(tmp_path.glob("*.part"))
    assert len(open_catalogue(tmp_path)) == 17


# and back


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("metric", METRICS)
def test_an_index_made_from_an_export_is_the_same(
    shop: dict[str, Path], tmp_path: Path, model: Path, store: Any, metric: Any
) -> None:
    old, new = shop[store + metric], tmp_path / "index"
    exported(old, tmp_path / "base")
    summary = indexed(tmp_path / "base", new, model=model, store=store)
    assert (summary.items, summary.added, summary.encoded, dict(summary.skipped)) == (17, 17, 0, {})
    a, b = points(old), points(new)
    assert a == b  # attributes, hashes, sources, fingerprints
    before, after = published(old), published(new)
    assert before is not None and after is not None
    assert before.spec == after.spec
    assert (before.fields, before.runtime) == (after.fields, after.runtime)
    assert (old / "duplicates.csv").read_text() == (new / "duplicates.csv").read_text()
    for options in (
        {},
        {"colour_weight": 0.7},
        {"hide_duplicates": True},
        {"filter": "price < 50"},
        *([{"metric": "euclidean"}] if metric == "euclidean" else []),
    ):
        one, two = (hits(folder, image=shop["photo"], k=17, **options) for folder in (old, new))
        scores = {hit.id: hit.score for hit in one}
        assert {hit.id for hit in two} == set(scores)
        worst = 0.3 if options.get("metric") else 2e-3  # float16 at 100 to 200 keeps steps of 0.06 to 0.13
        assert all(abs(hit.score - scores[hit.id]) <= worst for hit in two)
        assert (one[0].score, one[0].source) == (pytest.approx(two[0].score, abs=worst), two[0].source)
    with Searcher(new) as searcher:
        known = searcher.known(shop["photo"])
    assert known is not None and known.id.startswith(shop["photo"].stem)
    assert all(finding.good for finding in check_index(new))
    again = indexed(tmp_path / "base", new)
    assert (again.unchanged, again.added, again.changed) == (17, 0, 0)
    assert published(new) == after


def test_exporting_again_gives_the_same_bytes(shop: dict[str, Path], tmp_path: Path, model: Path) -> None:
    for metric in METRICS:
        exported(shop["edge" + metric], tmp_path / metric / "a")
        indexed(tmp_path / metric / "a", tmp_path / metric / "index", model=model)
        exported(tmp_path / metric / "index", tmp_path / metric / "b")
        a, b = content(tmp_path / metric / "a"), content(tmp_path / metric / "b")
        assert a.pop("all_features.json") != b.pop("all_features.json")  # the source is another
        assert a == b


def test_photos_and_features_of_one_model_stand_in_one_index(
    shop: dict[str, Path], photos: Path, tmp_path: Path, model: Path
) -> None:
    exported(shop["edgecosine"], tmp_path / "base")
    indexed(photos, tmp_path / "index", model=model)
    summary = indexed(tmp_path / "base", tmp_path / "index")
    assert (summary.items, summary.added, summary.encoded) == (29, 17, 0)
    assert summary.runtime == "onnxruntime fp32" or "openvino" in summary.runtime
    known = indexed(shop["table"], tmp_path / "index")
    assert (known.unchanged, known.encoded) == (17, 0)  # the photos' own hashes came with their features
    pruned = indexed(tmp_path / "base", tmp_path / "index", prune=True)
    assert (pruned.items, pruned.removed, pruned.unchanged) == (29, 0, 17)  # the photos lie in another source


def test_features_of_another_model_are_refused(shop: dict[str, Path], tmp_path: Path, model: Path) -> None:
    exported(shop["edgecosine"], tmp_path / "base")
    other = write_model(tmp_path / "other", channel_means(scale=2.0), config(name="other"))
    with pytest.raises(CatalogueError, match=r"made by model means [0-9a-f]{12}, not by other [0-9a-f]{12}"):
        indexed(tmp_path / "base", tmp_path / "index", model=other)
    with pytest.raises(ModelError, match="no model 'means'"):  # it does not ship with lookseek
        indexed(tmp_path / "base", tmp_path / "index")
    indexed(shop["table"], tmp_path / "index", model=other)
    with pytest.raises(CatalogueError, match="vectors of two models"):
        indexed(tmp_path / "base", tmp_path / "index")
    assert indexed(tmp_path / "base", tmp_path / "index", model=model).added == 17  # asked for: it takes the place


def test_colours_of_another_encoder_are_refused(
    shop: dict[str, Path], tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(shop["edgecosine"], tmp_path / "base")
    monkeypatch.setattr("lookseek.encode.colour.ColourEncoder.version", "next")
    with pytest.raises(CatalogueError, match="here it is 'next'"):
        indexed(tmp_path / "base", tmp_path / "index", model=model)


# features from elsewhere


@pytest.fixture
def foreign(shop: dict[str, Path], tmp_path: Path, model: Path) -> Path:
    """The shop's features as another program would have left them: one array, with labels, nothing else."""
    encoder = load_model(model).image
    files = sorted(shop["photo"].parents[1].rglob("*.jpg"))
    rows = [encoder.encode([encoder.prepare(images.decode(file, encoder.min_side))])[0] for file in files]
    (tmp_path / "foreign").mkdir()
    np.save(tmp_path / "foreign" / "all_features.npy", np.array(rows, np.float64))
    np.save(tmp_path / "foreign" / "all_labels.npy", np.arange(len(files)) % 3)
    (tmp_path / "foreign" / "files.json").write_text(json.dumps([str(file) for file in files]))
    return tmp_path / "foreign"


@pytest.mark.parametrize("store", STORES)
def test_foreign_features_can_be_searched(
    foreign: Path, shop: dict[str, Path], tmp_path: Path, model: Path, store: Any
) -> None:
    index = tmp_path / "index"
    summary = indexed(foreign, index, model=model, metric="euclidean", store=store)
    assert (summary.items, summary.added, summary.encoded) == (17, 17, 0)
    assert summary.runtime == "features of unknown origin"
    place = json.loads((foreign / "files.json").read_text()).index(str(shop["photo"]))
    best, *_ = hits(index, image=shop["photo"], k=17)
    assert (best.id, best.attributes, best.shares) == (str(place), {"label": place % 3}, {"look": best.score})
    assert best.score == pytest.approx(1, abs=1e-3)
    assert hits(index, image=shop["photo"], metric="euclidean")[0].id == str(place)
    assert {hit.attributes["label"] for hit in hits(index, image=shop["photo"], filter="label in (0, 2)")} == {0, 2}
    everything = hits(index, image=shop["photo"], k=17, colour_weight=0.0)
    assert len(everything) == 17
    assert len(hits(index, image=shop["photo"], k=17, hide_duplicates=True)) == 16  # the copy has the same row
    with Searcher(index) as searcher:
        assert searcher.known(shop["photo"]) is None
    with pytest.raises(QueryError, match=r"colour weight 0\.3 needs the photos' colours"):
        hits(index, image=shop["photo"], colour_weight=0.3)
    findings = {finding.what: finding for finding in check_index(index)}
    assert all(finding.good for finding in findings.values())
    assert "made from features" in findings["photos"].message


def test_foreign_features_need_their_model(foreign: Path, tmp_path: Path, model: Path) -> None:
    with pytest.raises(CatalogueError, match=r"don't say which model.*--model.*3 numbers"):
        indexed(foreign, tmp_path / "index")
    np.save(foreign / "all_features.npy", np.ones((17, 2048), np.float32))
    with pytest.raises(CatalogueError, match=r"2,048 numbers a row, those of model means have 3: .*--model"):
        indexed(foreign, tmp_path / "index", model=model)


def test_features_of_length_1_have_no_distances(foreign: Path, tmp_path: Path, model: Path) -> None:
    features = np.load(foreign / "all_features.npy")
    np.save(foreign / "all_features.npy", features / np.linalg.norm(features, axis=1, keepdims=True))
    with pytest.raises(CatalogueError, match=r"rank as by cosine.*--metric cosine"):
        indexed(foreign, tmp_path / "index", model=model, metric="euclidean")
    assert indexed(foreign, tmp_path / "index", model=model).added == 17


def test_a_second_run_finds_what_changed(foreign: Path, tmp_path: Path, model: Path) -> None:
    index = tmp_path / "index"
    indexed(foreign, index, model=model)
    before = published(index)
    assert indexed(foreign, index).unchanged == 17
    assert published(index) == before
    features, labels = np.load(foreign / "all_features.npy"), np.load(foreign / "all_labels.npy")
    features[3], labels[5] = [1, 2, 3], -1
    np.save(foreign / "all_features.npy", features[:15])
    np.save(foreign / "all_labels.npy", labels[:15])
    changed = indexed(foreign, index)
    assert (changed.changed, changed.unchanged, changed.removed, changed.items) == (2, 13, 0, 17)
    kept = points(index, vectors=True)
    np.testing.assert_allclose(kept["3"].vectors["look"], np.array([1, 2, 3]) / 14**0.5, atol=1e-3)
    assert kept["5"].attributes == {}
    pruned = indexed(foreign, index, prune=True)
    assert (pruned.removed, pruned.items) == (2, 15)


def test_rows_that_can_not_be_used_are_listed(foreign: Path, tmp_path: Path, model: Path) -> None:
    features = np.load(foreign / "all_features.npy")
    features[4], features[9] = np.nan, 0
    np.save(foreign / "all_features.npy", features)
    summary = indexed(foreign, tmp_path / "index", model=model)
    assert (summary.items, dict(summary.skipped)) == (15, {"unusable vector": 2})
    with (tmp_path / "index" / "skipped.csv").open(newline="") as listed:
        assert [row["where"] for row in csv.DictReader(listed)] == ["4", "9"]


def test_ctrl_c_loses_nothing(foreign: Path, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsert, "_WRITE", 4)

    class Stopping(Heard):
        def advance(self, entries: int) -> None:
            super().advance(entries)
            if self.done == 8:
                raise KeyboardInterrupt

    stopped = build_index(open_catalogue(foreign), tmp_path / "index", model=model, progress=Stopping())
    assert (stopped.interrupted, stopped.items) == (True, 8)
    rest = indexed(foreign, tmp_path / "index")
    assert (rest.items, rest.added, rest.unchanged) == (17, 9, 8)


def test_an_index_without_colours_stays_so(
    foreign: Path, shop: dict[str, Path], photos: Path, tmp_path: Path, model: Path
) -> None:
    indexed(foreign, tmp_path / "index", model=model)
    summary = indexed(photos, tmp_path / "index")
    assert (summary.items, summary.added, summary.encoded) == (29, 12, 12)
    assert "features of unknown origin + " in summary.runtime
    assert hits(tmp_path / "index", image=sorted(photos.rglob("*.jpg"))[0])[0].score == pytest.approx(1, abs=1e-3)
    assert len(hits(tmp_path / "index", image=shop["photo"], k=29, hide_duplicates=True)) < 29
    assert all(finding.good for finding in check_index(tmp_path / "index"))
    exported(shop["edgecosine"], tmp_path / "base")
    assert indexed(tmp_path / "base", tmp_path / "index").added == 17  # their colours are left out
    done = exported(tmp_path / "index", tmp_path / "both")
    assert done.metadata.origin.colour == ""
    assert not (tmp_path / "both" / "all_colours.npy").exists()
    assert indexed(tmp_path / "both", tmp_path / "again", model=model).items == 46


def test_features_without_colours_do_not_go_into_an_index_with_them(
    foreign: Path, photos: Path, tmp_path: Path, model: Path
) -> None:
    indexed(photos, tmp_path / "index", model=model)
    with pytest.raises(IndexMismatch, match="keeps colours and these features have none: give a new folder"):
        indexed(foreign, tmp_path / "index")
    assert len(points(tmp_path / "index")) == 12


def test_labels_come_back_as_labels(foreign: Path, tmp_path: Path, model: Path) -> None:
    indexed(foreign, tmp_path / "index", model=model)
    done = exported(tmp_path / "index", tmp_path / "base")
    assert (done.metadata.label, done.classes) == ("label", ("0", "1", "2"))
    ids, labels = text(tmp_path / "base" / "all_ids.txt"), np.load(tmp_path / "base" / "all_labels.npy")
    assert dict(zip(ids, labels, strict=True)) == {str(row): row % 3 for row in range(17)}
    with pytest.raises(FilterError, match="category"):
        hits(tmp_path / "index", image=Path("nothing.jpg"), filter="category = dress")


def test_a_demo_wants_photos(foreign: Path, tmp_path: Path) -> None:
    from lookseek.cli.demo_run import run_demo

    with pytest.raises(LookseekError, match="holds features"):
        run_demo(str(foreign), None, tmp_path / "demo", progress=Heard(), log=lambda line: None)
