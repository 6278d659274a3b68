"""FashionIQ: its files, its three galleries, both rules of captions, and the proxy that has no photos."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lookseek.catalogue.fashioniq import (
    CATEGORIES,
    Triplet,
    find_photos,
    read_image_captions,
    read_image_ids,
    read_triplets,
)
from lookseek.errors import CatalogueError
from lookseek.evaluate.benchmarks.fashioniq import BENCHMARK
from lookseek.evaluate.benchmarks.fashioniq_text import BENCHMARK as PROXY
from lookseek.evaluate.task import Benchmark, Loaded, Options, Task
from lookseek.evaluate.truth import BARRED

EXCLUDED = ("reference-excluded", "val-split")
OTHERS = {"shirt": [("s1", "s2")], "toptee": [("t1", "t2")]}


def entry(candidate: object, target: object, *captions: object) -> dict[str, object]:
    return {"candidate": candidate, "target": target, "captions": list(captions or ("is red.", "Has sleeves"))}


def put(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_split(
    folder: Path, pairs: Mapping[str, Sequence[Any]], split: str = "val", gallery: Mapping[str, list[str]] | None = None
) -> Path:
    """A folder in FashionIQ's layout: pairs (or whole entries) by category; the gallery is theirs and one more."""
    for category in CATEGORIES:
        entries = [pair if isinstance(pair, dict) else entry(*pair) for pair in pairs.get(category, ())]
        named = sorted({str(e[key]) for e in entries for key in ("candidate", "target") if e.get(key)})
        ids = (gallery or {}).get(category, [*named, f"{category}-more"])
        put(folder / "captions" / f"cap.{category}.{split}.json", entries)
        put(folder / "image_splits" / f"split.{category}.{split}.json", ids)
        captions = {id: f"a photo of {id}." for id in [*ids, *named]}
        put(folder / "image_captions" / f"image_captions_{category}_{split}.json", captions)
    return folder


def load(folder: Path, protocol: str = "original", split: str = "val", benchmark: Benchmark = BENCHMARK) -> Loaded:
    return benchmark.load(Options(folder, split, protocol))


def right(task: Task) -> list[set[str]]:
    """The right answers of each query."""
    grades = task.truth.grades(slice(0, len(task.queries)))
    return [{task.gallery[row] for row in np.flatnonzero(line > 0)} for line in grades]


def barred(task: Task) -> list[set[str]]:
    grades = task.truth.grades(slice(0, len(task.queries)))
    return [{task.gallery[row] for row in np.flatnonzero(line == BARRED)} for line in grades]


def strata(loaded: Loaded) -> dict[str, Task]:
    return {task.stratum: task for task in loaded.tasks}


# Captions of a triplet


@pytest.mark.parametrize(
    ("captions", "joined"),
    [
        (("is shorter", "has a V neck"), "Is shorter and has a V neck"),
        (("is Shiny.", "more RED?,"), "Is shiny and more RED"),
        ((" ., is  red ,. ", "\tlong\nand wide"), "Is red and long and wide"),
        (("", "is grey"), " and is grey"),
        (("is grey", " . "), "Is grey and "),
        (("1st. one", "it's x.y"), "1st. one and it's x.y"),
    ],
)
def test_captions_join_as_clip4cir_joins_them_to_validate(captions: tuple[str, str], joined: str) -> None:
    assert Triplet("a", "b", captions).joined == joined


@given(captions=st.tuples(*2 * [st.text(st.characters(codec="utf-8"), max_size=40)]))
def test_bare_captions_are_one_line_without_signs_around(captions: tuple[str, str]) -> None:
    for caption, bare in zip(captions, Triplet("a", "b", captions).bare, strict=True):
        assert len(bare.splitlines()) <= 1
        assert "  " not in bare
        assert bare == bare.strip(".?, ")
        assert [c for c in caption if c.isalnum()] == [c for c in bare if c.isalnum()]


# Files


def test_triplets_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    write_split(tmp_path, {"dress": [("b", "a"), ("a", "c"), ("b", "a")]}, "train")
    found = read_triplets(tmp_path, "dress", "train")
    assert [(t.candidate, t.target) for t in found] == [("b", "a"), ("a", "c"), ("b", "a")]
    assert found[0].captions == ("is red.", "Has sleeves")


