"""Robustness: every photo is asked distorted, its right answers are itself and its category, whatever the source."""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs, splits
from lookseek.errors import CatalogueError, ItemError
from lookseek.evaluate.benchmarks import robustness
from lookseek.evaluate.benchmarks.robustness import BENCHMARK, QUERIES, STRENGTHS, DistortedPhotos
from lookseek.evaluate.distortions.distort import DISTORTIONS, distort
from lookseek.evaluate.task import Loaded, Options, Task
from lookseek.evaluate.truth import BARRED
from lookseek.types import Photo

STRATA = [f"{name}={strength:g}" for name in DISTORTIONS for strength in STRENGTHS]
SPECS = drawn_specs(9, 2, 3)


def ask(data: Path | str, split: str = "test", seed: int = 0) -> Loaded:
    return BENCHMARK.load(Options(Path(data), split, BENCHMARK.protocols[0], seed=seed))


@cache
def asked_drawn() -> Loaded:
    return ask("drawn")


def head(loaded: Loaded, metric: str) -> dict[str, Task]:
    return {task.stratum: task for task in loaded.tasks if not task.name and metric in task.metrics}


def grades(task: Task) -> np.ndarray:
    return task.truth.grades(slice(None))


def shown(photo: Photo) -> np.ndarray:
    return images.decode(photo)


@pytest.fixture
def clothing(tmp_path: Path) -> Path:
    """A folder like ``clothing``: drawn photos; two splits, and photos without a category."""
    (tmp_path / "images").mkdir()
    with (tmp_path / "items.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "label", "category", "kids", "sender_id", "split"])
        for number, spec in enumerate(SPECS):
            (tmp_path / "images" / f"{spec.id}.jpg").write_bytes(images.to_jpeg(draw(spec, 64)))
            category = "" if number % 6 == 5 else spec.attributes["category"]
            split = "val" if number < 4 else "test"
            table.writerow([f"images/{spec.id}.jpg", "Shirt", category, "False", number % 3, split])
    return tmp_path


@pytest.fixture
def myntra(tmp_path: Path) -> Path:
    """A folder like ``myntra``."""
    columns = "id", "title", "articleType", "category", "gender", "baseColour", "season", "usage", "design", "split"
    rows = [
        {name: spec.attributes["category"] if name == "category" else f"{name} {n}" for name in columns}
        | {"id": str(n), "year": 2012, "split": "test" if n % 5 else "val", "image": images.to_jpeg(draw(spec, 64))}
        for n, spec in enumerate(SPECS)
    ]
    rows[1]["category"] = ""
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "catalogue.parquet")
    return tmp_path


# What is asked


def test_every_distortion_and_strength_is_a_stratum_of_both_tasks() -> None:
    loaded = asked_drawn()
    assert len(STRATA) == 28
    assert list(head(loaded, "recall@1")) == list(head(loaded, "map@10")) == STRATA
    assert STRATA[:2] == ["crop=0.25", "crop=0.5"]
    assert "clutter=1" in STRATA
    assert {task.metrics for task in loaded.tasks} == {("recall@1", "recall@10"), ("map@10",)}
    assert [task.name for task in loaded.tasks if task.name] == ["clean"]


def test_queries_are_a_choice_of_the_photos_each_once() -> None:
    loaded = asked_drawn()
    for task in loaded.tasks:
        assert len(task.queries) == len({query.id for query in task.queries}) == QUERIES <= 300
        assert all(query.id == query.photo and not query.text for query in task.queries)
        assert all(query.photo in loaded.photos for query in task.queries)
        assert task.gallery == loaded.tasks[0].gallery
    assert len(loaded.tasks[0].gallery) == 800


def test_all_strata_ask_the_same_photos_in_the_same_order() -> None:
    loaded = asked_drawn()
    clean = [query.photo for query in loaded.tasks[0].queries]
    for stratum, task in head(loaded, "recall@1").items():
        assert [query.photo for query in task.queries] == [f"{photo}~{stratum}" for photo in clean]
        assert head(loaded, "map@10")[stratum].queries == task.queries


def test_the_photo_itself_is_the_one_answer_that_recall_counts() -> None:
    for task in head(asked_drawn(), "recall@1").values():
        truth = grades(task)
        assert set(np.unique(truth)) == {0, 1}
        for query, row in zip(task.queries, truth, strict=True):
            assert [task.gallery[n] for n in np.flatnonzero(row)] == [query.photo.rpartition("~")[0]]


@pytest.mark.parametrize("stratum", ["clean", "crop=0.25", "clutter=1"])
def test_map_counts_the_category_and_bars_the_photo_itself(stratum: str) -> None:
    loaded = asked_drawn()
    task = loaded.tasks[0] if stratum == "clean" else head(loaded, "map@10")[stratum]
    for query, row in zip(task.queries, grades(task), strict=True):
        own = query.photo.rpartition("~")[0] or query.photo
        kind = own.split("-")[1]  # e.g. test-dress-0003-2
        assert [task.gallery[n] for n in np.flatnonzero(row == BARRED)] == [own]
        right = {task.gallery[n] for n in np.flatnonzero(row > 0)}
        assert right == {photo for photo in task.gallery if photo.split("-")[1] == kind} - {own}


