"""Photos with classes, from every form that they come in."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, write_photos
from hypothesis import given
from hypothesis import strategies as st

from lookseek import images
from lookseek.errors import CatalogueError, TrainError
from lookseek.train import labelled
from lookseek.train.labelled import SPLITS, read_labelled


def photo(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.to_jpeg(np.full((8, 8, 3), seed, np.uint8)))


def table(folder: Path, rows: list[tuple[str, ...]], head: str = "id,image,category,split") -> str:
    for number, row in enumerate(rows):
        photo(folder / row[1], number)
    path = folder / "shop.csv"
    path.write_text("\n".join([head, *(",".join(row) for row in rows)]) + "\n")
    return str(path)


def test_a_table_with_splits(tmp_path: Path) -> None:
    rows = [
        ("a", "a.jpg", "shirt", "train"),
        ("b", "b.jpg", "dress", "train"),
        ("c", "c.jpg", "dress", "val"),
        ("d", "d.jpg", "shirt", "test"),
        ("e", "e.jpg", "hat", "test"),
        ("f", "f.jpg", "dress", "elsewhere"),
    ]
    heard = Heard()
    found = read_labelled(table(tmp_path, rows), "", heard)
    assert found.classes == ("dress", "shirt")
    assert {split: [(e.id, e.label) for e in found.splits[split]] for split in SPLITS} == {
        "train": [("a", 1), ("b", 0)],
        "val": [("c", 0)],
        "test": [("d", 1)],
    }
    assert [(s.where, s.kind) for s in heard.left_out] == [("e", "unknown class"), ("f", "unknown split")]
    assert found.notes == ()


def test_the_column_of_the_class_is_named_or_said_to_be_missing(tmp_path: Path) -> None:
    rows = [("a", "a.jpg", "red", "train"), ("b", "b.jpg", "blue", "train"), ("c", "c.jpg", "red", "val")]
    source = table(tmp_path, rows, "id,image,colour,split")
    assert read_labelled(source, "colour", Heard()).classes == ("blue", "red")
    with pytest.raises(
        TrainError, match="has a 'category': name the column of the class with --label, of colour, split"
    ):
        read_labelled(source, "", Heard())


def test_without_splits_they_are_drawn_by_id_and_said(tmp_path: Path) -> None:
    rows = [(f"id{n}", f"{n}.jpg", ("dress", "shirt")[n % 2]) for n in range(120)]
    found = read_labelled(table(tmp_path, rows, "id,image,category"), "", Heard())
    sizes = {split: len(found.splits[split]) for split in SPLITS}
    assert sum(sizes.values()) == 120
    assert 80 <= sizes["train"] <= 110
    assert min(sizes.values()) >= 3
    assert "no column split" in found.notes[0]
    fewer = read_labelled(table(tmp_path, rows[:90], "id,image,category"), "", Heard())
    for split in SPLITS:  # a grown table keeps its test photos
        assert {e.id for e in fewer.splits[split]} == {e.id for e in found.splits[split]} & {r[0] for r in rows[:90]}


@given(st.lists(st.text(min_size=1), min_size=1, max_size=30, unique=True))
def test_where_an_id_goes_depends_on_nothing_else(ids: list[str]) -> None:
    assert [labelled.split_of_id(id) for id in ids] == [labelled.split_of_id(id) for id in reversed(ids)][::-1]


def test_drawn_splits_have_their_shares() -> None:
    counts = Counter(labelled.split_of_id(f"item {n}") for n in range(10_000))
    assert counts["val"] == pytest.approx(1000, abs=100)
    assert counts["test"] == pytest.approx(1000, abs=100)


def test_without_val_a_part_of_train_is_it(tmp_path: Path) -> None:
    rows = [(f"id{n}", f"{n}.jpg", ("dress", "shirt")[n % 2], "train" if n else "test") for n in range(80)]
    found = read_labelled(table(tmp_path, rows), "", Heard())
    assert 2 <= len(found.splits["val"]) <= 20
    assert [e.id for e in found.splits["test"]] == ["id0"]
    assert "no split val" in found.notes[0]


def test_the_folder_clothing(tmp_path: Path) -> None:
    lines = ["image,label,category,kids,sender_id,split"]
    for number, (label, category, split) in enumerate(
        [
            ("T-Shirt", "toptee", "train"),
            ("Dress", "dress", "train"),
            ("Hat", "", "train"),
            ("Not sure", "", "train"),
            ("Dress", "dress", "val"),
            ("Hat", "", "val"),
            ("T-Shirt", "toptee", "test"),
        ]
    ):
        photo(tmp_path / "images" / f"{number}.jpg")
        lines.append(f"images/{number}.jpg,{label},{category},False,{number},{split}")
    (tmp_path / "items.csv").write_text("\n".join(lines) + "\n")
    three = read_labelled(str(tmp_path), "", Heard())
    assert three.classes == ("dress", "toptee")
    assert [e.id for e in three.splits["val"]] == ["4"]
    kinds = read_labelled(str(tmp_path), "label", Heard())
    assert kinds.classes == ("Dress", "Hat", "T-Shirt")  # what names no kind of garment is no class
    assert len(kinds.splits["val"]) == 2
    with pytest.raises(TrainError, match="not 'price'"):
        read_labelled(str(tmp_path), "price", Heard())


def test_fashioniq_s_layout(tmp_path: Path) -> None:
    (tmp_path / "image_splits").mkdir()
    for category in ("dress", "shirt", "toptee"):
        for split in SPLITS:
            ids = [f"{category}-{split}-{n}" for n in range(2)]
            (tmp_path / "image_splits" / f"split.{category}.{split}.json").write_text(json.dumps(ids))
            for id in ids[: 1 if split == "test" else 2]:
                photo(tmp_path / "images" / f"{id}.jpg")
    heard = Heard()
    found = read_labelled(str(tmp_path), "", heard)
    assert found.classes == ("dress", "shirt", "toptee")  # 0, 1, 2 as in the classic system
    assert {split: len(found.splits[split]) for split in SPLITS} == {"train": 6, "val": 6, "test": 3}
    assert {s.kind for s in heard.left_out} == {"missing photo"}
    assert len(heard.left_out) == 3
    with pytest.raises(TrainError, match="leave --label out"):
        read_labelled(str(tmp_path), "category", Heard())


def test_fashioniq_without_its_photos_says_where_they_belong(tmp_path: Path) -> None:
    (tmp_path / "image_splits").mkdir()
    (tmp_path / "image_splits" / "split.dress.train.json").write_text('["a", "b"]')
    with pytest.raises(TrainError, match=r"no photo of the 2 images .* put them into .*images"):
        read_labelled(str(tmp_path), "", Heard())


def test_a_folder_of_folders_has_classes_too(tmp_path: Path) -> None:
    write_photos(tmp_path, items=60, views=1)
    found = read_labelled(str(tmp_path), "folder", Heard())
    assert found.classes == ("dress", "shirt", "toptee")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", "a.jpg", "dress", "train"), ("b", "b.jpg", "dress", "val")], "1 classes"),
        ([("a", "a.jpg", "dress", "val"), ("b", "b.jpg", "shirt", "val")], "0 classes"),
    ],
)
def test_too_little_to_learn_from(tmp_path: Path, rows: list[tuple[str, ...]], said: str) -> None:
    with pytest.raises(TrainError, match=said):
        read_labelled(table(tmp_path, rows), "", Heard())


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="is not there"):
        read_labelled(str(tmp_path / "nothing.csv"), "", Heard())


def test_content_names_the_photos_their_classes_and_splits(tmp_path: Path) -> None:
    rows = [("a", "a.jpg", "shirt", "train"), ("b", "b.jpg", "dress", "train"), ("c", "c.jpg", "dress", "val")]
    first = read_labelled(table(tmp_path, rows), "", Heard()).content
    assert read_labelled(table(tmp_path, rows), "", Heard()).content == first
    for changed in (
        [*rows[:2], ("c", "c.jpg", "shirt", "val")],
        [*rows[:2], ("d", "c.jpg", "dress", "val")],
        [*rows, ("d", "d.jpg", "dress", "test")],
    ):
        assert read_labelled(table(tmp_path, changed), "", Heard()).content != first
