"""An index remembers how each of its sources is read: a later run without the options reads it the same."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from helpers.catalogues import Heard, published, write_photos
from hypothesis import given
from hypothesis import strategies as st

from lookseek.catalogue import ReadingOptions, open_catalogue
from lookseek.cli import main
from lookseek.errors import CatalogueError
from lookseek.index.copying import copy_index
from lookseek.index.drop_source import drop_source
from lookseek.index.job import build_index
from lookseek.index.open_index import open_index

MODEL = "efficientnet-lite2"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A table in which two columns could be the ids, and two the photos."""
    photos = write_photos(tmp_path / "photos", items=3, views=1)
    rows = [f"{n},sku-{n},{photo},{photos[0]}" for n, photo in enumerate(photos)]
    (tmp_path / "shop.csv").write_text("\n".join(["id,sku,front,image", *rows]))
    (tmp_path / "more.csv").write_text("\n".join(["sku,brand", *(f"sku-{n},b{n}" for n in range(3))]))
    return tmp_path / "shop.csv"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    monkeypatch.setattr(sys, "argv", ["lookseek", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def ids_in(index: Path) -> dict[str, object]:
    opened = open_index(index)
    try:
        return {point.id: point.attributes.get("brand") for point in opened.store.scan()}
    finally:
        opened.store.close()


def test_a_later_run_reads_a_table_as_before(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index = tmp_path / "index"
    said = ["--id-column", "sku", "--image-column", "front", "--join", tmp_path / "more.csv", "--on", "sku"]
    assert run(monkeypatch, "index", shop, index, "--model", MODEL, "--store", "numpy", *said) == 0
    assert "as before" not in capsys.readouterr().err
    expected = {f"sku-{n}": f"b{n}" for n in range(3)}
    assert ids_in(index) == expected
    assert run(monkeypatch, "index", shop, index, "--dry-run") == 0
    assert "--id-column sku --image-column front --join" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "index", "shop.csv", index, "--prune") == 0
    heard = capsys.readouterr()
    assert "(0 added, 0 changed, 3 unchanged, 0 removed)" in heard.out
    assert f"--join {tmp_path / 'more.csv'} --on sku" in heard.err
    assert ids_in(index) == expected
    assert build_index(shop, index).unchanged == 3  # the library too
    assert run(monkeypatch, "index", shop, index, "--id-column", "id", "--prune") == 0
    assert ids_in(index).keys() == {"0", "1", "2"}
    assert published(index).options[os.fspath(shop)]["columns"] == {"id": "id", "photo": "front"}


def test_a_job_that_published_nothing_is_gone_on_with_as_it_was_read(shop: Path, tmp_path: Path) -> None:
    index, whole = tmp_path / "index", shop.read_text()
    shop.write_text(f"{whole}\n9,sku-9,{tmp_path / 'nothing.jpg'},")
    with pytest.raises(CatalogueError, match="--strict"):
        build_index(
            open_catalogue(shop, id_column="sku", image_column="front"), index, model=MODEL, store="numpy", strict=True
        )
    shop.write_text(whole)
    summary = build_index(shop, index)
    assert (summary.items, summary.unchanged) == (3, 3)
    assert ids_in(index).keys() == {"sku-0", "sku-1", "sku-2"}


def test_copies_remember_and_what_is_dropped_is_forgotten(shop: Path, tmp_path: Path) -> None:
    index, copy = tmp_path / "index", tmp_path / "copy"
    build_index(open_catalogue(shop, id_column="sku"), index, model=MODEL, store="numpy")
    other = tmp_path / "other.csv"
    other.write_text(shop.read_text().replace("sku-", "b-"))
    build_index(open_catalogue(other, id_column="sku"), index)
    assert published(index).options.keys() == {str(shop), str(other)}
    copy_index(index, copy, Heard())
    assert published(copy).options == published(index).options
    drop_source(index, str(other))
    assert published(index).options.keys() == {str(shop)}
    moved = shop.rename(tmp_path / "moved.csv")
    build_index(open_catalogue(moved, id_column="sku"), index, prune=True)
    assert published(index).options.keys() == {str(moved)}


SOME = st.builds(
    ReadingOptions,
    st.dictionaries(st.sampled_from(["photo", "id", "price"]), st.text(min_size=1), max_size=2),
    st.text(),
    st.sampled_from([None, "point", "comma"]),
    st.sampled_from([None, Path("/a/b.csv")]),
    st.text(),
    st.lists(st.text(min_size=1), max_size=2).map(tuple),
)


@given(SOME, SOME)
def test_what_is_said_now_counts_before_what_was_said(then: ReadingOptions, now: ReadingOptions) -> None:
    both = now.over(then.to_dict())
    assert both.columns == {**then.columns, **now.columns}
    assert both.decimal == (now.decimal or then.decimal)
    assert both.join == (now.join or then.join)
    assert both.exclude == (now.exclude or then.exclude)
    assert ReadingOptions().over(then.to_dict()) == then
    assert now.over({}) == now