def test_a_hidden_target_is_empty(tmp_path: Path) -> None:
    put(tmp_path / "captions" / "cap.dress.test.json", [{"candidate": "a", "captions": ["x", "y"]}])
    assert read_triplets(tmp_path, "dress", "test") == [Triplet("a", "", ("x", "y"))]


def test_ids_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    write_split(tmp_path, {}, gallery={"shirt": ["c", "a", "b"]})
    assert read_image_ids(tmp_path, "shirt", "val") == ["c", "a", "b"]


def test_captions_of_images_are_by_id(tmp_path: Path) -> None:
    put(tmp_path / "image_captions" / "image_captions_toptee_val.json", {"b": "a red top", "a": ""})
    assert read_image_captions(tmp_path, "toptee", "val") == {"b": "a red top", "a": ""}


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "image_splits" / "split.dress.val.json"
    put(path, [])
    path.write_bytes(b'\xef\xbb\xbf["a"]')
    assert read_image_ids(tmp_path, "dress", "val") == ["a"]


@pytest.mark.parametrize("read", [read_triplets, read_image_ids, read_image_captions])
def test_a_missing_split_names_those_there(tmp_path: Path, read: Any) -> None:
    for split in ("val", "train"):
        write_split(tmp_path, {}, split)
    with pytest.raises(CatalogueError, match=r"shirt.*json: there is no such file: of shirt there are .*train, val$"):
        read(tmp_path, "shirt", "test")
    for file in tmp_path.rglob("*shirt*"):
        file.unlink()
    with pytest.raises(CatalogueError, match="of shirt there are none"):
        read(tmp_path, "shirt", "val")


@pytest.mark.parametrize("read", [read_triplets, read_image_ids, read_image_captions])
def test_a_missing_folder_is_named(tmp_path: Path, read: Any) -> None:
    with pytest.raises(CatalogueError, match="there is no such folder"):
        read(tmp_path / "nowhere", "dress", "val")


@pytest.mark.parametrize("content", [b"", b"[", b'["a",]', b"\xff\xfe\x00", b"[" * 100_000, b'["\xff"]', b"{'a': 1}"])
@pytest.mark.parametrize("read", [read_triplets, read_image_ids, read_image_captions])
def test_broken_json_is_no_traceback(tmp_path: Path, content: bytes, read: Any) -> None:
    write_split(tmp_path, {})
    for file in tmp_path.rglob("*.json"):
        file.write_bytes(content)
    with pytest.raises(CatalogueError, match=r"dress.*val\.json can't be read as JSON"):
        read(tmp_path, "dress", "val")


@pytest.mark.parametrize("content", [{}, "a", 1, None, True])
@pytest.mark.parametrize(("folder", "read"), [("captions/cap", read_triplets), ("image_splits/split", read_image_ids)])
def test_what_is_no_list_is_named(tmp_path: Path, content: object, folder: str, read: Any) -> None:
    put(tmp_path / f"{folder}.dress.val.json", content)
    with pytest.raises(CatalogueError, match=rf"dress\.val\.json holds {type(content).__name__}, not a list"):
        read(tmp_path, "dress", "val")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("a", "entry 1 is str, not an object"),
        (None, "entry 1 is NoneType"),
        ({}, "entry 1: the candidate is None"),
        (entry(7, "b"), "entry 1: the candidate is 7"),
        (entry("", "b"), "entry 1: the candidate is ''"),
        (entry("\ud800", "b"), "entry 1: the candidate is"),
        (entry("a", None), "entry 1: the target is None"),
        (entry("a", ["b"]), r"entry 1: the target is \['b'\]"),
        ({"candidate": "a", "target": "b"}, "entry 1: the captions are None"),
        (entry("a", "b", "one"), r"entry 1: the captions are \['one'\]"),
        (entry("a", "b", "one", "two", "three"), "list of two texts"),
        (entry("a", "b", "one", 2), "list of two texts"),
        (entry("a", "b", "one", "\udfff"), "list of two texts"),
        ({"candidate": "a", "target": "b", "captions": "xy"}, "the captions are 'xy'"),
    ],
)
def test_a_triplet_of_another_shape_is_named(tmp_path: Path, wrong: object, said: str) -> None:
    put(tmp_path / "captions" / "cap.dress.val.json", [entry("a", "b"), wrong])
    with pytest.raises(CatalogueError, match=rf"cap\.dress\.val\.json.*{said}"):
        read_triplets(tmp_path, "dress", "val")


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["a", 7], "entry 1: 7 is no id"),
        (["a", ""], "entry 1: '' is no id"),
        (["a", None], "entry 1: None is no id"),
        (["a", "b", "a"], "entries 0 and 2 are both 'a'"),
    ],
)
def test_a_list_of_other_things_is_named(tmp_path: Path, ids: list[object], said: str) -> None:
    put(tmp_path / "image_splits" / "split.dress.val.json", ids)
    with pytest.raises(CatalogueError, match=rf"split\.dress\.val\.json {said}"):
        read_image_ids(tmp_path, "dress", "val")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (["a"], "holds list, not an object"),
        ({"a": 1}, "'a' has the caption 1"),
        ({"": "x"}, "'' has the caption 'x'"),
        ({"a": None}, "'a' has the caption None"),
    ],
)
def test_captions_of_another_shape_are_named(tmp_path: Path, content: object, said: str) -> None:
    put(tmp_path / "image_captions" / "image_captions_dress_val.json", content)
    with pytest.raises(CatalogueError, match=rf"image_captions_dress_val\.json.*{said}"):
        read_image_captions(tmp_path, "dress", "val")


