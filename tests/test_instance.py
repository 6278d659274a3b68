"""``instance``: leave-one-out over the photos of each item, on any table."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.catalogues import Heard, write_photos
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.errors import CatalogueError
from lookseek.evaluate.benchmarks.anytable import read_table
from lookseek.evaluate.benchmarks.instance import BENCHMARK, ITEM_COLUMNS, same_item
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import Loaded, Options, Task
from lookseek.evaluate.truth import BARRED


def write_table(folder: Path, rows: list[dict[str, str]], name: str = "items.csv") -> Path:
    """A table whose photos are there, though nobody could decode them; a row without an image gets one."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(["image", *(column for row in rows for column in row)]))
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        for number, row in enumerate(rows):
            photo = row.get("image", f"{number}.jpg")
            if "image" not in row:
                (folder / photo).write_bytes(b"photo")
            table.writerow({"image": photo, **row})
    return folder / name


def load(data: Path, by: str = "", split: str = "test") -> Loaded:
    return BENCHMARK.load(Options(data, split, "leave-one-out", by=by))


def rights(task: Task) -> dict[str, set[str]]:
    grades = task.truth.grades(slice(0, len(task.queries)))
    return {q.id: {task.gallery[at] for at in np.flatnonzero(row > 0)} for q, row in zip(task.queries, grades, strict=True)}  # fmt: skip  # noqa: E501


def barred(task: Task) -> dict[str, set[str]]:
    grades = task.truth.grades(slice(0, len(task.queries)))
    return {
        q.id: {task.gallery[at] for at in np.flatnonzero(row == BARRED)}
        for q, row in zip(task.queries, grades, strict=True)
    }


ITEMS = [{"id": f"p{n}", "item": item} for n, item in enumerate(["a", "a", "b", "c", "c", "c", ""])]


def test_photos_of_items_with_others_ask_and_all_are_searched(tmp_path: Path) -> None:
    loaded = load(write_table(tmp_path, ITEMS))
    (task,) = loaded.tasks
    assert [q.photo for q in task.queries] == ["p0", "p1", "p3", "p4", "p5"]
    assert task.gallery == ("p0", "p1", "p2", "p3", "p4", "p5", "p6")
    assert rights(task) == {"p0": {"p1"}, "p1": {"p0"}, "p3": {"p4", "p5"}, "p4": {"p3", "p5"}, "p5": {"p3", "p4"}}
    assert task.metrics == ("recall@1", "recall@10", "r-precision", "map", "mrr")
    assert loaded.labels == {"p0": "a", "p1": "a", "p2": "b", "p3": "c", "p4": "c", "p5": "c"}


def test_nobody_is_searched_for_itself(tmp_path: Path) -> None:
    (task,) = load(write_table(tmp_path, ITEMS)).tasks
    assert barred(task) == {q.id: {q.photo} for q in task.queries}


def test_photos_without_an_item_are_of_no_item_at_all(tmp_path: Path) -> None:
    """They are not the same item as each other."""
    rows = [{"id": f"p{n}", "item": item} for n, item in enumerate(["a", "a", "", "", ""])]
    loaded = load(write_table(tmp_path, rows))
    (task,) = loaded.tasks
    assert [q.id for q in task.queries] == ["p0", "p1"]
    assert len(task.gallery) == 5
    shown = task.truth.grades(slice(0, 2))
    assert (shown[:, 2:] == 0).all()
    assert any(
        "All 5 photos are searched, but do not ask if they are the only one of their item (0) or of no item (3)" in n
        for n in loaded.notes
    )


def test_notes_say_what_the_items_are(tmp_path: Path) -> None:
    notes = " ".join(load(write_table(tmp_path, ITEMS)).notes)
    assert "values of item: 2 of them have 2 to 3 photos" in notes
    assert (
        "All 7 photos are searched, but do not ask if they are the only one of their item (1) or of no item (1)"
        in notes
    )
    assert "there is no split" in notes


# What a table marks


OML = [
    {"label": label, "split": "validation", "is_query": query, "is_gallery": gallery}
    for label, query, gallery in (
        ("0", "True", "False"),
        ("0", "False", "True"),
        ("1", "True", "True"),
        ("1", "True", "True"),
        ("2", "True", "False"),
        ("3", "", "1"),
    )
] + [{"label": "0", "split": "train"}]
"""A table as OpenMetricLearning has it."""


