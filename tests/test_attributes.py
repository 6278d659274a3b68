"""``attributes``: the values of a table's columns, voted by neighbours; and DeepFashion's attributes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, write_photos
from helpers.drawn_deepfashion import attributes_of, write_category
from hypothesis import given, settings
from hypothesis import strategies as st
from test_instance import rights as of_gallery
from test_instance import write_table

from lookseek.catalogue.drawn import DrawnItem, write_catalogue
from lookseek.errors import CatalogueError
from lookseek.evaluate.benchmarks.attributes import BENCHMARK, by_votes
from lookseek.evaluate.benchmarks.columns import words
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import Loaded, Options, Task


def load(data: Path, protocol: str = "leave-one-out", split: str = "test", by: str = "") -> Loaded:
    return BENCHMARK.load(Options(data, split, protocol, by=by))


def tasks(loaded: Loaded) -> dict[str, Task]:
    return {task.name or task.stratum: task for task in loaded.tasks}


def rights(task: Task) -> dict[str, set[str]]:
    """What is right for each query, by the names of the classes."""
    grades = task.truth.grades(slice(0, len(task.queries)))
    assert grades.shape == (len(task.queries), len(task.class_names))
    return {
        q.id: {task.class_names[at] for at in np.flatnonzero(row > 0)}
        for q, row in zip(task.queries, grades, strict=True)
    }


def votes(task: Task) -> dict[str, set[str]]:
    """What each photo of the gallery votes for."""
    assert task.classes is not None
    assert task.classes.shape == (len(task.gallery), len(task.class_names))
    return {
        photo: {task.class_names[at] for at in np.flatnonzero(row)}
        for photo, row in zip(task.gallery, task.classes, strict=True)
    }


def rows(**columns: str) -> list[dict[str, str]]:
    """A row for each word of the columns; a dash for an empty cell."""
    split = {name: text.split() for name, text in columns.items()}
    numbers = range(max(map(len, split.values())))
    return [
        {"id": f"p{n}", **{name: "" if cells[n] == "-" else cells[n] for name, cells in split.items()}} for n in numbers
    ]


def test_every_column_is_asked_for(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(colour="red red blue blue", sleeve="long short long short"))
    loaded = load(path)
    assert [(task.name, task.stratum) for task in loaded.tasks] == [("", "colour"), ("", "sleeve")]
    colour = tasks(loaded)["colour"]
    assert colour.class_names == ("blue", "red")
    assert rights(colour) == {"p0": {"red"}, "p1": {"red"}, "p2": {"blue"}, "p3": {"blue"}}
    assert votes(colour) == rights(colour)
    assert list(loaded.photos) == ["p0", "p1", "p2", "p3"]
    assert loaded.labels == {"p0": "red long", "p1": "red short", "p2": "blue long", "p3": "blue short"}


def test_photos_without_a_value_neither_ask_nor_vote(tmp_path: Path) -> None:
    loaded = load(write_table(tmp_path, rows(colour="red red - blue blue", sleeve="long short long short -")))
    assert set(rights(tasks(loaded)["colour"])) == set(votes(tasks(loaded)["colour"])) == {"p0", "p1", "p3", "p4"}
    assert set(rights(tasks(loaded)["sleeve"])) == {"p0", "p1", "p2", "p3"}


# Who asks, who votes


@pytest.mark.parametrize(
    ("split", "asked", "voting"),
    [
        ("test", {"p6", "p7"}, {"p0", "p1", "p2", "p3", "p4", "p5"}),
        ("val", {"p4", "p5"}, {"p0", "p1", "p2", "p3"}),
        ("train", {"p0", "p1", "p2", "p3"}, {"p0", "p1", "p2", "p3"}),
    ],
)
def test_the_other_splits_vote(split: str, asked: set[str], voting: set[str], tmp_path: Path) -> None:
    path = write_table(
        tmp_path,
        rows(
            colour="red red blue blue red blue red blue more", split="train train train train val val test test extra"
        ),
    )
    loaded = load(path, "split", split)
    (task,) = loaded.tasks
    assert set(rights(task)) == asked
    assert set(task.gallery) == voting
    assert f"Photos of {split} ask" in loaded.notes[0]


def test_a_split_plays_no_part_in_leave_one_out(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(colour="red red blue blue", split="train test train test"))
    (task,) = load(path).tasks
    assert set(rights(task)) == set(task.gallery) == {"p0", "p1", "p2", "p3"}


def test_without_a_split_the_other_protocol_is_named(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(colour="red red blue"))
    with pytest.raises(CatalogueError, match=r"no column 'split'.*--protocol leave-one-out"):
        load(path, "split")


@pytest.mark.parametrize(
    ("split", "match"), [("dev", "split 'dev': it has extra, test$"), ("test", "train or val.*vote")]
)
def test_splits_that_the_table_lacks_are_told(split: str, match: str, tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(colour="red red blue blue -", split="test test extra extra -"))
    with pytest.raises(CatalogueError, match=match):
        load(path, "split", split)


def test_train_alone_is_enough_to_vote(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(colour="red blue red", split="train train test"))
    assert load(path, "split").tasks[0].gallery == ("p0", "p1")


# Which values


def test_values_that_nobody_else_has_do_not_ask(tmp_path: Path) -> None:
    """In leave-one-out the own photo can't vote, so a value of one photo alone can't be right."""
    loaded = load(write_table(tmp_path, rows(colour="red red blue green")))
    (task,) = loaded.tasks
    assert rights(task) == {"p0": {"red"}, "p1": {"red"}}
    assert task.class_names == ("blue", "green", "red")  # they may still be voted for
    assert any(note.startswith("Photos that do not ask") and "colour 2" in note for note in loaded.notes)


def test_values_that_only_the_asked_have_do_not_ask(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(colour="red blue red green", split="train train test test"))
    loaded = load(path, "split")
    assert rights(loaded.tasks[0]) == {"p2": {"red"}}
    assert any("colour 1" in note for note in loaded.notes)


def test_cells_with_several_values_count_as_several(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(fabric="cotton|silk cotton silk;wool wool -", colour="red red blue blue blue"))
    loaded = load(path)
    fabric = loaded.tasks[0]
    assert rights(fabric) == {"p0": {"cotton", "silk"}, "p1": {"cotton"}, "p2": {"silk", "wool"}, "p3": {"wool"}}
    assert votes(fabric) == rights(fabric)
    assert fabric.class_names == ("cotton", "silk", "wool")


def test_of_several_values_those_count_that_a_vote_can_come_for(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(fabric="cotton|silk cotton|wool wool", split="test train train"))
    (task,) = load(path, "split").tasks
    assert rights(task) == {"p0": {"cotton"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("red", ("red",)),
        ("red|blue", ("red", "blue")),
        (" red ; blue|red ", ("red", "blue")),
        ("red, blue", ("red, blue",)),
        (";|", ()),
        (None, ()),
        (True, ("true",)),
        (False, ("false",)),
        (2012, ("2012",)),
        (1.5, ("1.5",)),
    ],
)
def test_words_of_a_cell(value: str | int | float | bool | None, expected: tuple[str, ...]) -> None:
    assert words(value) == expected


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_any_values_are_voted_as_they_are_known(data: st.DataObject) -> None:
    cell = st.lists(st.sampled_from("abcd"), max_size=3, unique=True).map(tuple)
    values = data.draw(st.lists(cell, min_size=1, max_size=9))
    numbers = list(range(len(values)))
    asked = data.draw(st.lists(st.sampled_from(numbers), unique=True))
    shown = data.draw(st.lists(st.sampled_from(numbers), unique=True))
    ids = [f"p{n}" for n in numbers]
    task, unanswered = by_votes(ids, values, asked, shown, ("accuracy",))
    known = {
        ids[row]: {value for value in values[row] if any(value in values[other] for other in shown if other != row)}
        for row in asked
    }
    assert unanswered == sum(bool(values[row]) and not known[ids[row]] for row in asked)
    if task is None:
        assert not any(known.values())
    else:
        assert rights(task) == {id: right for id, right in known.items() if right}
        assert votes(task) == {ids[row]: set(values[row]) for row in shown if values[row]}


# Which figures


def test_figures_that_any_order_would_have_are_left_out(tmp_path: Path) -> None:
    cells = {f"of{count}": " ".join("abcdef"[n % count] for n in range(12)) for count in (6, 5, 4, 3, 2)}
    loaded = load(write_table(tmp_path, rows(**cells)))
    metrics = {name: task.metrics for name, task in tasks(loaded).items()}
    assert metrics == {
        "of6": ("accuracy", "recall@3", "recall@5"),
        "of5": ("accuracy", "recall@3"),
        "of4": ("accuracy", "recall@3"),
        "of3": ("accuracy",),
        "of2": ("accuracy",),
    }
    assert any("no top-3 figure of of3, of2." in note for note in loaded.notes)
    assert any("no top-5 figure of of5, of4, of3, of2." in note for note in loaded.notes)


def test_where_photos_have_several_values_the_share_of_them_is_counted_too(tmp_path: Path) -> None:
    six = "a|b b c d e f " * 2
    loaded = load(write_table(tmp_path, rows(several=six, single="a b c d e f " * 2)))
    both = ("accuracy", "recall@3", "recall@5", "fraction@3", "fraction@5")
    assert [task.metrics for task in loaded.tasks] == [both, both]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("cache")
def test_bare_figures_are_means_over_the_columns_that_have_them() -> None:
    options = Options(Path("drawn:12"), "test", "leave-one-out")
    evaluation = evaluate(BENCHMARK, options, open_system("colour"), Heard())
    found = {name: figure.value for name, figure in evaluation.result.metrics.items()}
    columns = {task.stratum: task.metrics for task in evaluation.loaded.tasks}
    assert set(columns) == {"category", "colour", "pattern", "sleeve", "neckline", "length", "view", "background"}
    for metric in ("accuracy", "recall@3", "recall@5"):
        having = [column for column, metrics in columns.items() if metric in metrics]
        assert {name.partition("/")[2] for name in found if name.startswith(f"{metric}/")} == set(having)
        assert found[metric] == pytest.approx(np.mean([found[f"{metric}/{column}"] for column in having]))


@pytest.mark.usefixtures("cache")
def test_colours_are_known_by_their_neighbours(tmp_path: Path) -> None:
    write_catalogue(tmp_path, items=26, views=3, size=64)
    options = Options(tmp_path / "items.csv", "test", "leave-one-out", by="colour")
    real, chance = (
        evaluate(BENCHMARK, options, open_system("colour"), Heard(), shuffle=shuffle) for shuffle in (False, True)
    )
    assert real.result.metrics["recall@3"].value > 0.6
    assert chance.result.metrics["recall@3"].value < 0.4  # 3 of 13 colours


# Which columns


def test_columns_that_are_no_attributes_are_left_out_with_the_reason(tmp_path: Path) -> None:
    table = rows(colour="red blue red", split="train train test", one="x x x", item="a b a", price="1.5 2.5 3.5")
    for n, row in enumerate(table):
        row |= {
            "title": f"title {n}",
            "sender_id": "7",
            "productId": "8",
            "kid": ("yes", "no", "no")[n],
        }  # ends with id, is none
    loaded = load(write_table(tmp_path, table), "split")
    assert [task.stratum for task in loaded.tasks] == ["colour", "kid"]
    assert {note for note in loaded.notes if note.startswith("Not measured")} == {
        "Not measured: one (has fewer than 2 values).",
        "Not measured: item, sender_id, productId (names an item or a person; ask for it with --by).",
        "Not measured: price (holds numbers; ask for it with --by).",
        "Not measured: title (is a text).",
    }


@pytest.mark.parametrize(("count", "kept"), [(200, True), (201, False)])
def test_columns_of_up_to_200_values_are_attributes(count: int, kept: bool, tmp_path: Path) -> None:
    table = [{"id": f"p{n}", "colour": "red", "many": f"v{n // 2}"} for n in range(2 * count)]
    table[0]["colour"] = table[1]["colour"] = "blue"
    loaded = load(write_table(tmp_path, table))
    assert [task.stratum for task in loaded.tasks] == ["colour", *(["many"] if kept else [])]
    assert any("many (has more than 200 values)" in note for note in loaded.notes) is not kept


def test_columns_can_be_named_in_any_order(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(a="x x y", item="x x y", price="1.5 1.5 2.5"))
    loaded = load(path, by=" price, item ,price,")
    assert [task.stratum for task in loaded.tasks] == ["price", "item"]
    assert loaded.tasks[0].class_names == ("1.5", "2.5")
    assert not any(note.startswith("Not measured") for note in loaded.notes)


@pytest.mark.parametrize(
    ("by", "match"),
    [
        ("color", "no column 'color': did you mean colour"),
        ("one", "column 'one' has fewer than 2 values: name columns of 2 to 200"),
        ("many", "column 'many' has more than 200 values: name columns of 2 to 200"),
        ("colour,size", "no column 'size'"),
    ],
)
def test_columns_that_can_not_be_measured_are_told(by: str, match: str, tmp_path: Path) -> None:
    table = [{"id": f"p{n}", "colour": ("red", "blue")[n % 2], "one": "x", "many": f"v{n}"} for n in range(201)]
    with pytest.raises(CatalogueError, match=match):
        load(write_table(tmp_path, table), by=by)


def test_a_table_without_attributes_is_told_with_the_reasons(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(one="x x x", item="a b a"))
    with pytest.raises(CatalogueError, match=r"no column of 2 to 200 values.*one \(has fewer.*item \(names"):
        load(path)


def test_a_table_in_which_no_two_photos_agree_is_told(tmp_path: Path) -> None:
    path = write_table(tmp_path, rows(colour="red green blue"))
    with pytest.raises(CatalogueError, match="no value of colour is known of two photos"):
        load(path)


def test_missing_photos_and_left_out_rows_are_told(tmp_path: Path) -> None:
    table = [*rows(colour="red red blue blue"), {"id": "gone", "colour": "red", "image": "gone.jpg"}, {"id": "p0"}]
    loaded = load(write_table(tmp_path, table))
    assert loaded.missing == ("gone",)
    assert "gone" not in loaded.photos
    assert "Rows that were left out: duplicate id 1." in loaded.notes


def test_a_folder_is_asked_for_its_sub_folders(tmp_path: Path) -> None:
    write_photos(tmp_path, items=6, views=2)
    loaded = load(tmp_path)
    (task,) = loaded.tasks
    assert task.stratum == "folder"
    assert rights(task) == {id: {id.split("/")[0]} for id in loaded.photos}


def test_real_photos_of_val_are_voted_by_train(data: Path) -> None:
    loaded = load(data / "clothing" / "items.csv", "split", "val")
    found = tasks(loaded)
    assert set(found) == {"label", "category", "kids"}
    assert (len(found["category"].queries), len(found["category"].gallery)) == (316, 1042)
    assert found["category"].class_names == ("dress", "shirt", "toptee")
    assert found["kids"].class_names == ("false", "true")
    assert len(found["label"].class_names) == 20
    assert any("sender_id (names" in note for note in loaded.notes)


# DeepFashion


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, DrawnItem]]:
    root = tmp_path_factory.mktemp("category")
    return root, write_category(root)


def test_deepfashion_is_asked_by_kind_and_for_all_in_one_list(official: tuple[Path, dict[str, DrawnItem]]) -> None:
    root, shows = official
    loaded = load(root, "split")
    assert [(task.name, task.stratum) for task in loaded.tasks] == [
        *(("", kind) for kind in ("texture", "fabric", "shape", "part")),
        ("all", ""),
    ]
    codes = {"texture": "1", "fabric": "2", "shape": "3", "part": "4"}
    for name, task in tasks(loaded).items():
        wanted = {
            photo: {word for word, code in attributes_of(spec).items() if name == "all" or code == codes[name]}
            for photo, spec in shows.items()
        }
        for photo, found in votes(task).items():
            assert found == wanted[photo]
        for photo, right in rights(task).items():
            assert right == wanted[photo] & set(task.class_names)
    part = tasks(loaded)["part"]
    assert part.metrics == ("accuracy", "recall@3", "recall@5", "fraction@3", "fraction@5")
    assert any("all 31 attributes in one list" in note for note in loaded.notes)


def test_deepfashion_goes_by_its_partition(official: tuple[Path, dict[str, DrawnItem]]) -> None:
    root, shows = official
    order = list(shows)
    split = {photo: ("train", "train", "val", "test")[row // 2 % 4] for row, photo in enumerate(order)}
    for asks, voting in (("test", {"train", "val"}), ("val", {"train"})):
        task = tasks(load(root, "split", asks))["all"]
        assert {split[q.photo] for q in task.queries} == {asks}
        assert {split[photo] for photo in task.gallery} == voting
    with pytest.raises(CatalogueError, match=r"split 'query': it has test, train, val$"):
        load(root, "split", "query")


def test_deepfashion_photos_are_files(official: tuple[Path, dict[str, DrawnItem]]) -> None:
    root, shows = official
    loaded = load(root, "split")
    assert loaded.photos == {name: root / "Img" / name for name in shows}


def test_deepfashion_has_no_columns_to_name(official: tuple[Path, dict[str, DrawnItem]]) -> None:
    with pytest.raises(CatalogueError, match="leave --by out"):
        load(official[0], "split", by="texture")


def test_a_table_of_attributes_and_one_of_items_are_read_alike(tmp_path: Path) -> None:
    """The same rows, once asked for their values and once for the photos that share them."""
    from lookseek.evaluate.benchmarks.instance import BENCHMARK as INSTANCE

    path = write_table(tmp_path, rows(colour="red red blue blue green"))
    (task,) = INSTANCE.load(Options(path, "test", "leave-one-out", by="colour")).tasks
    assert set(of_gallery(task)) == set(rights(load(path).tasks[0]))