# Photos


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_photos_are_found_where_users_keep_them(tmp_path: Path) -> None:
    data = tmp_path / "fashioniq"
    kept = {
        "a": touch(data / "images" / "a.jpg"),
        "b": touch(data / "images" / "b.jpeg"),
        "c": touch(data / "images" / "c.PNG"),
        "d": touch(data / "dress" / "d.jpg"),
        "s": touch(data / "shirt" / "s.jpg"),
        "t": touch(data / "toptee" / "t.jpg"),
        "x": touch(tmp_path / "images" / "x.jpg"),
    }
    assert find_photos(data, ["x", "a", "gone", "b", "c", "t", "s", "d"]) == kept
    assert list(find_photos(data, ["x", "a", "x", "gone", "d"])) == ["x", "a", "d"]


def test_the_folder_beside_is_found_from_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    photo = touch(tmp_path / "images" / "a.jpg")
    monkeypatch.chdir(tmp_path / "data")
    assert find_photos(Path(), ["a"])["a"].samefile(photo)


def test_the_first_place_and_suffix_count(tmp_path: Path) -> None:
    data = tmp_path / "fashioniq"
    for place in (data / "images" / "a.png", data / "images" / "a.jpg", data / "dress" / "a.jpg"):
        touch(place)
    touch(tmp_path / "images" / "b.jpg")
    last = touch(data / "toptee" / "b.png")
    assert find_photos(data, ["a", "b"]) == {"a": data / "images" / "a.jpg", "b": last}


def test_only_photos_of_wanted_ids_count(tmp_path: Path) -> None:
    for name in ("a.txt", "a", "b.jpg", ".jpg", "a.jpg.part"):
        touch(tmp_path / "images" / name)
    assert find_photos(tmp_path, ["a", "", "../images/b", "a.jpg"]) == {}


def test_ids_with_dots_have_photos(tmp_path: Path) -> None:
    photo = touch(tmp_path / "images" / "item.1.jpg")
    assert find_photos(tmp_path, ["item.1", "item"]) == {"item.1": photo}


def test_each_folder_is_listed_once_however_many_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"id{number}" for number in range(50)]
    for id in ids:
        touch(tmp_path / "images" / f"{id}.jpg")
    touch(tmp_path / "dress" / "id0.jpg")
    listed: list[Path] = []
    looked: list[Path] = []
    iterdir, exists, stat = Path.iterdir, Path.exists, Path.stat
    monkeypatch.setattr(Path, "iterdir", lambda self: listed.append(self) or iterdir(self))
    monkeypatch.setattr(Path, "exists", lambda self, **k: looked.append(self) or exists(self, **k))
    monkeypatch.setattr(Path, "stat", lambda self, **k: looked.append(self) or stat(self, **k))
    assert len(find_photos(tmp_path, ids)) == 50
    assert listed == [tmp_path / "images", tmp_path / "dress"]
    assert len(looked) < 10


# Galleries


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pairs = {"dress": [("a", "b"), ("c", "b"), ("b", "d")]} | OTHERS
    return write_split(tmp_path / "data", pairs, gallery={"dress": ["e", "d", "c", "b", "a"]})