def test_the_seed_chooses_other_queries_from_the_same_gallery() -> None:
    one, two = asked_drawn(), ask("drawn", seed=1)
    assert one.tasks[0].gallery == two.tasks[0].gallery
    chosen = [{query.photo for query in loaded.tasks[0].queries} for loaded in (one, two)]
    assert 10 < len(chosen[0] & chosen[1]) < 60
    again = ask("drawn")
    assert [task.queries for task in again.tasks] == [task.queries for task in one.tasks]


def test_labels_are_categories_of_plain_and_of_distorted_photos() -> None:
    loaded = asked_drawn()
    assert loaded.labels.keys() == set(loaded.photos)
    assert all(photo.split("-")[1] == label for photo, label in loaded.labels.items())


def test_notes_say_how_many_ask() -> None:
    assert "150 of 800 photos ask" in asked_drawn().notes[0]


def test_the_benchmark_tells_of_itself() -> None:
    assert (BENCHMARK.name, BENCHMARK.query_type, BENCHMARK.protocols) == (
        "robustness",
        "photo",
        ("distorted-queries",),
    )
    assert f"{QUERIES} photos in {len(STRATA)} distortions" in BENCHMARK.size
    assert not BENCHMARK.needs.startswith("nothing")


# Distorted photos


def test_photos_are_distorted_by_what_their_names_say() -> None:
    plain = {spec.id: images.to_png(draw(spec, 64)) for spec in SPECS[:3]}
    photos = DistortedPhotos(plain, list(plain)[:2], seed=5)
    assert len(photos) == 3 + 2 * 28 == len(list(photos))
    for name in DISTORTIONS:
        for strength in STRENGTHS:
            for photo in list(plain)[:2]:
                made = shown(photos[f"{photo}~{name}={strength:g}"])
                expected = distort(shown(plain[photo]), name, strength, seed=5, photo=photo)
                assert np.array_equal(made, expected)


def test_plain_photos_come_as_they_are(tmp_path: Path) -> None:
    photos = DistortedPhotos({"a": b"bytes", "b": tmp_path / "b.jpg"}, [], seed=0)
    assert (photos["a"], photos["b"]) == (b"bytes", tmp_path / "b.jpg")
    assert list(photos) == ["a", "b"]


def test_the_same_photo_comes_each_time_and_another_with_another_seed() -> None:
    plain = {"a": images.to_png(draw(SPECS[0], 64))}
    made = [DistortedPhotos(plain, ["a"], seed)["a~crop=0.5"] for seed in (0, 0, 1)]
    assert made[0] == made[1] != made[2]


def test_photos_that_are_not_asked_are_not_there() -> None:
    photos = DistortedPhotos({"a": b"", "b": b""}, ["a"], 0)
    assert "a~blur=0.5" in photos
    for name in ("b~blur=0.5", "a~blur=0.3", "a~snow=0.5", "c", "a~", "~blur=0.5"):
        assert name not in photos
        with pytest.raises(KeyError):
            photos[name]


def test_ids_may_look_like_distorted_ones() -> None:
    plain = {name: images.to_png(draw(spec, 48)) for name, spec in zip(("a", "x~blur=1", "~"), SPECS, strict=False)}
    photos = DistortedPhotos(plain, list(plain), 0)
    assert len(set(photos)) == 3 + 3 * 28
    made = shown(photos["x~blur=1~dark=1"])
    assert np.array_equal(made, distort(shown(plain["x~blur=1"]), "dark", 1.0, seed=0, photo="x~blur=1"))


def test_nothing_is_drawn_or_distorted_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **named: object) -> None:
        raise AssertionError("made")

    monkeypatch.setattr(robustness, "distort", refuse)
    photos = ask("drawn").photos
    made = next(photo for photo in photos if "~" in photo)
    plain = made.partition("~")[0]
    with pytest.raises(AssertionError, match="made"):
        photos[made]
    monkeypatch.setattr(splits, "draw", refuse)
    assert plain in photos
    assert made in photos
    with pytest.raises(AssertionError, match="made"):
        photos[plain]


def test_a_photo_is_drawn_once_for_all_its_distortions() -> None:
    times: Counter[str] = Counter()

    class Drawn(dict[str, bytes]):
        def __getitem__(self, photo: str) -> bytes:
            times[photo] += 1
            return super().__getitem__(photo)

    photos = DistortedPhotos(Drawn({s.id: images.to_png(draw(s, 48)) for s in SPECS[:2]}), [SPECS[0].id], 0)
    for photo in list(photos):
        if "~" in photo:
            photos[photo]
    assert times == {SPECS[0].id: 1}


