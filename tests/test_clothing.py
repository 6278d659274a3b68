"""The benchmarks on ``clothing``: who asks, what is searched, what is refused, and the judgements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lookseek.catalogue.clothing import read_clothing
from lookseek.errors import CatalogueError
from lookseek.evaluate.benchmarks import clothing, clothing_judged, myntra_attributes, myntra_class, myntra_text
from lookseek.evaluate.task import Loaded, Options
from lookseek.evaluate.truth import BARRED, Listed, SameLabel

HEAD = "image,label,category,kids,sender_id,split"
ROWS = (
    "images/a.jpg,Dress,dress,False,1,train",
    "images/b.jpg,Shirt,shirt,False,1,train",
    "images/c.jpg,Dress,dress,False,2,val",
    "images/d.jpg,Not sure,,False,2,val",
    "images/e.jpg,Dress,dress,False,3,test",
    "images/f.jpg,T-Shirt,toptee,False,3,test",
    "images/g.jpg,Other,,False,4,test",
    "images/h.jpg,Shirt,shirt,True,4,test",
)


def put(folder: Path, rows: Sequence[str] = ROWS, head: str = HEAD, encoding: str = "utf-8") -> Path:
    (folder / "items.csv").write_text("\n".join([head, *rows]) + "\n", encoding=encoding)
    return folder


def load(folder: Path, split: str = "test") -> Loaded:
    return clothing.BENCHMARK.load(Options(folder, split, "photographers-apart"))


def asked(loaded: Loaded, place: int = 0) -> list[str]:
    return [query.photo for query in loaded.tasks[place].queries]


def test_the_split_asks_and_train_and_val_are_searched(tmp_path: Path) -> None:
    loaded = load(put(tmp_path))
    assert asked(loaded) == ["e", "h"], "f is a toptee, of which the gallery has none"
    assert loaded.tasks[0].gallery == ("a", "b", "c")
    assert loaded.tasks[0].truth.grades(slice(None)).tolist() == [[1, 0, 1], [0, 1, 0]]
    assert any("1 photos of test don't ask" in note for note in loaded.notes)
    assert "Queries: test. Gallery: train + val." in loaded.notes
    assert "No photographer is in both." in loaded.notes
    val = load(tmp_path, "val")
    assert (asked(val), val.tasks[0].gallery) == (["c"], ("a", "b"))
    assert "Queries: val. Gallery: train." in val.notes


def test_classes_are_named_by_the_votes_of_the_same_gallery(tmp_path: Path) -> None:
    retrieval, votes, labels, label_votes = load(put(tmp_path)).tasks
    assert votes.gallery == retrieval.gallery
    assert votes.class_names == ("dress", "shirt")
    assert votes.classes is not None
    assert votes.classes.tolist() == [[True, False], [False, True], [True, False]]
    assert votes.truth.grades(slice(None)).tolist() == [[1, 0], [0, 1]]
    assert (labels.name, label_votes.name) == ("labels", "labels")
    assert "d" not in labels.gallery, "Not sure is no label"
    assert asked(load(tmp_path), 2) == ["e", "h"], "Other is none either"


def test_a_split_that_the_folder_lacks_is_normal_unless_it_is_asked_for(tmp_path: Path) -> None:
    rows = [row for row in ROWS if not row.endswith("val")]
    loaded = load(put(tmp_path, rows))
    assert loaded.tasks[0].gallery == ("a", "b")
    assert "Queries: test. Gallery: train." in loaded.notes
    hidden = [row.replace(",test", ",hidden") for row in ROWS]
    assert asked(load(put(tmp_path, hidden), "hidden")) == ["e", "h"]
    with pytest.raises(CatalogueError, match="no rows of the split 'test': it has hidden, train, val"):
        load(tmp_path)
    with pytest.raises(CatalogueError, match="whose class is also in train or val"):
        load(put(tmp_path, [row for row in ROWS if row.endswith("test")]))


def test_photographers_on_both_sides_are_counted(tmp_path: Path) -> None:
    loaded = load(put(tmp_path, [row.replace(",3,test", ",1,test") for row in ROWS]))
    assert "1 photographers are in both." in loaded.notes


def test_ids_are_paths_so_that_folders_keep_names_apart(tmp_path: Path) -> None:
    rows = [row.replace("images/a.jpg", "images/1/x.jpg").replace("images/b.jpg", "images/2/x.jpg") for row in ROWS]
    items = read_clothing(put(tmp_path, rows), "train")
    assert [item.id for item in items][:3] == ["1/x", "2/x", "c"]
    assert items[0].path == tmp_path / "images" / "1" / "x.jpg"


@pytest.mark.parametrize(
    ("rows", "head", "said"),
    [
        ((*ROWS, ROWS[0]), HEAD, "'a' more than once"),
        ((*ROWS, ",Dress,dress,False,9,test"), HEAD, "row 9 names no image"),
        (ROWS, HEAD.replace("category", "kind"), "has no column category"),
        ((), HEAD, "it has none"),
    ],
)
def test_tables_that_can_t_be_used_are_one_clear_error(
    tmp_path: Path, rows: Sequence[str], head: str, said: str
) -> None:
    with pytest.raises(CatalogueError, match=said):
        read_clothing(put(tmp_path, rows, head), "test")


def test_a_missing_table_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"items\.csv"):
        read_clothing(tmp_path, "test")
    (tmp_path / "items.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(CatalogueError, match=r"items\.csv"):
        read_clothing(tmp_path, "test")


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    put(tmp_path, encoding="utf-8-sig")
    (tmp_path / "items.csv").write_bytes((tmp_path / "items.csv").read_bytes().replace(b"\n", b"\r\n"))
    assert asked(load(tmp_path)) == ["e", "h"]


def test_the_real_folder_keeps_photographers_apart(data: Path) -> None:
    items = read_clothing(data / "clothing", "test")
    assert len(items) == 4120
    sides = {split: {item.sender for item in items if item.split == split} for split in ("train", "val", "test")}
    assert not sides["test"] & (sides["train"] | sides["val"])
    assert not sides["val"] & sides["train"]
    assert "No photographer is in both." in load(data / "clothing").notes
    task = load(data / "clothing").tasks[0]
    assert isinstance(task.truth, SameLabel)
    assert not set(asked(load(data / "clothing"))) & set(task.gallery)
    assert {part: len(rows) for part, rows in task.parts.items()} == {"dress": 56, "shirt": 104, "toptee": 184}


def test_forty_queries_were_judged_thirty_times_each(data: Path) -> None:
    options = Options(data / "clothing", "test", "judged-candidates")
    loaded = clothing_judged.BENCHMARK.load(options)
    pool, whole, seen = loaded.tasks
    assert (len(pool.queries), loaded.missing) == (40, ())
    grades = pool.truth.grades(slice(None))
    assert ((grades != BARRED).sum(axis=1) == 30).all()
    assert set(np.unique(grades)) == {BARRED, 0, 1, 2}
    assert ((grades > 0).any(axis=1)).all(), "every query has a right answer"
    items = {item.id: item for item in read_clothing(data / "clothing", "test")}
    assert {items[query.id].split for query in pool.queries} == {"test"}
    assert {items[id].split for id in pool.gallery} <= {"train", "val"}
    assert len(Counter(items[query.id].label for query in pool.queries)) == 17
    assert isinstance(whole.truth, Listed)
    assert (seen.truth.grades(slice(None)).sum(axis=1) == 30).all()
    assert set(pool.gallery) <= set(whole.gallery)


def test_without_the_judged_photos_there_is_nothing_to_ask(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="none of the 40 judged photos"):
        clothing_judged.BENCHMARK.load(Options(put(tmp_path), "test", "judged-candidates"))


def test_myntra_s_classes_titles_and_queries_on_the_real_folder(data: Path) -> None:
    by_class = myntra_class.BENCHMARK.load(Options(data / "myntra", "val", "leave-one-out"))
    assert by_class.tasks[0].truth.grades(slice(0, 3)).min() == BARRED, "nobody finds itself"
    types = by_class.tasks[1]
    assert len(types.parts) == 20
    assert sum(map(len, types.parts.values())) == len(types.queries)

    titles = myntra_text.BENCHMARK.load(Options(data / "myntra", "test", "whole-split"))
    exact, alike = (task.truth.grades(slice(0, 400)) for task in titles.tasks)
    assert (exact.sum(axis=1) == 1).all()
    assert (alike >= exact).all()
    assert any("2,714 of 6,865 titles repeat" in note for note in titles.notes)

    queries = myntra_attributes.BENCHMARK.load(Options(data / "myntra", "test", "colour-and-type"))
    assert [task.name for task in queries.tasks] == ["", "vi", "vi-plain"]
    for task in queries.tasks:
        assert len(task.queries) == 143
        assert (task.truth.grades(slice(None)).sum(axis=1) >= 10).all()
    words = [{query.id: query.text for query in task.queries} for task in queries.tasks]
    assert words[0]["Backpacks Black"] == "black backpack"
    assert words[1]["Backpacks Black"] == "ba lô đen"
    assert words[2]["Backpacks Black"] == "ba lo den"
