"""What an index knows of its sources: what left one is told, and no source's items go with another's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from helpers.catalogues import Heard, indexed, published, write_photos
from hypothesis import given
from hypothesis import strategies as st

from lookseek.catalogue import open_catalogue
from lookseek.catalogue.id_hashes import IdHashes, id_hash
from lookseek.encode import load_model
from lookseek.errors import CatalogueError, QueryError
from lookseek.index.copying import copy_index
from lookseek.index.drop_source import drop_source
from lookseek.index.editing import editing
from lookseek.index.job import build_index
from lookseek.index.open_index import open_index
from lookseek.index.source_members import SourceMembers


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_photos(tmp_path_factory.mktemp("photos"), items=4, views=1)


def table(path: Path, photos: list[Path], *ids: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{id},{photos[number % len(photos)]}" for number, id in enumerate(ids)]
    path.write_text("\n".join(["id,image", *rows]))
    return path


def ids_in(index: Path) -> set[str]:
    opened = open_index(index)
    try:
        return {point.id for point in opened.store.scan()}
    finally:
        opened.store.close()


@pytest.fixture
def two(tmp_path: Path, photos: list[Path]) -> tuple[Path, Path, Path]:
    """Two tables with ids of their own, whose photos lie elsewhere, and the index of both."""
    index = tmp_path / "index"
    one = table(tmp_path / "one.csv", photos, "a", "b", "c")
    other = table(tmp_path / "other.csv", photos, "c", "x", "y")
    indexed(one, index, store="numpy")
    indexed(other, index)
    return one, other, index


def test_pruning_one_table_leaves_the_other_s_items(two: tuple[Path, Path, Path], photos: list[Path]) -> None:
    one, other, index = two
    table(one, photos, "a")
    assert indexed(one, index, prune=True).removed == 1  # b; c is of the other as well
    assert ids_in(index) == {"a", "c", "x", "y"}
    table(other, photos, "x", "y")
    assert indexed(other, index, prune=True).removed == 1
    assert ids_in(index) == {"a", "x", "y"}


def test_what_left_a_source_is_told_until_it_is_pruned(two: tuple[Path, Path, Path], photos: list[Path]) -> None:
    one, other, index = two
    table(one, photos, "b", "c", "d")
    first = indexed(one, index)
    assert [note for note in first.notes if "1 item of before is no more in the source" in note and "e.g. a" in note]
    assert not [note for note in indexed(other, index).notes if "of before" in note]
    assert [note for note in indexed(one, index).notes if "of before" in note]
    pruned = indexed(one, index, prune=True)
    assert pruned.removed == 1
    assert not pruned.notes
    assert not indexed(one, index).notes


def test_a_source_that_is_gone_keeps_its_items_until_it_is_dropped(
    two: tuple[Path, Path, Path], photos: list[Path]
) -> None:
    one, other, index = two
    other.unlink()
    table(one, photos, "a", "c")
    pruned = indexed(one, index, prune=True)
    assert (pruned.removed, pruned.items) == (1, 4)
    assert [note for note in pruned.notes if note.startswith("2 items of") and f"--drop-source {other}" in note]
    with pytest.raises(QueryError, match=r"no source nothing\.csv\. It has: "):
        drop_source(index, "nothing.csv")
    assert drop_source(index, str(other)) == 2
    assert ids_in(index) == {"a", "c"}
    manifest = published(index)
    assert manifest is not None
    assert (manifest.sources, manifest.items) == ((str(one),), 2)


def test_a_table_that_was_renamed_is_the_same_source(two: tuple[Path, Path, Path], photos: list[Path]) -> None:
    one, other, index = two
    one.unlink()
    renamed = table(one.with_name("new.csv"), photos, "a", "b", "d")
    assert [note for note in indexed(renamed, index).notes if "of before" in note] == []  # c is of the other too
    manifest = published(index)
    assert manifest is not None
    assert manifest.sources == (str(other), str(renamed))
    table(renamed, photos, "a", "d")
    assert indexed(renamed, index, prune=True).removed == 1
    assert ids_in(index) == {"a", "c", "d", "x", "y"}


def test_an_interrupted_job_forgets_nothing(
    two: tuple[Path, Path, Path], photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _, index = two
    table(one, photos, "z", "a", "b", "c")

    def stop(self: object, entries: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Heard, "advance", stop)
    assert indexed(one, index).interrupted
    monkeypatch.undo()
    table(one, photos, "a")
    assert indexed(one, index, prune=True).removed == 2  # b and z; c is of the other too
    assert ids_in(index) == {"a", "c", "x", "y"}


def test_part_of_an_index_with_other_vectors_never_takes_its_place(
    two: tuple[Path, Path, Path], photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a stopped change of the metric: the whole index is edited, and its items stay."""
    one, other, index = two

    def stop(self: object, entries: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Heard, "advance", stop)
    assert indexed(one, index, metric="euclidean").interrupted
    monkeypatch.undo()
    with editing(index, load_model()) as editor:
        editor.delete(["a"])
    assert ids_in(index) == {"b", "c", "x", "y"}
    assert drop_source(index, str(other)) == 2
    assert ids_in(index) == {"b", "c"}


def test_a_source_is_not_dropped_while_another_s_items_are_unknown(
    two: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, index = two
    monkeypatch.setattr(SourceMembers, "unnoted", (str(one),))
    with pytest.raises(QueryError, match="was not noted, so nobody can tell"):
        drop_source(index, str(other))
    assert ids_in(index) == {"a", "b", "c", "x", "y"}


def test_a_copy_knows_what_each_source_named(two: tuple[Path, Path, Path], photos: list[Path], tmp_path: Path) -> None:
    one, _, index = two
    copy_index(index, tmp_path / "copy", Heard())
    table(one, photos, "a")
    assert indexed(one, tmp_path / "copy", prune=True).removed == 1
    assert ids_in(tmp_path / "copy") == {"a", "c", "x", "y"}


def test_a_table_that_vanishes_is_one_true_line_and_loses_nothing(
    two: tuple[Path, Path, Path], photos: list[Path], tmp_path: Path
) -> None:
    one, _, index = two
    catalogue = open_catalogue(table(one, photos, "new"))
    one.rename(tmp_path / "away.csv")
    for prune in (False, True):
        with pytest.raises(CatalogueError, match=r"one\.csv can't be read to its end \(No such file.*run the same"):
            build_index(catalogue, index, prune=prune)
        assert ids_in(index) == {"a", "b", "c", "x", "y"}
    (tmp_path / "away.csv").rename(one)
    assert build_index(catalogue, index).added == 1


@given(st.lists(st.text(max_size=5)))
def test_hashes_are_a_set(ids: list[str]) -> None:
    hashes = IdHashes()
    seen: set[int] = set()
    for number, id in enumerate(ids):
        mark = id_hash(id)
        assert (mark in hashes) == (mark in seen)
        assert hashes.add(mark) == (mark not in seen)
        seen.add(mark)
        if number % 7 == 0:
            hashes.array()
    assert hashes.array().tolist() == sorted(seen)


def test_very_many_hashes_are_found_again() -> None:
    hashes = IdHashes()
    numbers = [*range(0, 2**64, 2**64 // 70_000), random.Random(7).getrandbits(64)]
    assert all(map(hashes.add, numbers))
    assert not any(hashes.add(number) for number in (numbers[0], numbers[-1]))
    assert len(hashes.array()) == len(numbers)