@pytest.mark.parametrize("broken", [b"no photo", Path("no/such/photo.jpg")])
def test_what_is_wrong_with_a_photo_is_told_when_it_is_asked_for(broken: Photo) -> None:
    photos = DistortedPhotos({"a": broken}, ["a"], 0)
    with pytest.raises(ItemError):
        photos["a~dark=0.5"]


def test_large_photos_are_made_smaller_first_and_small_ones_are_not() -> None:
    large = images.to_jpeg(np.zeros((2200, 2100, 3), np.uint8))
    photos = DistortedPhotos({"large": large, "small": images.to_jpeg(draw(SPECS[0], 300))}, ["large", "small"], 0)
    assert min(shown(photos["large~dark=1"]).shape[:2]) in range(512, 1024)
    assert shown(photos["small~dark=1"]).shape == (300, 300, 3)


# Sources


def test_a_clothing_folder_is_known_by_its_table(clothing: Path) -> None:
    loaded = ask(clothing)
    expected = [spec for n, spec in enumerate(SPECS) if n >= 4 and n % 6 != 5]
    assert loaded.tasks[0].gallery == tuple(spec.id for spec in expected)
    for spec in expected:
        assert loaded.photos[spec.id] == clothing / "images" / f"{spec.id}.jpg"
        assert loaded.labels[spec.id] == spec.attributes["category"]
        assert shown(loaded.photos[f"{spec.id}~dark=1"]).shape == (64, 64, 3)


def test_a_myntra_folder_is_known_by_its_catalogue(myntra: Path) -> None:
    loaded = ask(myntra)
    expected = [str(n) for n in range(len(SPECS)) if n % 5 and n != 1]
    assert list(loaded.tasks[0].gallery) == expected
    assert shown(loaded.photos[f"{expected[0]}~crop=1"]).shape == (40, 40, 3)


def test_the_only_photo_of_a_category_asks_nothing_and_is_told(clothing: Path) -> None:
    rows = (clothing / "items.csv").read_text().splitlines()
    rows.append("images/alone.jpg,Other,coat,False,9,test")
    (clothing / "items.csv").write_text("\n".join(rows))
    loaded = ask(clothing)
    assert "alone" in loaded.tasks[0].gallery
    assert all(query.photo != "alone" for query in loaded.tasks[0].queries)
    assert any(note.endswith("as the only photo of a category: 1.") for note in loaded.notes)
    assert not any("only photo" in note for note in asked_drawn().notes)
    assert all((grades(task) > 0).any(axis=1).all() for task in loaded.tasks)


def test_every_query_has_a_right_answer(clothing: Path) -> None:
    for task in ask(clothing, "val").tasks:
        assert (grades(task) > 0).any(axis=1).all()


def test_a_shop_without_dresses_shirts_and_tops_is_refused(myntra: Path) -> None:
    table = pq.read_table(myntra / "catalogue.parquet")
    table = table.set_column(table.schema.get_field_index("category"), "category", pa.array([""] * len(table)))
    pq.write_table(table, myntra / "catalogue.parquet")
    with pytest.raises(CatalogueError, match="no two photos of one category"):
        ask(myntra)


@pytest.mark.parametrize("source", ["clothing", "myntra"])
def test_unknown_splits_are_refused_by_name(source: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(CatalogueError, match=r"'dev'.*test, val"):
        ask(request.getfixturevalue(source), "dev")


def test_unknown_splits_of_drawn_photos_are_refused_by_name() -> None:
    with pytest.raises(CatalogueError, match="'dev': choose train, val, test"):
        ask("drawn", "dev")


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"neither items.csv nor catalogue.parquet: give the folder"):
        ask(tmp_path)


def test_a_folder_without_two_photos_of_a_category_is_refused(clothing: Path) -> None:
    rows = (clothing / "items.csv").read_text().splitlines()
    (clothing / "items.csv").write_text("\n".join([rows[0], *rows[-2:-1]]))
    with pytest.raises(CatalogueError, match="no two photos of one category in the split test"):
        ask(clothing)


# Real photos


@pytest.mark.parametrize(("source", "shown_at_least"), [("clothing", 300), ("myntra", 1500)])
def test_real_folders_are_read(data: Path, source: str, shown_at_least: int) -> None:
    loaded = ask(data / source, "val")
    assert len(loaded.tasks) == 57
    assert len(loaded.tasks[0].gallery) > shown_at_least
    assert len(loaded.tasks[0].queries) == QUERIES
    assert set(loaded.labels.values()) == {"dress", "shirt", "toptee"}
    assert any("smaller than 100 pixels" in note for note in loaded.notes) == (source == "myntra")
    first = loaded.tasks[0].queries[0].photo
    for stratum in ("clutter=1", "rotate=0.5"):
        assert shown(loaded.photos[f"{first}~{stratum}"]).std() > 1
