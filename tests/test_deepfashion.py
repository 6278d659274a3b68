"""DeepFashion: the official files read back from drawn replicas, and the three benchmarks that ask of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard
from helpers.drawn_deepfashion import (
    BODIES,
    CATEGORIES,
    CATEGORY_OF,
    SIZE,
    attributes_of,
    corners,
    points_of,
    write_category,
    write_consumer2shop,
    write_inshop,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.catalogue.deepfashion import (
    is_category_folder,
    photo_folder,
    read_attributes,
    read_boxes,
    read_categories,
    read_consumer2shop,
    read_inshop,
    read_items,
    read_landmarks,
    read_splits,
)
from lookseek.catalogue.drawn import DrawnItem
from lookseek.errors import CatalogueError
from lookseek.evaluate.benchmarks import category, consumer2shop, inshop
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import Benchmark, Loaded, Options, Task
from lookseek.types import Box

PARTITION = "Eval/list_eval_partition.txt"


@dataclass(frozen=True)
class Replica:
    """A drawn benchmark: its folder, and what each of its photos shows."""

    root: Path
    shows: dict[str, DrawnItem]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    root = tmp_path_factory.mktemp("inshop")
    return Replica(root, write_inshop(root))


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    root = tmp_path_factory.mktemp("consumer2shop")
    return Replica(root, write_consumer2shop(root, photos="Img/img"))


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    root = tmp_path_factory.mktemp("category")
    return Replica(root, write_category(root))


@pytest.fixture
def texts(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Gives a copy of a replica's lists, without the photos."""

    def copied(name: str) -> Path:
        replica: Replica = request.getfixturevalue(name)
        for folder in ("Eval", "Anno", "Anno_coarse"):
            if (replica.root / folder).is_dir():
                shutil.copytree(replica.root / folder, tmp_path / name / folder)
        return tmp_path / name

    return copied