def test_original_keeps_the_reference_in_the_whole_list(folder: Path) -> None:
    task = strata(load(folder))["dress"]
    assert task.gallery == ("e", "d", "c", "b", "a")
    assert right(task) == [{"b"}, {"b"}, {"d"}]
    assert barred(task) == [set(), set(), set()]


def test_reference_excluded_bars_the_reference_alone(folder: Path) -> None:
    task = strata(load(folder, "reference-excluded"))["dress"]
    assert task.gallery == ("e", "d", "c", "b", "a")
    assert right(task) == [{"b"}, {"b"}, {"d"}]
    assert barred(task) == [{"a"}, {"c"}, {"b"}]


def test_val_split_has_the_photos_of_triplets_alone(folder: Path) -> None:
    task = strata(load(folder, "val-split"))["dress"]
    assert sorted(task.gallery) == ["a", "b", "c", "d"]
    assert right(task) == [{"b"}, {"b"}, {"d"}]
    assert barred(task) == [{"a"}, {"c"}, {"b"}]


def test_val_split_needs_no_list_of_images(folder: Path) -> None:
    shutil.rmtree(folder / "image_splits")
    assert len(load(folder, "val-split").tasks) == 3
    with pytest.raises(CatalogueError, match="image_splits: there is no such folder"):
        load(folder, "original")


@pytest.mark.parametrize("protocol", BENCHMARK.protocols)
def test_categories_are_strata_of_the_one_figure(folder: Path, protocol: str) -> None:
    loaded = load(folder, protocol)
    assert [(task.name, task.stratum) for task in loaded.tasks] == [("", name) for name in CATEGORIES]
    assert {task.metrics for task in loaded.tasks} == {("recall@10", "recall@50")}
    assert loaded.labels["a"] == "dress"
    assert loaded.labels["t2"] == "toptee"


@pytest.mark.parametrize("protocol", BENCHMARK.protocols)
def test_the_protocol_is_told(folder: Path, protocol: str) -> None:
    note = load(folder, protocol).notes[0]
    assert f"protocol {protocol} " in note
    assert ("without the reference" in note) == (not protocol.startswith("original"))
    assert ("each caption" in note) == protocol.endswith("-each-caption")


def test_the_protocols_in_order() -> None:
    base = ("original", "reference-excluded", "val-split")
    assert BENCHMARK.protocols == (*base, *(f"{name}-each-caption" for name in base))
    assert (BENCHMARK.name, BENCHMARK.query_type, BENCHMARK.split) == ("fashioniq", "change", "val")


def test_any_split_can_ask(folder: Path) -> None:
    write_split(folder, {"dress": [("k", "l")], "shirt": [("m", "n")], "toptee": [("o", "p")]}, "train")
    assert right(strata(load(folder, "val-split", "train"))["shirt"]) == [{"n"}]


def test_a_missing_category_is_told(folder: Path) -> None:
    (folder / "captions" / "cap.toptee.val.json").unlink()
    with pytest.raises(CatalogueError, match=r"cap\.toptee\.val\.json: there is no such file"):
        load(folder)


# Queries


def test_joined_captions_ask_once(folder: Path) -> None:
    queries = strata(load(folder))["dress"].queries
    assert [query.id for query in queries] == ["dress/0", "dress/1", "dress/2"]
    assert [query.photo for query in queries] == ["a", "c", "b"]
    assert {query.text for query in queries} == {"Is red and Has sleeves"}


@pytest.mark.parametrize("protocol", ["original", "reference-excluded", "val-split"])
def test_each_caption_asks_alone(folder: Path, protocol: str) -> None:
    task = strata(load(folder, f"{protocol}-each-caption"))["dress"]
    assert [q.id for q in task.queries] == [f"dress/{place}/{mark}" for place in range(3) for mark in "ab"]
    assert [q.photo for q in task.queries] == ["a", "a", "c", "c", "b", "b"]
    assert [q.text for q in task.queries] == ["Is red", "Has sleeves"] * 3
    assert right(task) == [{"b"}] * 4 + [{"d"}] * 2
    both = strata(load(folder, protocol))["dress"]
    assert barred(task) == [ids for ids in barred(both) for _ in range(2)]


