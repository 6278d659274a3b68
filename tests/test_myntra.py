"""The myntra catalogue: one split, in order, and clear words about whatever else the file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.catalogue.myntra import MyntraItem, read_catalogue
from lookseek.errors import CatalogueError


def row(id: object = "1", split: object = "val", **other: object) -> dict[str, object]:
    """A row as the real file has it."""
    usual: dict[str, object] = {
        "id": id,
        "title": "Ami Women Red Top",
        "articleType": "Tops",
        "category": "toptee",
        "gender": "Women",
        "baseColour": "Red",
        "season": "Summer",
        "year": 2012,
        "usage": "Casual",
        "design": "Tops|ami women top",
        "split": split,
        "image": b"picture",
    }
    return usual | other


def write(folder: Path, rows: list[dict[str, Any]], **how: Any) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalogue.parquet", **how)
    return folder


def test_an_item_has_everything_the_row_says(tmp_path: Path) -> None:
    folder = write(tmp_path, [row("7", image=b"\xff\xd8")])
    assert read_catalogue(folder, "val") == [
        MyntraItem(
            id="7",
            title="Ami Women Red Top",
            article_type="Tops",
            category="toptee",
            gender="Women",
            base_colour="Red",
            design="Tops|ami women top",
            image=b"\xff\xd8",
        )
    ]


def test_one_split_comes_in_the_order_of_the_file(tmp_path: Path) -> None:
    splits = ["test", "val", "test", "train", "val", "test"]
    folder = write(tmp_path, [row(str(9 - n), split) for n, split in enumerate(splits)], row_group_size=2)
    assert [item.id for item in read_catalogue(folder, "test")] == ["9", "7", "4"]
    assert [item.id for item in read_catalogue(folder, "val")] == ["8", "5"]


@given(splits=st.lists(st.sampled_from(["train", "val", "test"]), min_size=1, max_size=200))
@settings(max_examples=20, deadline=None)
def test_the_splits_part_the_file(splits: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = write(tmp_path_factory.mktemp("parted"), [row(str(n), split) for n, split in enumerate(splits)])
    for split in set(splits):
        assert [int(item.id) for item in read_catalogue(folder, split)] == [
            n for n, other in enumerate(splits) if other == split
        ]


def test_the_same_id_may_stand_in_two_splits(tmp_path: Path) -> None:
    folder = write(tmp_path, [row("1", "val"), row("1", "test")])
    assert [len(read_catalogue(folder, split)) for split in ("val", "test")] == [1, 1]


def test_a_text_that_is_not_given_is_empty(tmp_path: Path) -> None:
    folder = write(tmp_path, [row("1"), row("2", category=None, title=None)])
    item = read_catalogue(folder, "val")[1]
    assert (item.category, item.title, item.gender) == ("", "", "Women")


def test_a_missing_file_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"catalogue\.parquet: there is no such file"):
        read_catalogue(tmp_path, "val")
    with pytest.raises(CatalogueError, match=r"nowhere.catalogue\.parquet"):
        read_catalogue(tmp_path / "nowhere", "val")


def test_a_missing_split_names_those_there(tmp_path: Path) -> None:
    folder = write(tmp_path, [row("1", "val"), row("2", "train"), row("3", "train")])
    with pytest.raises(CatalogueError, match=r"no split 'test': there are train, val$"):
        read_catalogue(folder, "test")


def test_a_file_without_rows_says_so(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([row()]).slice(0, 0), tmp_path / "catalogue.parquet")
    with pytest.raises(CatalogueError, match=r"no split 'val': there are no rows"):
        read_catalogue(tmp_path, "val")


@pytest.mark.parametrize("column", ["id", "title", "articleType", "gender", "baseColour", "design", "image", "split"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    rows = [row()]
    del rows[0][column]
    with pytest.raises(CatalogueError, match=f"no column '{column}'.*has .*season"):
        read_catalogue(write(tmp_path, rows), "val")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"id": None}, "row 2: the id is None"),
        ({"id": ""}, "row 2: the id is ''"),
        ({"image": None}, "row 2: the image is NoneType"),
        ({"id": "1"}, "row 2: the id '1' comes twice"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        read_catalogue(write(tmp_path, [row("1"), row("2") | wrong]), "val")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"id": 17}, "the id is 17: it must be a text"),
        ({"baseColour": 3}, "baseColour is 3: it must be a text"),
        ({"image": "photo.jpg"}, "the image is str, not the bytes"),
    ],
)
def test_a_column_of_another_type_is_named(tmp_path: Path, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        read_catalogue(write(tmp_path, [row() | wrong]), "val")


def test_what_another_split_holds_does_not_matter(tmp_path: Path) -> None:
    folder = write(tmp_path, [row("1"), row("", "train", image=None)])
    assert [item.id for item in read_catalogue(folder, "val")] == ["1"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a table" * 100])
def test_a_damaged_file_is_no_traceback(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "catalogue.parquet").write_bytes(content)
    with pytest.raises(CatalogueError, match=r"catalogue\.parquet can't be read as Parquet"):
        read_catalogue(tmp_path, "val")


def test_a_table_that_is_cut_short_is_no_traceback(tmp_path: Path) -> None:
    path = write(tmp_path, [row(str(n)) for n in range(100)]) / "catalogue.parquet"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CatalogueError, match="can't be read as Parquet"):
        read_catalogue(tmp_path, "val")


def test_the_real_catalogue(data: Path) -> None:
    items = read_catalogue(data / "myntra", "test")
    assert len(items) == 6_865
    assert {item.category for item in items} == {"", "dress", "shirt", "toptee"}
    assert all(item.title and item.article_type and item.base_colour and item.design for item in items)
    assert images.size(items[0].image) in {(60, 80), (224, 224)}
