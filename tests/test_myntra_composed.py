"""Colour changes between shop photos: one gallery of all categories, the target alone and any that is as right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fashioniq import barred, entry, right, write_split

from lookseek import images
from lookseek.errors import CatalogueError
from lookseek.evaluate.benchmarks.myntra_composed import BENCHMARK
from lookseek.evaluate.task import Loaded, Options, Task
from lookseek.train.words.lexicon import strip_diacritics

CATEGORIES = ("dress", "shirt", "toptee")

PAIRS = {"dress": [("d1", "d2"), ("d2", "d3")], "shirt": [("s1", "s2")], "toptee": [("t1", "t2"), ("t2", "t1")]}

GALLERY = {"dress": ["d1", "d2", "d3", "d4"], "shirt": ["s1", "s2"], "toptee": ["t1", "t2", "t3"]}

LOOKS = {
    "d1": ("Dresses|flared", "Red"),
    "d2": ("Dresses|flared", "Blue"),
    "d3": ("Dresses|flared", "Black"),
    "d4": ("Dresses|flared", "Blue"),  # as right as d2
    "s1": ("Shirts|checked", "Red"),
    "s2": ("Shirts|checked", "Blue"),
    "t1": ("Tops|plain", "Red"),
    "t2": ("Tops|plain", "Blue"),
    "t3": ("Tops|striped", "Blue"),  # the colour of t2, another design
    "z9": ("Tops|plain", "Blue"),  # in no gallery
}
"""Id to design and colour."""


def photo(width: int = 60, height: int = 80, grey: int = 0) -> bytes:
    return images.to_png(np.full((height, width, 3), grey, np.uint8))


def write_catalogue(folder: Path, looks: Mapping[str, tuple[str, str]], **photos: bytes) -> Path:
    rows = [
        {
            "id": id,
            "title": f"{colour} {design}",
            "articleType": design.partition("|")[0],
            "category": {"d": "dress", "s": "shirt", "t": "toptee"}.get(id[0], ""),
            "gender": "Women",
            "baseColour": colour,
            "design": design,
            "split": split,
            "image": photos.get(id, photo(grey=place)),
        }
        for split in ("test", "val")
        for place, (id, (design, colour)) in enumerate(looks.items())
        if split == "test" or id == "d1"
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalogue.parquet")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_split(tmp_path, PAIRS, "test", GALLERY)
    return write_catalogue(tmp_path, LOOKS)


def load(folder: Path, split: str = "test") -> Loaded:
    return BENCHMARK.load(Options(folder, split, BENCHMARK.protocols[0]))


def tasks(loaded: Loaded) -> dict[tuple[str, str], Task]:
    """By name and the kind of their metrics."""
    return {(task.name, task.metrics[0].partition("@")[0]): task for task in loaded.tasks}


def test_the_benchmark_as_it_is_listed() -> None:
    assert (BENCHMARK.name, BENCHMARK.query_type, BENCHMARK.split) == ("myntra-composed", "change", "test")
    assert BENCHMARK.protocols == ("pooled-reference-excluded",)


def test_the_headline_is_one_gallery_of_all_categories(folder: Path) -> None:
    task = tasks(load(folder))["", "recall"]
    assert sorted(task.gallery) == sorted(id for ids in GALLERY.values() for id in ids)
    assert [query.id for query in task.queries] == ["dress/0", "dress/1", "shirt/0", "toptee/0", "toptee/1"]
    assert [query.photo for query in task.queries] == ["d1", "d2", "s1", "t1", "t2"]
    assert task.metrics == ("recall@1", "recall@10", "recall@50", "mrr")
    assert right(task) == [{"d2"}, {"d3"}, {"s2"}, {"t2"}, {"t1"}]
    assert barred(task) == [{"d1"}, {"d2"}, {"s1"}, {"t1"}, {"t2"}]


def test_no_strata_so_every_query_counts_alike(folder: Path) -> None:
    assert {task.stratum for task in load(folder).tasks} == {""}


def test_both_captions_ask_joined(folder: Path) -> None:
    write_split(folder, PAIRS | {"shirt": [entry("s1", "s2", "is blue instead of red", "the same in blue")]}, "test")
    query = tasks(load(folder))["", "recall"].queries[2]
    assert query.text == "Is blue instead of red and the same in blue"


def test_any_item_of_the_targets_design_and_colour_counts_beside_the_target(folder: Path) -> None:
    task = tasks(load(folder))["", "any"]
    assert task.metrics == ("any@1", "any@10", "any@50")
    assert right(task) == [{"d2", "d4"}, {"d3"}, {"s2"}, {"t2"}, {"t1"}]
    assert barred(task) == [{"d1"}, {"d2"}, {"s1"}, {"t1"}, {"t2"}]


def test_the_reference_never_counts_as_any(folder: Path) -> None:
    """Colour labels are noisy: a triplet may lead from one blue item to another."""
    write_split(folder, PAIRS | {"dress": [("d2", "d4")]}, "test", GALLERY)
    task = tasks(load(folder))["", "any"]
    assert right(task)[0] == {"d4"}
    assert barred(task)[0] == {"d2"}


def test_the_same_queries_stand_behind_both(folder: Path) -> None:
    found = tasks(load(folder))
    for name in ("", *(f"{category}-gallery" for category in CATEGORIES)):
        assert found[name, "recall"].queries == found[name, "any"].queries
        assert found[name, "recall"].gallery == found[name, "any"].gallery


def test_parts_are_the_categories_of_the_queries(folder: Path) -> None:
    for kind in ("recall", "any"):
        parts = tasks(load(folder))["", kind].parts
        assert {part: list(rows) for part, rows in parts.items()} == {"dress": [0, 1], "shirt": [2], "toptee": [3, 4]}


def test_galleries_of_one_category_stand_beside(folder: Path) -> None:
    found = tasks(load(folder))
    assert len(found) == 12
    for category in CATEGORIES:
        alone, wide = found[f"{category}-gallery", "recall"], found[f"{category}-gallery", "any"]
        assert list(alone.gallery) == GALLERY[category]
        assert alone.metrics == ("recall@10", "recall@50")
        assert wide.metrics == ("any@10", "any@50")
        assert {query.id.partition("/")[0] for query in alone.queries} == {category}
        assert not alone.parts
    assert right(found["dress-gallery", "any"]) == [{"d2", "d4"}, {"d3"}]


def test_no_two_figures_have_one_name(folder: Path) -> None:
    names = [f"{metric}/{task.name}" for task in load(folder).tasks for metric in task.metrics]
    names += [f"{metric}/{part}" for task in load(folder).tasks for metric in task.metrics for part in task.parts]
    assert len(set(names)) == len(names)


def test_the_same_is_asked_in_vietnamese(folder: Path) -> None:
    found = tasks(load(folder))
    for kind in ("recall", "any"):
        english, marked, bare = (found[name, kind] for name in ("", "vi", "vi-plain"))
        for task in (marked, bare):
            assert (task.gallery, task.metrics, task.parts) == (english.gallery, english.metrics, {})
            assert (right(task), barred(task)) == (right(english), barred(english))
            assert [(q.id, q.photo) for q in task.queries] == [(q.id, q.photo) for q in english.queries]
        assert [strip_diacritics(query.text) for query in marked.queries] == [q.text for q in bare.queries]
        assert not {q.text for q in english.queries} & {q.text for q in marked.queries}


def test_a_change_that_has_no_vietnamese_is_left_out_of_it_and_told(folder: Path) -> None:
    write_catalogue(folder, LOOKS | {"s2": ("Shirts|checked", "Octarine"), "d3": ("Dresses|flared", "Blue")})
    loaded = load(folder)
    assert [query.id for query in tasks(loaded)["vi", "any"].queries] == ["dress/0", "toptee/0", "toptee/1"]
    assert right(tasks(loaded)["vi", "recall"]) == [{"d2"}, {"t2"}, {"t1"}]
    assert len(tasks(loaded)["", "any"].queries) == 5
    assert "2 of 5 queries have no Vietnamese and are left out of it." in loaded.notes
    write_catalogue(folder, {id: (design, "Octarine") for id, (design, _) in LOOKS.items()})
    assert not {"vi", "vi-plain"} & {task.name for task in load(folder).tasks}
    assert any("None of the changes can be said in Vietnamese" in note for note in load(folder).notes)


def test_photos_are_those_of_the_catalogue_and_of_the_split(folder: Path) -> None:
    loaded = load(folder)
    assert loaded.photos.keys() == {id for ids in GALLERY.values() for id in ids}
    assert loaded.photos["d3"] == photo(grey=list(LOOKS).index("d3"))
    assert loaded.missing == ()
    assert loaded.labels["d2"] == "Blue dress"


def test_an_item_that_the_catalogue_lacks_has_no_photo_and_only_itself_is_right(folder: Path) -> None:
    write_catalogue(folder, {id: look for id, look in LOOKS.items() if id not in ("d2", "s1")})
    loaded = load(folder)
    assert not {"d2", "s1"} & loaded.photos.keys()
    task = tasks(loaded)["", "any"]
    assert {"d2", "s1"} <= set(task.gallery)
    assert right(task)[:3] == [{"d2"}, {"d3"}, {"s2"}]


def test_a_reference_outside_the_gallery_has_its_photo(folder: Path) -> None:
    gallery = GALLERY | {"shirt": ["s2"]}
    write_split(folder, PAIRS, "test", gallery)
    loaded = load(folder)
    assert "s1" in loaded.photos
    assert barred(tasks(loaded)["shirt-gallery", "recall"]) == [set()]


def test_notes_tell_the_protocol_and_what_the_changes_are(folder: Path) -> None:
    notes = " ".join(load(folder).notes)
    assert "protocol pooled-reference-excluded one gallery" in notes
    assert "made from titles" in notes


def test_a_gallery_that_chance_nearly_fills_is_told(folder: Path) -> None:
    many = [f"t{number}" for number in range(100)]
    for ids, told in ((many, False), (many[:-1], True)):
        write_split(folder, PAIRS, "test", GALLERY | {"toptee": ids})
        notes = load(folder).notes
        assert "dress-gallery has but 4 photos: its figures at 50 are high by chance alone." in notes
        assert any(note.startswith("toptee-gallery has but 99 photos") for note in notes) == told


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({}, "9 of 9 photos (100%) are smaller than 100 pixels"),
        ({"d1": (100, 100), "s1": (224, 300)}, "7 of 9 photos (78%)"),
        ({"d1": (99, 300), "t3": (300, 99)}, "9 of 9 photos (100%)"),
    ],
)
def test_the_share_of_small_photos_is_told(folder: Path, sizes: dict[str, tuple[int, int]], said: str) -> None:
    write_catalogue(folder, LOOKS, **{id: photo(*size) for id, size in sizes.items()})
    assert any(note.startswith(said) for note in load(folder).notes)


def test_a_photo_that_cannot_be_read_is_left_to_whoever_decodes_it(folder: Path) -> None:
    write_catalogue(folder, LOOKS, d1=b"no picture", d2=b"")
    loaded = load(folder)
    assert loaded.photos["d1"] == b"no picture"
    assert any(note.startswith("7 of 9 photos (78%)") for note in loaded.notes)


def test_what_is_odd_in_a_category_is_told_once(folder: Path) -> None:
    write_split(folder, PAIRS | {"dress": [("d1", "d2"), ("d1", "x"), entry("d2", "d1", "", "")]}, "test", GALLERY)
    loaded = load(folder)
    assert [note for note in loaded.notes if "dress triplets" in note] == [
        "1 of 3 dress triplets are left out: their target is not in the gallery.",
        "1 of 2 dress triplets are left out: both of their captions are empty.",
    ]
    assert [query.id for query in tasks(loaded)["", "any"].queries[:2]] == ["dress/0", "shirt/0"]


def test_a_split_that_the_folder_lacks_is_an_error_that_names_those_there(folder: Path) -> None:
    with pytest.raises(CatalogueError, match=r"of dress there are the splits test$"):
        load(folder, "train")
    write_split(folder, PAIRS, "train", GALLERY)
    with pytest.raises(CatalogueError, match=r"no split 'train': there are test, val$"):
        load(folder, "train")


def test_a_missing_catalogue_is_an_error(folder: Path) -> None:
    (folder / "catalogue.parquet").unlink()
    with pytest.raises(CatalogueError, match=r"catalogue\.parquet: there is no such file"):
        load(folder)


@given(
    looks=st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from(["Red", "Blue"])), min_size=4, max_size=10),
    pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8),
)
@settings(max_examples=30, deadline=None)
def test_any_is_wider_than_the_target_and_never_the_reference(
    looks: list[tuple[str, str]], pairs: Sequence[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = [(a % len(looks), b % len(looks)) for a, b in pairs if a % len(looks) != b % len(looks)] or [(0, 1)]
    folder = tmp_path_factory.mktemp("any")
    ids = [f"d{number}" for number in range(len(looks))]
    dresses = [(f"d{a}", f"d{b}") for a, b in kept]
    write_split(folder, PAIRS | {"dress": dresses}, "test", GALLERY | {"dress": ids})
    write_catalogue(folder, dict(zip(ids, looks, strict=True)) | {i: LOOKS[i] for i in ("s1", "s2", "t1", "t2", "t3")})
    found = tasks(load(folder))
    for name in ("", "dress-gallery"):
        exact, wide = found[name, "recall"], found[name, "any"]
        for (a, b), one, some, out in zip(kept, right(exact), right(wide), barred(wide), strict=False):
            assert one == {f"d{b}"}
            assert out == {f"d{a}"}
            assert some == {f"d{n}" for n, look in enumerate(looks) if look == looks[b] and n != a}


# The real data


def test_the_real_benchmark(data: Path) -> None:
    loaded = load(data / "myntra")
    found = tasks(loaded)
    assert {name: (len(t.queries), len(t.gallery)) for (name, kind), t in found.items() if kind == "recall"} == {
        "": (1_458, 1_910),
        "vi": (1_458, 1_910),
        "vi-plain": (1_458, 1_910),
        "dress-gallery": (50, 64),
        "shirt-gallery": (350, 464),
        "toptee-gallery": (1_058, 1_382),
    }
    assert {part: len(rows) for part, rows in found["", "any"].parts.items()} == {
        "dress": 50,
        "shirt": 350,
        "toptee": 1_058,
    }
    assert len(loaded.photos) == 1_910
    everything = slice(0, 1_458)
    exact, wide = (found["", kind].truth.grades(everything) for kind in ("recall", "any"))
    assert ((exact > 0).sum(axis=1) == 1).all()
    assert ((exact < 0).sum(axis=1) == 1).all()
    assert (wide[exact > 0] > 0).all()
    assert np.array_equal(exact < 0, wide < 0)
    assert 1.5 < (wide > 0).sum(axis=1).mean() < 2.5
    assert any("1,544 of 1,910 photos (81%) are smaller than 100 pixels" in note for note in loaded.notes)