def test_an_empty_caption_asks_nothing(tmp_path: Path) -> None:
    odd = [entry("a", "b", "", "is red"), entry("b", "a", "is blue", " . "), entry("a", "c", "?", ""), ("c", "a")]
    write_split(tmp_path, {"dress": odd} | OTHERS)
    each = load(tmp_path, "original-each-caption")
    task = strata(each)["dress"]
    assert [query.id for query in task.queries] == ["dress/0/b", "dress/1/a", "dress/3/a", "dress/3/b"]
    assert right(task) == [{"b"}, {"a"}, {"a"}, {"a"}]
    assert any(note.startswith("4 captions are empty: they ask nothing") for note in each.notes)
    joined = load(tmp_path)
    assert [q.id for q in strata(joined)["dress"].queries] == ["dress/0", "dress/1", "dress/3"]
    assert "1 of 4 dress triplets are left out: both of their captions are empty." in joined.notes


def test_a_category_that_says_nothing_is_an_error(tmp_path: Path) -> None:
    write_split(tmp_path, {"dress": [entry("a", "b", "", "")]} | OTHERS)
    with pytest.raises(CatalogueError, match="all dress triplets are empty"):
        load(tmp_path)


def test_ids_stay_where_triplets_are_left_out(tmp_path: Path) -> None:
    write_split(tmp_path, {"dress": [("a", "x"), ("a", "b")]} | OTHERS, gallery={"dress": ["a", "b"]})
    assert [query.id for query in strata(load(tmp_path))["dress"].queries] == ["dress/1"]


def test_hidden_targets_are_an_error(tmp_path: Path) -> None:
    write_split(tmp_path, {"dress": [{"candidate": "a", "captions": ["x", "y"]}, ("a", "b")]} | OTHERS, "test")
    with pytest.raises(CatalogueError, match=r"1 of the 2 dress triplets of the split 'test' hide.*e\.g\. val"):
        load(tmp_path, split="test")


# What is odd


def test_a_target_outside_the_gallery_is_left_out_and_counted(tmp_path: Path) -> None:
    pairs = {"dress": [("a", "b"), ("a", "x"), ("a", "y")]} | OTHERS
    write_split(tmp_path, pairs, gallery={"dress": ["a", "b"]})
    for protocol in ("original", "reference-excluded"):
        loaded = load(tmp_path, protocol)
        assert right(strata(loaded)["dress"]) == [{"b"}]
        assert "2 of 3 dress triplets are left out: their target is not in the gallery." in loaded.notes
    assert len(strata(load(tmp_path, "val-split"))["dress"].queries) == 3


def test_a_reference_outside_the_gallery_still_asks(tmp_path: Path) -> None:
    write_split(tmp_path, {"dress": [("x", "b"), ("b", "a")]} | OTHERS, gallery={"dress": ["a", "b"]})
    touch(tmp_path / "images" / "x.jpg")
    for protocol, own in (("original", set()), ("reference-excluded", {"b"})):
        loaded = load(tmp_path, protocol)
        task = strata(loaded)["dress"]
        assert [query.photo for query in task.queries] == ["x", "b"]
        assert barred(task) == [set(), own]
        assert "1 of 2 dress triplets have a reference that is not in the gallery." in loaded.notes
        assert "x" in loaded.photos


def test_a_triplet_that_changes_nothing_is_left_out_where_its_target_is_barred(tmp_path: Path) -> None:
    write_split(tmp_path, {"dress": [("a", "a"), ("a", "b")]} | OTHERS)
    assert right(strata(load(tmp_path))["dress"]) == [{"a"}, {"b"}]
    for protocol in EXCLUDED:
        loaded = load(tmp_path, protocol)
        assert right(strata(loaded)["dress"]) == [{"b"}]
        assert "1 of 2 dress triplets are left out: their target is their own reference." in loaded.notes


def test_repeated_triplets_count_and_are_told(tmp_path: Path) -> None:
    write_split(tmp_path, {"dress": [("a", "b"), ("a", "b"), ("b", "a"), ("a", "b")]} | OTHERS)
    loaded = load(tmp_path)
    assert len(strata(loaded)["dress"].queries) == 4
    assert "2 of 4 dress triplets repeat an earlier one and count again." in loaded.notes