def test_only_marked_photos_ask_and_are_searched(tmp_path: Path) -> None:
    loaded = load(write_table(tmp_path, OML), split="validation")
    (task,) = loaded.tasks
    assert [query.photo for query in task.queries] == ["0.jpg", "2.jpg", "3.jpg"]
    assert task.gallery == ("1.jpg", "2.jpg", "3.jpg", "5.jpg")
    assert rights(task) == {"0.jpg": {"1.jpg"}, "2.jpg": {"3.jpg"}, "3.jpg": {"2.jpg"}}
    assert barred(task) == {"0.jpg": set(), "2.jpg": {"2.jpg"}, "3.jpg": {"3.jpg"}}
    assert set(loaded.photos) == {"0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"}
    notes = " ".join(loaded.notes)
    assert "The table marks 4 photos that ask and 4 that are searched." in notes
    assert "4 photos are searched, but do not ask if they are the only one of their item (1) or of no item (0)" in notes


def test_marks_of_the_gallery_alone_let_all_photos_ask(tmp_path: Path) -> None:
    rows = [
        {"item": item, "is_gallery": mark} for item, mark in (("a", "yes"), ("a", "no"), ("b", "yes"), ("b", "yes"))
    ]
    (task,) = load(write_table(tmp_path, rows)).tasks
    assert task.gallery == ("0.jpg", "2.jpg", "3.jpg")
    assert [query.photo for query in task.queries] == ["1.jpg", "2.jpg", "3.jpg"]


def test_a_mark_that_is_none_is_an_error(tmp_path: Path) -> None:
    rows = [{"item": "a", "is_query": "perhaps"}, {"item": "a", "is_query": "True"}]
    with pytest.raises(CatalogueError, match=r"is_query of '0.jpg' is 'perhaps': write True or False"):
        load(write_table(tmp_path, rows))


def test_marks_that_ask_nothing_are_told(tmp_path: Path) -> None:
    rows = [{"item": item, "is_query": "True", "is_gallery": "False"} for item in "aab"]
    with pytest.raises(CatalogueError, match="a photo that asks and another that is searched"):
        load(write_table(tmp_path, rows))


def test_boxes_of_a_table_crop_its_photos(tmp_path: Path) -> None:
    corners = {"x_1": "8", "y_1": "4", "x_2": "40", "y_2": "20"}
    rows = [{"item": "a", "image": "a.png", **corners}, {"item": "a", "image": "b.png"}]
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(images.to_png(draw(drawn_specs(1, 1)[0], 64)))
    loaded = load(write_table(tmp_path, rows))
    whole = images.decode(tmp_path / "a.png")
    assert (images.decode(loaded.photos["a.png"]) == whole[4:20, 8:40]).all()
    assert loaded.photos["b.png"] == tmp_path / "b.png"
    assert "1 photos are cropped to the box of the table." in loaded.notes


@pytest.mark.parametrize("corner", ["8", "x", "-1"])
def test_a_box_that_is_none_is_an_error(corner: str, tmp_path: Path) -> None:
    rows = [{"item": "a", "x_1": "8", "y_1": "4", "x_2": corner, "y_2": "20"}, {"item": "a"}]
    with pytest.raises(CatalogueError, match=r"the box .* of '0.jpg' \(x_1, y_1, x_2, y_2\)"):
        load(write_table(tmp_path, rows))


def test_a_box_outside_its_photo_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(images.to_png(draw(drawn_specs(1, 1)[0], 64)))
    rows = [{"item": "a", "image": "a.png", "x_1": "80", "y_1": "4", "x_2": "90", "y_2": "20"}, {"item": "a"}]
    loaded = load(write_table(tmp_path, rows))
    with pytest.raises(CatalogueError, match=r"a\.png: box .* outside the picture.*another size"):
        loaded.photos["a.png"]


# Which column


@pytest.mark.parametrize("column", ITEM_COLUMNS)
def test_usual_columns_are_found(column: str, tmp_path: Path) -> None:
    rows = [{"id": f"p{n}", column: item} for n, item in enumerate("aab")]
    assert [q.id for q in load(write_table(tmp_path, rows)).tasks[0].queries] == ["p0", "p1"]