def edit(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    path.write_text("\n".join(change(path.read_text(encoding="utf-8").splitlines())) + "\n", encoding="utf-8")


def put(line: int, text: str) -> Callable[[list[str]], list[str]]:
    """Replaces a line, counted from 1; {} stands for what was there."""
    return lambda lines: [*lines[: line - 1], text.format(*lines[line - 1].split()), *lines[line:]]


def options(replica: Replica | Path, protocol: str = "official", split: str = "test") -> Options:
    return Options(replica if isinstance(replica, Path) else replica.root, split, protocol)


def rights(task: Task) -> dict[str, set[str]]:
    """What is right for each query, by ids of the gallery or names of the classes."""
    names = task.gallery if task.classes is None else task.class_names
    grades = task.truth.grades(slice(0, len(task.queries)))
    return {q.id: {names[at] for at in np.flatnonzero(row > 0)} for q, row in zip(task.queries, grades, strict=True)}


def item_in(name: str) -> str:
    return name.split("/")[-2]


# The files


def test_inshop_photos_have_their_item_and_status(shop: Replica) -> None:
    photos = read_inshop(shop.root)
    assert [photo.name for photo in photos] == list(shop.shows)
    assert all(photo.item == item_in(photo.name) for photo in photos)
    assert {status: sum(p.status == status for p in photos) for status in ("train", "query", "gallery")} == {
        "train": 12,
        "query": 10,
        "gallery": 14,
    }


def test_pairs_are_of_a_consumers_and_a_shops_photo_of_one_item(street: Replica) -> None:
    pairs = read_consumer2shop(street.root)
    assert len(pairs) == 9 * 3 * 2
    for pair in pairs:
        assert "/comsumer_" in pair.consumer
        assert "/shop_" in pair.shop
        assert item_in(pair.consumer) == item_in(pair.shop) == pair.item
    assert {pair.status for pair in pairs} == {"train", "val", "test"}
    assert {p.consumer for p in pairs} | {p.shop for p in pairs} == set(street.shows)


def test_category_photos_have_their_split(classes: Replica) -> None:
    splits = read_splits(classes.root)
    assert list(splits) == list(classes.shows)
    assert {split: list(splits.values()).count(split) for split in ("train", "val", "test")} == {
        "train": 32,
        "val": 14,
        "test": 14,
    }


@pytest.mark.parametrize("name", ["shop", "street"])
def test_the_items_are_those_of_the_photos(name: str, request: pytest.FixtureRequest) -> None:
    replica: Replica = request.getfixturevalue(name)
    items = read_items(replica.root)
    assert len(items) == 9
    assert set(items) == {item_in(photo) for photo in replica.shows}


def test_categories_are_counted_from_one_in_the_files_and_from_zero_here(classes: Replica) -> None:
    found = read_categories(classes.root)
    assert found.names == tuple(name for name, _ in CATEGORIES)
    assert found.bodies == ("upper", "upper", "lower", "full")
    assert {name: found.names[number] for name, number in found.of.items()} == {
        name: CATEGORY_OF[spec.attributes["category"]] for name, spec in classes.shows.items()
    }


def test_attributes_have_their_marks(classes: Replica) -> None:
    found = read_attributes(classes.root)
    assert found.photos == tuple(classes.shows)
    assert found.marks.dtype == np.int8
    assert found.marks.shape == (len(found.photos), len(found.names))
    assert "boho style" in found.names  # a name with a blank
    for row, spec in zip(found.marks, classes.shows.values(), strict=True):
        has = {name: kind for name, kind, mark in zip(found.names, found.kinds, row, strict=True) if mark == 1}
        codes = {"1": "texture", "2": "fabric", "3": "shape", "4": "part", "5": "style"}
        assert has == {name: codes[code] for name, code in attributes_of(spec).items()}
        unknown = {name for name, mark in zip(found.names, row, strict=True) if mark == 0}
        assert unknown == ({"round", "v-neck", "boat"} if spec.attributes["category"] == "shirt" else set())


@pytest.mark.parametrize("name", ["shop", "street", "classes"])
def test_boxes_are_numbers_that_cut_the_garment_out(name: str, request: pytest.FixtureRequest) -> None:
    """In a much used reader they stay strings, so that cropping fails and is never done."""
    replica: Replica = request.getfixturevalue(name)
    places = read_boxes(replica.root)
    assert list(places) == list(replica.shows)
    base = photo_folder(replica.root)
    for photo, spec in list(replica.shows.items())[:8]:
        left, top, right, bottom = corners(spec)
        assert places[photo].box == Box(left, top, right - left, bottom - top)
        pixels = images.decode(base / photo)
        assert images.crop(pixels, places[photo].box).shape == (bottom - top, right - left, 3)


def test_boxes_say_what_their_file_says(shop: Replica, street: Replica, classes: Replica) -> None:
    for photo, place in read_boxes(shop.root).items():
        assert (place.body, place.source) == (BODIES[shop.shows[photo].attributes["category"]], "")
        assert place.pose == {"1_front": 1, "2_side": 2, "3_back": 3, "7_additional": 5}[Path(photo).stem[3:]]
    for photo, place in read_boxes(street.root).items():
        assert (place.body, place.pose) == (BODIES[street.shows[photo].attributes["category"]], 0)
        assert place.source == ("shop" if "/shop_" in photo else "consumer")
    assert {(place.body, place.pose, place.source) for place in read_boxes(classes.root).values()} == {("", 0, "")}


@pytest.mark.parametrize(("name", "variation"), [("shop", 1), ("street", 1), ("classes", 0)])
def test_landmarks_are_read_with_and_without_a_variation(
    name: str, variation: int, request: pytest.FixtureRequest
) -> None:
    replica: Replica = request.getfixturevalue(name)
    found = read_landmarks(replica.root)
    assert list(found) == list(replica.shows)
    states = {0: "visible", 1: "hidden", 2: "cut-off"}
    for photo, spec in replica.shows.items():
        assert found[photo].body == BODIES[spec.attributes["category"]]
        assert found[photo].variation == variation
        points = {point: (mark.state, mark.x, mark.y) for point, mark in found[photo].points.items()}
        assert points == {point: (states[state], x, y) for point, (state, x, y) in points_of(spec).items()}
    assert any(mark.state == "cut-off" for marks in found.values() for mark in marks.points.values())


def test_landmarks_of_trousers_are_waist_and_hem(texts: Callable[[str], Path]) -> None:
    root = texts("shop")
    path = root / "Anno/list_landmarks_inshop.txt"
    edit(path, put(3, "{0} 2 4 0 010 020  1 030 020  2 000 000  0 031 060"))
    first = next(iter(read_landmarks(root).values()))
    assert (first.body, first.variation) == ("lower", 4)
    assert {point: (mark.x, mark.y, mark.state) for point, mark in first.points.items()} == {
        "waist_left": (10, 20, "visible"),
        "waist_right": (30, 20, "hidden"),
        "hem_left": (0, 0, "cut-off"),
        "hem_right": (31, 60, "visible"),
    }


@pytest.mark.parametrize("folder", ["Anno", "Anno_coarse"])
def test_both_names_of_the_folder_of_annotations_are_read(folder: str, texts: Callable[[str], Path]) -> None:
    root = texts("classes")
    if folder == "Anno":
        (root / "Anno_coarse").rename(root / "Anno")
    assert is_category_folder(root)
    assert read_categories(root).names
    assert read_attributes(root).names
    assert read_boxes(root)
    assert read_landmarks(root)


@pytest.mark.parametrize("photos", ["img", "Img/img"])
def test_photos_are_found_in_both_places(photos: str, tmp_path: Path) -> None:
    names = write_inshop(tmp_path, items=3, views=2, photos=photos)
    assert all((photo_folder(tmp_path) / name).is_file() for name in names)


def test_only_the_attribute_benchmark_is_taken_for_it(shop: Replica, classes: Replica, tmp_path: Path) -> None:
    assert is_category_folder(classes.root)
    assert not is_category_folder(shop.root)
    assert not is_category_folder(tmp_path)
    assert not is_category_folder(Path("drawn:60"))


def test_files_from_windows_with_empty_lines_are_read(texts: Callable[[str], Path]) -> None:
    root = texts("shop")
    before = read_inshop(root)
    text = (root / PARTITION).read_text(encoding="utf-8").replace("\n", "\r\n") + "\r\n\r\n"
    (root / PARTITION).write_bytes(b"\xef\xbb\xbf" + text.replace(" ", "\t").encode())
    assert read_inshop(root) == before


# What is wrong with them

BROKEN = {
    "inshop: cell missing": ("shop", read_inshop, PARTITION, put(5, "{0} {1}"), "line 5 has 2 cells where 3 belong"),
    "inshop: unknown status": ("shop", read_inshop, PARTITION, put(7, "{0} {1} val"), "line 7 .*'val'.*query"),
    "inshop: photo twice": ("shop", read_inshop, PARTITION, lambda t: [*t[:4], t[3], *t[5:]], "line 5 .*second time"),
    "inshop: no count": ("shop", read_inshop, PARTITION, put(1, "many"), "line 1 has 'many'.*no whole number"),
    "inshop: too few rows": ("shop", read_inshop, PARTITION, lambda t: t[:-1], "line 1 says that 36 rows.*are 35"),
    "inshop: too many rows": ("shop", read_inshop, PARTITION, put(1, "35"), "line 1 says that 35 rows.*are 36"),
    "inshop: other columns": ("shop", read_inshop, PARTITION, put(2, "image_name evaluation_status"), "line 2 names"),
    "inshop: no columns": ("shop", read_inshop, PARTITION, lambda t: [t[0], *t[2:]], "line 2 names the columns 'img"),
    "inshop: outside": ("shop", read_inshop, PARTITION, put(3, "img/../../a.jpg id_1 train"), "line 3 .*below img/"),
    "inshop: absolute": ("shop", read_inshop, PARTITION, put(3, "/etc/passwd id_1 train"), "line 3 .*below img/"),
    "inshop: empty": ("shop", read_inshop, PARTITION, lambda t: [], "line 1 has '' as the number of rows"),
    "items: twice": ("shop", read_items, "Anno/list_item_inshop.txt", put(4, "id_00000001"), "line 4 .*second time"),
    "items: cells": ("shop", read_items, "Anno/list_item_inshop.txt", put(2, "id 1"), "line 2 has 2 cells where 1"),
    "pairs: cells": ("street", read_consumer2shop, PARTITION, put(3, "{0} {1} {2}"), "line 3 has 3 cells where 4"),
    "pairs: status": ("street", read_consumer2shop, PARTITION, put(3, "{0} {1} {2} query"), "line 3 .*'query'.*val"),
    "pairs: two items": ("street", read_consumer2shop, PARTITION, put(4, "{0} {1} id_9 train"), "line 4 .*comsumer_01"),
    "pairs: two splits": ("street", read_consumer2shop, PARTITION, put(4, "{0} {1} {2} val"), "line 4 .*in train"),
    "splits: status": ("classes", read_splits, PARTITION, put(9, "{0} query"), "line 9 .*'query'.*train, val, test"),
    "splits: twice": ("classes", read_splits, PARTITION, lambda t: [*t[:4], t[3], *t[5:]], "line 5 .*second time"),
    "categories: number": (
        *("classes", read_categories, "Anno_coarse/list_category_img.txt"),
        *(put(6, "{0} five"), "line 6 has 'five' as the category label"),
    ),
    "categories: zero": (
        *("classes", read_categories, "Anno_coarse/list_category_img.txt"),
        *(put(6, "{0} 0"), "line 6 has the category label 0.*1 to 4"),
    ),
    "categories: beyond": (
        *("classes", read_categories, "Anno_coarse/list_category_img.txt"),
        *(put(6, "{0} 5"), "line 6 has the category label 5.*1 to 4"),
    ),
    "categories: twice": (
        *("classes", read_categories, "Anno_coarse/list_category_img.txt"),
        *(lambda t: [*t[:4], t[3], *t[5:]], "line 5 .*second time"),
    ),
    "categories: type": (
        *("classes", read_categories, "Anno_coarse/list_category_cloth.txt"),
        *(put(4, "Tee 7"), "line 4 has the category type '7'.*1, 2, 3"),
    ),
    "categories: no type": (
        *("classes", read_categories, "Anno_coarse/list_category_cloth.txt"),
        *(put(4, "Tee"), "line 4 has no category type"),
    ),
    "attributes: kind": (
        *("classes", read_attributes, "Anno_coarse/list_attr_cloth.txt"),
        *(put(5, "long sleeve 6"), "line 5 has the attribute type '6'"),
    ),
    "attributes: too few": (
        *("classes", read_attributes, "Anno_coarse/list_attr_img.txt"),
        *(put(8, "{0} 1 -1"), "line 8 has 2 attribute labels, list_attr_cloth.txt has 31"),
    ),
    "attributes: label": (
        *("classes", read_attributes, "Anno_coarse/list_attr_img.txt"),
        *(put(8, "{0} 2" + " -1" * 30), "line 8 has the attribute label '2'"),
    ),
    "attributes: glued labels": (
        *("classes", read_attributes, "Anno_coarse/list_attr_img.txt"),
        *(put(8, "{0} 11" + " -1" * 30), "line 8 has the attribute label '11'"),
    ),
    "attributes: twice": (
        *("classes", read_attributes, "Anno_coarse/list_attr_img.txt"),
        *(lambda t: [*t[:4], t[3], *t[5:]], "line 5 .*second time"),
    ),
    "boxes: no number": (
        *("shop", read_boxes, "Anno/list_bbox_inshop.txt"),
        *(put(4, "{0} {1} {2} {3} left {5} {6}"), "line 4 has 'left' as y_1 of a box"),
    ),
    "boxes: fraction": (
        *("shop", read_boxes, "Anno/list_bbox_inshop.txt"),
        *(put(4, "{0} {1} {2} {3} 1.5 {5} {6}"), "line 4 has '1.5' as y_1 of a box"),
    ),
    "boxes: empty": (
        *("shop", read_boxes, "Anno/list_bbox_inshop.txt"),
        *(put(4, "{0} {1} {2} 010 010 010 020"), "line 4 has '010 010 010 020'.*is empty"),
    ),
    "boxes: upside down": (
        *("shop", read_boxes, "Anno/list_bbox_inshop.txt"),
        *(put(4, "{0} {1} {2} 010 030 020 020"), "line 4 has '010 030 020 020'.*is empty"),
    ),
    "boxes: negative": (
        *("shop", read_boxes, "Anno/list_bbox_inshop.txt"),
        *(put(4, "{0} {1} {2} -10 010 020 020"), "line 4 has '-10 010 020 020'.*x, y >= 0"),
    ),
    "boxes: cells": (
        *("shop", read_boxes, "Anno/list_bbox_inshop.txt"),
        *(put(4, "{0} {3} {4} {5} {6}"), "line 4 has 5 cells where 7 belong"),
    ),
    "boxes: clothes": (
        *("shop", read_boxes, "Anno/list_bbox_inshop.txt"),
        *(put(4, "{0} 4 {2} {3} {4} {5} {6}"), "line 4 has the clothes type '4'"),
    ),
    "boxes: source": (
        *("street", read_boxes, "Anno/list_bbox_consumer2shop.txt"),
        *(put(4, "{0} {1} 3 {3} {4} {5} {6}"), "line 4 has the source type '3'"),
    ),
    "boxes: twice": (
        *("classes", read_boxes, "Anno_coarse/list_bbox.txt"),
        *(lambda t: [*t[:4], t[3], *t[5:]], "line 5 .*second time"),
    ),
    "landmarks: too few": (
        *("classes", read_landmarks, "Anno_coarse/list_landmarks.txt"),
        *(put(4, "{0} 1 0 010 010"), "line 4 has 3 cells of landmarks, upper clothes have 18"),
    ),
    "landmarks: half a point": (
        *("classes", read_landmarks, "Anno_coarse/list_landmarks.txt"),
        *(put(4, "{0} 2" + " 0 010 010" * 4 + " 0 010"), "line 4 has 14 cells of landmarks"),
    ),
    "landmarks: visibility": (
        *("classes", read_landmarks, "Anno_coarse/list_landmarks.txt"),
        *(put(4, "{0} 2" + " 3 010 010" * 4), "line 4 has the landmark visibility '3'"),
    ),
    "landmarks: no number": (
        *("classes", read_landmarks, "Anno_coarse/list_landmarks.txt"),
        *(put(4, "{0} 2" + " 0 a 010" * 4), "line 4 has 'a' as x of a landmark"),
    ),
    "landmarks: name alone": (
        *("classes", read_landmarks, "Anno_coarse/list_landmarks.txt"),
        *(put(4, "{0}"), "line 4 has no clothes type"),
    ),
    "landmarks: twice": (
        *("shop", read_landmarks, "Anno/list_landmarks_inshop.txt"),
        *(lambda t: [*t[:4], t[3], *t[5:]], "line 5 .*second time"),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_told_with_file_and_line(case: str, texts: Callable[[str], Path]) -> None:
    name, read, file, change, match = BROKEN[case]
    root = texts(name)
    edit(root / file, change)
    with pytest.raises(CatalogueError, match=match) as raised:
        read(root)
    assert str(root / file) in str(raised.value)
    assert "unpack the official file again" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        *(("shop", read) for read in (read_inshop, read_items, read_boxes, read_landmarks)),
        *(("street", read) for read in (read_consumer2shop, read_items, read_boxes, read_landmarks)),
        *(("classes", read) for read in (read_splits, read_categories, read_attributes, read_boxes, read_landmarks)),
    ],
)
def test_a_missing_file_is_told_by_name(
    name: str, read: Callable[[Path], object], texts: Callable[[str], Path]
) -> None:
    root = texts(name)
    shutil.rmtree(root / "Eval" if read in (read_inshop, read_consumer2shop, read_splits) else root)
    with pytest.raises(CatalogueError, match=r"has no file .*list_\w+\.txt.*unpacked"):
        read(root)


def test_an_emptied_file_is_told(texts: Callable[[str], Path]) -> None:
    root = texts("shop")
    (root / PARTITION).write_bytes(b"")
    with pytest.raises(CatalogueError, match=r"list_eval_partition.txt line 1 is missing"):
        read_inshop(root)


def test_the_partition_of_another_benchmark_is_not_read(shop: Replica, street: Replica, classes: Replica) -> None:
    readers = {shop.root: read_inshop, street.root: read_consumer2shop, classes.root: read_splits}
    for root, own in readers.items():
        for read in readers.values():
            if read is not own:
                with pytest.raises(CatalogueError, match=r"line 2 names the columns.*another benchmark"):
                    read(root)


@given(st.lists(st.text(st.sampled_from("img/ab.jpg 012-\t\u00e9train"), max_size=40), max_size=6), st.integers(-1, 6))
@settings(max_examples=60, deadline=None)
def test_nothing_but_a_catalogue_error_comes_of_any_text(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], count: int
) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    for folder in ("Eval", "Anno"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    heads = {
        PARTITION: ("image_name evaluation_status", read_splits),
        "Anno/list_bbox.txt": ("image_name x_1 y_1 x_2 y_2", read_boxes),
        "Anno/list_landmarks.txt": ("image_name clothes_type", read_landmarks),
        "Anno/list_item_inshop.txt": ("", read_items),
    }
    for file, (header, read) in heads.items():
        (root / file).write_text("\n".join([str(count), *([header] if header else []), *rows]), encoding="utf-8")
        try:
            found = read(root)
        except CatalogueError as error:
            assert " line " in str(error)
        else:
            assert len(found) == count


# In-shop


def test_inshop_asks_with_query_photos_and_searches_gallery_photos(shop: Replica) -> None:
    loaded = inshop.BENCHMARK.load(options(shop))
    (task,) = loaded.tasks
    status = {photo.name: photo.status for photo in read_inshop(shop.root)}
    assert {q.photo for q in task.queries} == {name for name, what in status.items() if what == "query"}
    assert set(task.gallery) == {name for name, what in status.items() if what == "gallery"}
    assert set(loaded.photos) == {name for name, what in status.items() if what != "train"}
    assert task.metrics == (*(f"recall@{k}" for k in (1, 10, 20, 30, 40, 50)), "map")


def test_inshop_right_is_the_same_item_and_nothing_is_barred(shop: Replica) -> None:
    (task,) = inshop.BENCHMARK.load(options(shop)).tasks
    for query, right in rights(task).items():
        assert right == {photo for photo in task.gallery if item_in(photo) == item_in(query)}
    assert task.truth.grades(slice(0, len(task.queries))).min() == 0


def test_an_item_that_nobody_asks_for_stays_in_the_gallery(shop: Replica) -> None:
    (task,) = inshop.BENCHMARK.load(options(shop)).tasks
    assert {item_in(photo) for photo in task.gallery} - {item_in(q.photo) for q in task.queries} == {"id_00000009"}


def test_one_item_id_in_two_folders_is_one_item(texts: Callable[[str], Path]) -> None:
    """As the official count has it: id_00000065 is in WOMEN/Pants and in WOMEN/Blouses_Shirts."""
    root = texts("shop")
    edit(root / PARTITION, put(38, "img/WOMEN/Pants/id_00000004/02_7_additional.jpg id_00000004 gallery"))
    (task,) = inshop.BENCHMARK.load(options(root)).tasks
    asked = next(q.id for q in task.queries if item_in(q.photo) == "id_00000004")
    assert "img/WOMEN/Pants/id_00000004/02_7_additional.jpg" in rights(task)[asked]


def test_inshop_parts_are_the_folders(shop: Replica) -> None:
    (task,) = inshop.BENCHMARK.load(options(shop)).tasks
    assert sorted(task.parts) == ["men-tees_tanks", "women-blouses_shirts", "women-dresses"]
    for part, rows in task.parts.items():
        assert {"-".join(task.queries[row].photo.lower().split("/")[1:3]) for row in rows} == {part}
    assert sorted(row for rows in task.parts.values() for row in rows) == list(range(len(task.queries)))


def test_a_query_without_an_answer_is_left_out_and_told(texts: Callable[[str], Path]) -> None:
    root = texts("shop")
    edit(root / PARTITION, lambda t: [line.replace("id_00000004 gallery", "id_00000004 train") for line in t])
    loaded = inshop.BENCHMARK.load(options(root))
    assert "id_00000004" not in {item_in(q.photo) for q in loaded.tasks[0].queries}
    assert any(note.startswith("2 query photos do not ask") for note in loaded.notes)


def test_a_size_that_is_not_the_official_one_is_told(shop: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any("not the official size, 14,218" in note for note in inshop.BENCHMARK.load(options(shop)).notes)
    monkeypatch.setattr(inshop, "OFFICIAL", (10, 14, 6))
    assert not any("official size" in note for note in inshop.BENCHMARK.load(options(shop)).notes)


@pytest.mark.parametrize("split", ["train", "val", "query", ""])
def test_inshop_has_no_other_split(split: str, shop: Replica) -> None:
    with pytest.raises(CatalogueError, match=f"no split {split!r}.*--split test"):
        inshop.BENCHMARK.load(options(shop, split=split))


def test_inshop_with_no_answer_at_all_is_an_error(texts: Callable[[str], Path]) -> None:
    root = texts("shop")
    edit(root / PARTITION, lambda t: [line.replace(" gallery", " train") for line in t])
    with pytest.raises(CatalogueError, match="no query photo with a gallery photo"):
        inshop.BENCHMARK.load(options(root))


def test_whole_photos_need_no_annotations(texts: Callable[[str], Path]) -> None:
    root = texts("shop")
    shutil.rmtree(root / "Anno")
    assert len(inshop.BENCHMARK.load(options(root)).tasks[0].queries) == 10


def test_boxed_photos_are_the_pixels_inside_the_box(shop: Replica) -> None:
    whole, boxed = (inshop.BENCHMARK.load(options(shop, protocol)) for protocol in inshop.BENCHMARK.protocols)
    assert boxed.tasks[0].gallery == whole.tasks[0].gallery
    assert list(boxed.photos) == list(whole.photos)
    assert len(boxed.photos) == len(whole.photos)
    for name in boxed.photos:
        left, top, right, bottom = corners(shop.shows[name])
        photo = boxed.photos[name]
        assert isinstance(photo, bytes)
        assert np.array_equal(images.decode(photo), images.decode(whole.photos[name])[top:bottom, left:right])
    with pytest.raises(KeyError):
        boxed.photos["img/other.jpg"]
    assert boxed.photos.get("img/other.jpg") is None


def test_boxed_photos_are_cropped_when_they_are_asked_for(texts: Callable[[str], Path]) -> None:
    """There is not one photo in the folder; whoever decodes one hears which."""
    root = texts("shop")
    loaded = inshop.BENCHMARK.load(options(root, "official-box"))
    name = loaded.tasks[0].gallery[0]
    assert loaded.photos[name] == root / name


def test_a_photo_without_a_box_is_told(texts: Callable[[str], Path]) -> None:
    root = texts("shop")
    edit(root / "Anno/list_bbox_inshop.txt", lambda t: [str(int(t[0]) - 1), *t[1:-1]])
    with pytest.raises(CatalogueError, match=r"no box of img/.*id_00000009.*list of boxes"):
        inshop.BENCHMARK.load(options(root, "official-box"))


def test_a_box_outside_its_photo_is_told(texts: Callable[[str], Path], shop: Replica) -> None:
    root = texts("shop")
    shutil.copytree(shop.root / "img", root / "img")
    name = inshop.BENCHMARK.load(options(root)).tasks[0].gallery[0]
    box = f"{name} 1 1 100 100 200 200"
    edit(root / "Anno/list_bbox_inshop.txt", lambda t: [box if line.startswith(name) else line for line in t])
    loaded = inshop.BENCHMARK.load(options(root, "official-box"))
    with pytest.raises(CatalogueError, match=r"outside the picture, which is 64 x 64.*img.zip"):
        loaded.photos[name]


# Consumer-to-shop


@pytest.mark.parametrize(
    ("protocol", "split", "searched"),
    [
        ("official", "test", {"test"}),
        ("official", "val", {"val"}),
        ("official", "train", {"train"}),
        ("official-val-test", "test", {"val", "test"}),
        ("official-val-test", "val", {"val", "test"}),
    ],
)
def test_consumers_search_the_shop_photos_of_the_stated_splits(
    protocol: str, split: str, searched: set[str], street: Replica
) -> None:
    loaded = consumer2shop.BENCHMARK.load(options(street, protocol, split))
    (task,) = loaded.tasks
    pairs = read_consumer2shop(street.root)
    assert {q.photo for q in task.queries} == {p.consumer for p in pairs if p.status == split}
    assert sorted(task.gallery) == sorted({p.shop for p in pairs if p.status in searched})
    assert len(task.queries) == 9
    for query, right in rights(task).items():
        assert right == {f"{query.rsplit('/', 1)[0]}/shop_{n:02d}.jpg" for n in (1, 2)}
    assert task.metrics == ("recall@1", "recall@20", "recall@50", "map")
    assert set(loaded.photos) == {q.photo for q in task.queries} | set(task.gallery)
    assert any("9 consumer photos" in note and " and ".join(sorted(searched, reverse=True)) in note
               for note in loaded.notes)  # fmt: skip
    assert any("texts differ" in note for note in loaded.notes)


def test_shop_photos_are_searched_once_though_many_pairs_name_them(street: Replica) -> None:
    (task,) = consumer2shop.BENCHMARK.load(options(street)).tasks
    assert len(set(task.gallery)) == len(task.gallery) == 6
    assert len({q.id for q in task.queries}) == len(task.queries)


@pytest.mark.parametrize(
    ("protocol", "split", "there"),
    [("official", "query", "test, train, val"), ("official-val-test", "train", "test, val")],
)
def test_a_split_that_can_not_ask_is_told_with_those_that_can(
    protocol: str, split: str, there: str, street: Replica
) -> None:
    with pytest.raises(CatalogueError, match=rf"split '{split}'.*{protocol}: it has {there}$"):
        consumer2shop.BENCHMARK.load(options(street, protocol, split))


# Category


@pytest.mark.parametrize(("split", "known"), [("test", {"train", "val"}), ("val", {"train"})])
def test_categories_are_voted_by_photos_of_the_other_splits(split: str, known: set[str], classes: Replica) -> None:
    loaded = category.BENCHMARK.load(options(classes, split=split))
    (task,) = loaded.tasks
    splits = read_splits(classes.root)
    assert {q.photo for q in task.queries} == {name for name, of in splits.items() if of == split}
    assert set(task.gallery) == {name for name, of in splits.items() if of in known}
    assert task.class_names == ("Button-Down", "Dress", "Tee")
    of = {name: CATEGORY_OF[spec.attributes["category"]] for name, spec in classes.shows.items()}
    assert rights(task) == {q.id: {of[q.photo]} for q in task.queries}
    assert task.classes is not None
    assert [task.class_names[row.argmax()] for row in task.classes] == [of[name] for name in task.gallery]
    assert (task.classes.sum(axis=1) == 1).all()
    assert task.metrics == ("accuracy", "accuracy@3", "accuracy@5")
    assert any("3 of the 4 official categories" in note for note in loaded.notes)
    assert loaded.labels == {name: of[name] for name in loaded.photos}


def test_a_category_that_no_vote_can_come_for_does_not_ask(texts: Callable[[str], Path]) -> None:
    root = texts("classes")
    asked = [name for name, split in read_splits(root).items() if split == "test"][:2]
    edit(
        root / "Anno_coarse/list_category_img.txt",
        lambda t: [f"{line.split()[0]} 3" if line.split()[0] in asked else line for line in t],
    )
    loaded = category.BENCHMARK.load(options(root))
    assert len(loaded.tasks[0].queries) == 12
    assert not {q.photo for q in loaded.tasks[0].queries} & set(asked)
    assert any(note.startswith("2 photos do not ask") for note in loaded.notes)


@pytest.mark.parametrize("split", ["train", "query"])
def test_categories_of_no_other_split_are_asked(split: str, classes: Replica) -> None:
    with pytest.raises(CatalogueError, match=f"split '{split}'.*it has test, val"):
        category.BENCHMARK.load(options(classes, split=split))


def test_a_photo_without_a_category_is_told(texts: Callable[[str], Path]) -> None:
    root = texts("classes")
    edit(root / "Anno_coarse/list_category_img.txt", lambda t: [str(int(t[0]) - 1), *t[1:-1]])
    last = list(read_splits(root))[-1]
    with pytest.raises(CatalogueError, match=f"no category of {last}"):
        category.BENCHMARK.load(options(root))


def test_no_category_in_common_is_an_error(texts: Callable[[str], Path]) -> None:
    root = texts("classes")
    splits = read_splits(root)
    edit(
        root / "Anno_coarse/list_category_img.txt",
        lambda t: [*t[:2], *(f"{name} {1 + (split == 'test')}" for name, split in splits.items())],
    )
    with pytest.raises(CatalogueError, match="no category of test occurs in train or val"):
        category.BENCHMARK.load(options(root))


# Measured with real vectors


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("benchmark", "name", "metric"),
    [(inshop.BENCHMARK, "shop", "map"), (consumer2shop.BENCHMARK, "street", "map")],
    ids=["inshop", "consumer2shop"],
)
def test_colours_find_the_item_far_better_than_chance(
    benchmark: Benchmark, name: str, metric: str, request: pytest.FixtureRequest
) -> None:
    replica: Replica = request.getfixturevalue(name)
    for protocol in benchmark.protocols:
        real, chance = (
            evaluate(benchmark, options(replica, protocol), open_system("colour"), Heard(), shuffle=shuffle)
            for shuffle in (False, True)
        )
        assert real.result.missing == ()
        assert real.result.metrics[metric].value > 0.75
        assert chance.result.metrics[metric].value < 0.5


@pytest.mark.usefixtures("cache")
def test_photos_that_are_not_there_are_missing_in_the_result(texts: Callable[[str], Path], shop: Replica) -> None:
    root = texts("shop")
    shutil.copytree(shop.root / "img", root / "img")
    task = inshop.BENCHMARK.load(options(root)).tasks[0]
    gone = sorted([task.gallery[0], task.queries[-1].photo])
    for name in gone:
        (root / name).unlink()
    for protocol in inshop.BENCHMARK.protocols:
        result = evaluate(inshop.BENCHMARK, options(root, protocol), open_system("colour"), Heard()).result
        assert list(result.missing) == gone
        assert (result.queries, result.gallery_size) == (9, 13)


def test_all_say_what_they_are(shop: Replica, street: Replica, classes: Replica) -> None:
    loads: list[tuple[Benchmark, Replica, str]] = [
        (inshop.BENCHMARK, shop, "inshop"),
        (consumer2shop.BENCHMARK, street, "consumer2shop"),
        (category.BENCHMARK, classes, "category"),
    ]
    for benchmark, replica, name in loads:
        loaded: Loaded = benchmark.load(options(replica, benchmark.protocols[0], benchmark.split))
        assert benchmark.name == name
        assert benchmark.query_type == "photo"
        assert loaded.missing == ()
        assert set(loaded.labels) == set(loaded.photos)
        assert all(note.endswith(".") for note in loaded.notes)
        assert images.decode(next(iter(loaded.photos.values()))).shape == (SIZE, SIZE, 3)