@pytest.mark.parametrize("pairs", [[], [("a", "x")]])
def test_no_query_at_all_is_an_error(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    write_split(tmp_path, {"dress": pairs} | OTHERS, gallery={"dress": ["a", "b"]})
    with pytest.raises(CatalogueError, match=f"none of the {len(pairs)} dress triplets .* can be asked"):
        load(tmp_path)


def test_nothing_odd_needs_no_note(folder: Path) -> None:
    assert len(load(folder).notes) == 1


# Photos of the benchmark


def test_photos_that_are_there_are_given_and_the_tasks_stay_whole(folder: Path) -> None:
    photos = {id: touch(folder / "images" / f"{id}.jpg") for id in ("a", "e", "s1", "other")}
    loaded = load(folder)
    assert loaded.photos == {id: photos[id] for id in ("a", "e", "s1")}
    assert strata(loaded)["dress"].gallery == ("e", "d", "c", "b", "a")
    assert loaded.missing == ()


def test_no_photo_at_all_is_no_error_yet(folder: Path) -> None:
    """Vectors that come from elsewhere need no photos."""
    loaded = load(folder)
    assert (dict(loaded.photos), loaded.missing) == ({}, ())
    assert sum(len(task.queries) for task in loaded.tasks) == 5


# Whatever the triplets are

IDS = st.sampled_from([f"i{number}" for number in range(8)])
PAIRS = st.lists(st.tuples(IDS, IDS).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=12)


@given(pairs=PAIRS, more=st.sets(IDS), protocol=st.sampled_from(BENCHMARK.protocols))
@example(pairs=[("i0", "i1"), ("i1", "i0")], more=set(), protocol="val-split")
@settings(max_examples=60, deadline=None)
def test_galleries_keep_their_promises(
    pairs: list[tuple[str, str]], more: set[str], protocol: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    gallery = sorted({id for pair in pairs for id in pair} | more)
    folder = write_split(tmp_path_factory.mktemp("any"), {"dress": pairs} | OTHERS, gallery={"dress": gallery})
    task = strata(load(folder, protocol))["dress"]
    each = 2 if protocol.endswith("-each-caption") else 1
    assert len({query.id for query in task.queries}) == len(task.queries) == each * len(pairs)
    assert len(set(task.gallery)) == len(task.gallery)
    for place, (query, answers, out) in enumerate(zip(task.queries, right(task), barred(task), strict=True)):
        candidate, target = pairs[place // each]
        assert query.photo == candidate
        assert answers == {target}
        assert out == (set() if protocol.startswith("original") else {candidate})
    original, split = (set(strata(load(folder, name))["dress"].gallery) for name in ("original", "val-split"))
    assert split <= original == set(gallery)
    assert split == {id for pair in pairs for id in pair}


# The proxy


def test_the_proxy_asks_with_the_references_caption_and_the_change(folder: Path) -> None:
    loaded = load(folder, "proxy-original", benchmark=PROXY)
    task = strata(loaded)["dress"]
    assert task.queries[0].text == "a photo of a, but is red and has sleeves"
    assert {query.photo for task in loaded.tasks for query in task.queries} == {""}
    assert loaded.texts["e"] == "a photo of e"
    assert dict(loaded.photos) == {}


@pytest.mark.parametrize("protocol", ["original", "reference-excluded", "val-split"])
def test_the_proxy_has_the_galleries_of_fashioniq(folder: Path, protocol: str) -> None:
    real, proxy = load(folder, protocol), load(folder, f"proxy-{protocol}", benchmark=PROXY)
    for ours, theirs in zip(proxy.tasks, real.tasks, strict=True):
        assert ours.gallery == theirs.gallery
        assert right(ours) == right(theirs)
        assert barred(ours) == barred(theirs)
        assert (ours.stratum, ours.metrics, ours.name) == (theirs.stratum, theirs.metrics, "")
        assert [query.id for query in ours.queries] == [query.id for query in theirs.queries]
        assert set(ours.gallery) <= proxy.texts.keys()
    assert proxy.missing == ()


def test_the_proxy_says_everywhere_that_it_is_one(folder: Path) -> None:
    assert "PROXY" in PROXY.about
    assert "no figure of FashionIQ" in PROXY.about
    assert PROXY.query_type == "words"
    for protocol in PROXY.protocols:
        assert protocol.startswith("proxy-")
        assert load(folder, protocol, benchmark=PROXY).notes[0].startswith("This is a proxy and no figure of FashionIQ")


def test_a_proxy_lists_images_without_a_caption(folder: Path) -> None:
    path = folder / "image_captions" / "image_captions_dress_val.json"
    put(path, {"a": "one", "b": "two", "c": " . ", "e": "three"})  # d: a target; c: a reference
    loaded = load(folder, "proxy-original", benchmark=PROXY)
    task = strata(loaded)["dress"]
    assert loaded.missing == ("c", "d")
    assert task.gallery == ("e", "b", "a")
    assert [query.id for query in task.queries] == ["dress/0"]
    assert right(task) == [{"b"}]
    assert "2 of 3 dress triplets are left out: an image has no caption." in loaded.notes


def test_a_proxy_without_any_pair_of_captions_is_an_error(folder: Path) -> None:
    put(folder / "image_captions" / "image_captions_dress_val.json", {"a": "one", "c": "two"})
    with pytest.raises(CatalogueError, match="none of the 3 dress triplets has captions"):
        load(folder, "proxy-original", benchmark=PROXY)


def test_a_proxy_without_captions_is_an_error(folder: Path) -> None:
    shutil.rmtree(folder / "image_captions")
    with pytest.raises(CatalogueError, match="image_captions: there is no such folder"):
        load(folder, "proxy-original", benchmark=PROXY)


def test_captions_that_nothing_tells_apart_are_counted(folder: Path) -> None:
    captions = {"a": "a dress", "b": " a  dress.", "c": "a dress", "d": "a coat", "e": "x"}
    put(folder / "image_captions" / "image_captions_dress_val.json", captions)
    notes = load(folder, "proxy-original", benchmark=PROXY).notes
    assert any(note.startswith("2 of 11 captions repeat an earlier one") for note in notes)


def test_words_ask_of_a_change_with_one_caption_as_well(tmp_path: Path) -> None:
    write_split(tmp_path, {"dress": [entry("a", "b", "", "Is RED.")]} | OTHERS)
    task = strata(load(tmp_path, "proxy-original", benchmark=PROXY))["dress"]
    assert task.queries[0].text == "a photo of a, but is red"


# The real files

SIZES = {
    "original": {"dress": (2_017, 3_817), "shirt": (2_038, 6_346), "toptee": (1_961, 5_373)},
    "val-split": {"dress": (2_017, 2_628), "shirt": (2_038, 3_089), "toptee": (1_961, 2_902)},
}
SIZES["reference-excluded"] = SIZES["original"]


@pytest.mark.parametrize("protocol", ["original", "reference-excluded", "val-split"])
def test_the_real_galleries_have_the_published_sizes(data: Path, protocol: str) -> None:
    """Source: computed from github.com/XiaoxiaoGuo/fashion-iq; the papers print the triplets of val."""
    for loaded in (load(data / "fashioniq", protocol), load(data / "fashioniq", f"proxy-{protocol}", benchmark=PROXY)):
        found = {task.stratum: (len(task.queries), len(task.gallery)) for task in loaded.tasks}
        assert found == SIZES[protocol]
        assert sum(queries for queries, _ in found.values()) == 6_016
        assert not [note for note in loaded.notes if "left out" in note]
        for task in loaded.tasks:
            grades = task.truth.grades(slice(0, 200))
            assert ((grades > 0).sum(axis=1) == 1).all()
            assert ((grades == BARRED).sum(axis=1) == (protocol != "original")).all()


def test_the_real_captions_ask_one_by_one(data: Path) -> None:
    """Three captions of val are empty; VAL leaves such out too."""
    loaded = load(data / "fashioniq", "val-split-each-caption")
    assert sum(len(task.queries) for task in loaded.tasks) == 2 * 6_016 - 3
    assert "3 captions are empty: they ask nothing." in loaded.notes
    assert loaded.tasks[0].queries[1].text == "Fit and flare"


def test_the_real_proxy_asks_readable_words(data: Path) -> None:
    task = load(data / "fashioniq", "proxy-original", benchmark=PROXY).tasks[0]
    change = "but is shiny and silver with shorter sleeves and fit and flare"
    assert task.queries[0].text == f"a woman in a blue dress with a white pattern, {change}"


def test_the_real_test_split_hides_its_targets(data: Path) -> None:
    with pytest.raises(CatalogueError, match="2,024 of the 2,024 dress triplets of the split 'test' hide their target"):
        load(data / "fashioniq", split="test")