def test_the_first_usual_column_counts(tmp_path: Path) -> None:
    rows = [
        {"id": f"p{n}", "design": design, "item_id": item}
        for n, (design, item) in enumerate(zip("aabb", "xyyz", strict=True))
    ]
    assert [q.id for q in load(write_table(tmp_path, rows)).tasks[0].queries] == ["p1", "p2"]


def test_another_column_can_be_named(tmp_path: Path) -> None:
    rows = [{"id": f"p{n}", "item": str(n), "maker": maker} for n, maker in enumerate("xyx")]
    loaded = load(write_table(tmp_path, rows), by="maker")
    assert rights(loaded.tasks[0]) == {"p0": {"p2"}, "p2": {"p0"}}


@pytest.mark.parametrize("column", ["item_id", "product_id", "Item ID"])
def test_an_item_id_is_no_id_of_photos_where_there_is_no_other(column: str, tmp_path: Path) -> None:
    """A search would take it for the photo's id and drop all but the first photo of each item."""
    by = "" if column in ITEM_COLUMNS else column
    loaded = load(write_table(tmp_path, [{column: item} for item in "aabb"]), by=by)
    (task,) = loaded.tasks
    assert [q.id for q in task.queries] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert rights(task)["0.jpg"] == {"1.jpg"}


def test_photos_in_the_table_without_ids_of_their_own_are_told(tmp_path: Path) -> None:
    table = pa.table({"image": [b"a", b"b"], "item_id": ["x", "x"]})
    pq.write_table(table, tmp_path / "items.parquet")
    with pytest.raises(CatalogueError, match=r"no ids but 'item_id'.*add a column id"):
        load(tmp_path / "items.parquet")


def test_photos_in_the_table_itself_are_kept(tmp_path: Path) -> None:
    photos = [images.to_jpeg(draw(spec, 64)) for spec in drawn_specs(2, 2)]
    table = pa.table({"id": list("abcd"), "image": photos, "item": ["x", "x", "y", "y"]})
    pq.write_table(table, tmp_path / "items.parquet")
    loaded = load(tmp_path / "items.parquet")
    assert [loaded.photos[id] for id in "abcd"] == photos


def test_no_usual_column_names_those_there_are(tmp_path: Path) -> None:
    path = write_table(tmp_path, [{"id": "a", "colour": "red"}])
    with pytest.raises(CatalogueError, match=r"no column called item, .* or design.*--by.*there are: colour"):
        load(path)


def test_an_unknown_column_names_the_nearest(tmp_path: Path) -> None:
    path = write_table(tmp_path, [{"id": "a", "model_code": "red"}])
    with pytest.raises(CatalogueError, match=r"no column 'model_cod': did you mean model_code\?"):
        load(path, by="model_cod")


def test_a_folder_points_to_its_table(tmp_path: Path) -> None:
    write_photos(tmp_path, items=2)
    write_table(tmp_path, [{"id": "a", "item": "x"}])
    with pytest.raises(CatalogueError, match=r"there are: folder; to read its table, give .*items\.csv"):
        load(tmp_path)


def test_items_of_one_photo_each_are_told(tmp_path: Path) -> None:
    path = write_table(tmp_path, [{"id": item, "item": item} for item in "abc"])
    with pytest.raises(CatalogueError, match=r"no value of 'item' has two photos.*--by"):
        load(path)


# Which photos


def test_only_the_asked_split_is_used(tmp_path: Path) -> None:
    rows = [
        {"id": f"p{n}", "item": item, "split": split}
        for n, (item, split) in enumerate(
            [("a", "test"), ("a", "test"), ("a", "train"), ("b", "test"), ("b", "train"), ("c", "val"), ("c", "val")]
        )
    ]
    path = write_table(tmp_path, rows)
    loaded = load(path)
    (task,) = loaded.tasks
    assert task.gallery == ("p0", "p1", "p3")
    assert rights(task) == {"p0": {"p1"}, "p1": {"p0"}}
    assert list(loaded.photos) == ["p0", "p1", "p3"]
    assert any("Only photos of the split test" in note for note in loaded.notes)
    assert load(path, split="val").tasks[0].gallery == ("p5", "p6")


