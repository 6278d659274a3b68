"""``lookseek evaluate --export``: Hugging Face's datasets loads it, and it has the form that FiftyOne documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.catalogues import Heard
from test_cli import Said

from lookseek import images
from lookseek.evaluate.dataset_export import photo_file, write_dataset
from lookseek.evaluate.fiftyone_export import write_fiftyone
from lookseek.evaluate.outcome import Evaluation, Outcome
from lookseek.evaluate.result import Figure, Result
from lookseek.evaluate.task import EvaluationQuery, Loaded, Task
from lookseek.evaluate.truth import SameLabel

QUERIES = 24
TOY = ("evaluate", "instance", "drawn:8", "--model", "colour")


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    said = Said(capsys, *TOY, "--export", tmp_path / "out", "--json", tmp_path / "a.json")
    assert said.code == 0, said.err
    for name in ("queries.parquet", "photos.parquet", "README.md", "fiftyone/labels.json"):
        assert f"wrote {tmp_path / 'out' / name}" in said.err
    return tmp_path / "out"


def test_datasets_loads_queries_and_photos_as_pictures(exported: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    queries = datasets.load_dataset(str(exported), split="test", cache_dir=str(tmp_path / "hf"))
    photos = datasets.load_dataset(str(exported), "photos", split="test", cache_dir=str(tmp_path / "hf"))
    assert len(queries) == QUERIES and isinstance(queries.features["image"], datasets.Image)
    assert len(photos) == len(set(photos["id"])) <= QUERIES
    by_id = {row["id"]: row["image"] for row in photos}
    for row in queries:
        assert row["image"].size == by_id[row["answers"][0]].size
        assert len(row["answers"]) == len(row["scores"]) == len(row["grades"]) == 10
        assert row["scores"] == sorted(row["scores"], reverse=True) and row["photo"] not in row["answers"]
        right = [place for place, grade in enumerate(row["grades"], 1) if grade > 0]
        assert row["recall@1"] == float(right[:1] == [1])
        assert (row["first_right"] == right[0]) if right else not 0 < row["first_right"] <= 10
    figure = json.loads((tmp_path / "a.json").read_text())["metrics"]["recall@1"]["value"]
    assert np.mean(queries["recall@1"]) == pytest.approx(figure)
    assert f"| recall@1 | {figure:.3f} |" in (exported / "README.md").read_text()


def test_fiftyone_finds_the_form_that_it_documents(exported: Path) -> None:
    """FiftyOne itself needs MongoDB, so the form is read as its importer reads it: labels by the files' bare names."""
    labels = json.loads((exported / "fiftyone" / "labels.json").read_text())
    files = {file.stem: file for file in (exported / "fiftyone" / "data").iterdir()}
    assert set(labels) == {"labels"} and set(labels["labels"]) == set(files) and len(files) == QUERIES
    table = pq.read_table(exported / "queries.parquet").to_pylist()
    for row, (name, target) in zip(table, sorted(labels["labels"].items()), strict=True):
        assert set(target) == {"label", "attributes"}
        assert all(attribute.isidentifier() for attribute in target["attributes"])
        assert target["attributes"]["query"] == row["query"]
        assert target["attributes"]["recall_at_1"] == row["recall@1"] == float(target["label"] == "right at 1")
        assert images.decode(files[name]).tobytes() == images.decode(row["image"]["bytes"]).tobytes()


def test_words_and_changes_are_exported_with_what_they_have(tmp_path: Path) -> None:
    photos = {name: images.to_jpeg(np.full((20, 16, 3), 90, np.uint8)) for name in "ab"}
    asked = (EvaluationQuery("words", text="red dress"), EvaluationQuery("change", photo="a", text="in red"))
    labels = np.array([0, 1])
    task = Task(asked, ("a", "b"), SameLabel(labels, labels, np.array([-1, 0])), ("recall@1",))
    best = np.full((2, 10), -1)
    best[:, 0] = 1
    scores = np.where(best < 0, np.nan, np.float32(0.5)).astype(np.float32)
    grades = np.zeros((2, 10), np.int8)
    grades[1, 0] = 1
    outcome = Outcome(task, {"recall@1": np.array([0.0, 1.0])}, best, scores, grades, np.array([0, 1]))
    figures = {"recall@1": Figure(0.5, 0, 1)}
    result = Result("toy", "plain", "test", 2, "0" * 12, 2, (), figures, {"name": "none"}, 0, "", 0.1)
    evaluation = Evaluation(result, Loaded((task,), photos), (outcome,), None)
    write_dataset(evaluation, tmp_path, Heard())
    words, change = pq.read_table(tmp_path / "queries.parquet").to_pylist()
    assert (words["text"], words["image"], words["first_right"]) == ("red dress", None, 0)
    assert (change["text"], change["image"]["bytes"], change["answers"]) == ("in red", photos["a"], ["b"])
    assert [row["id"] for row in pq.read_table(tmp_path / "photos.parquet").to_pylist()] == ["b"]
    assert write_fiftyone(evaluation, tmp_path / "fiftyone", Heard()) == tmp_path / "fiftyone" / "labels.json"
    known = json.loads((tmp_path / "fiftyone" / "labels.json").read_text())["labels"]
    assert {name: target["label"] for name, target in known.items()} == {"000001": "right at 1"}


def test_an_export_is_replaced_and_other_files_are_not(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (exported / "fiftyone" / "data" / "000000.png").write_bytes(b"older")
    assert Said(capsys, *TOY, "--export", exported).code == 0
    stems = [file.stem for file in (exported / "fiftyone" / "data").iterdir()]
    assert len(stems) == len(set(stems)) == QUERIES
    other = exported.parent / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    said = Said(capsys, *TOY, "--export", other)
    assert said.code == 1 and "holds other files: give a new folder" in said.err
    assert [file.name for file in other.iterdir()] == ["mine.txt"]
    said = Said(capsys, "evaluate", "drawn-copied", "--export", exported.parent / "third")
    assert said.code == 1 and "--export" in said.err


@pytest.mark.parametrize("kind", ["jpeg", "array", "tiff"])
def test_a_photo_is_kept_as_it_is_where_every_reader_knows_its_form(kind: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 16, 3), np.uint8)
    photo: Any = pixels
    if kind == "jpeg":
        photo = images.to_jpeg(pixels)
    if kind == "tiff":
        from PIL import Image

        photo = tmp_path / "a.tiff"
        Image.fromarray(pixels).save(photo)
    content, suffix = photo_file(photo)
    assert (suffix, content == photo if kind == "jpeg" else True) == (".jpg" if kind == "jpeg" else ".png", True)
    assert images.decode(content).tobytes() == images.decode(photo).tobytes()