def test_a_split_that_the_table_lacks_is_told_with_those_it_has(tmp_path: Path) -> None:
    path = write_table(
        tmp_path, [{"id": i, "item": "x", "split": s} for i, s in zip("abc", ("train", "dev", ""), strict=True)]
    )
    with pytest.raises(CatalogueError, match=r"no photos of the split 'test': it has dev, train$"):
        load(path)


def test_photos_that_are_not_there_are_missing_and_what_else_is_left_out_is_told(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "item": "x"},
        {"id": "b", "item": "x"},
        {"id": "c", "item": "x", "image": "gone.jpg"},
        {"id": "d", "item": "x", "image": ""},
        {"id": "e", "item": "x", "image": "https://example.com/e.jpg"},
        {"id": "a", "item": "y"},
    ]
    loaded = load(write_table(tmp_path, rows))
    assert loaded.missing == ("c", "d", "e")
    assert loaded.tasks[0].gallery == ("a", "b")
    assert any(note == "Rows that were left out: duplicate id 1." for note in loaded.notes)


def test_a_table_of_missing_photos_is_told(tmp_path: Path) -> None:
    path = write_table(tmp_path, [{"id": "a", "item": "x", "image": "gone.jpg"}])
    with pytest.raises(CatalogueError, match=r"no photo that can be used, e\.g\. .*gone\.jpg"):
        load(path)


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="is not there"):
        load(tmp_path / "items.csv")


@given(st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=1, max_size=12), st.data())
@settings(max_examples=80, deadline=None)
def test_right_is_every_other_photo_of_the_item(items: list[str | None], data: st.DataObject) -> None:
    """In any table, and with any photos asking, in the gallery or not."""
    shown = [(f"p{n}", item) for n, item in enumerate(items)]
    outside = data.draw(st.lists(st.sampled_from("abcde"), max_size=4))
    inside = [(id, item) for id, item in shown if item is not None and data.draw(st.booleans())]
    asked = inside + [(f"q{n}", item) for n, item in enumerate(outside)]
    task, alone = same_item(asked, shown, ("map",), lambda id: id[0])
    expected = {id: {other for other, of in shown if of == item and other != id} for id, item in asked}
    assert rights(task) == {id: right for id, right in expected.items() if right}
    assert alone == sum(not right for right in expected.values())
    assert barred(task) == {q.id: {q.id} & set(task.gallery) for q in task.queries}
    assert Counter(q.id[0] for q in task.queries) == {part: len(rows) for part, rows in task.parts.items()}


# Measured


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("cache")
def test_the_drawn_catalogue_is_a_table_too() -> None:
    options = Options(Path("drawn:10"), "test", "leave-one-out")
    real, chance = (
        evaluate(BENCHMARK, options, open_system("colour"), Heard(), shuffle=shuffle) for shuffle in (False, True)
    )
    assert (real.result.queries, real.result.gallery_size) == (30, 30)
    assert real.result.metrics["map"].value > 0.75
    assert chance.result.metrics["map"].value < 0.35
    assert real.result.metrics["recall@1"].value > 0.8
    table = read_table(Path("drawn:10"))
    assert [str(value) for value in table.column("item")] == [id.rsplit("-", 1)[0] for id in table.ids]


def test_a_folder_called_drawn_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_photos(tmp_path / "drawn", items=3, views=2)
    monkeypatch.chdir(tmp_path)
    loaded = load(Path("drawn"), by="folder")
    assert len(loaded.photos) == 6
    assert all(isinstance(photo, Path) for photo in loaded.photos.values())


def test_real_photos_by_their_photographer(data: Path) -> None:
    loaded = load(data / "clothing" / "items.csv", by="sender_id", split="val")
    (task,) = loaded.tasks
    with (data / "clothing" / "items.csv").open(encoding="utf-8") as file:
        senders = {row["image"]: row["sender_id"] for row in csv.DictReader(file) if row["split"] == "val"}
    counts = Counter(senders.values())
    assert set(task.gallery) == set(senders)
    assert {q.photo for q in task.queries} == {image for image, sender in senders.items() if counts[sender] > 1}
