"""The registry of stores: what is used where the engine can't be imported, and what is said then."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from helpers.catalogues import indexed, published, write_photos

from lookseek import Query, Searcher
from lookseek.cli import main
from lookseek.errors import IndexMismatch
from lookseek.index.open_index import open_index
from lookseek.store import VectorSpec, capabilities, create_store, default_store, open_store

LAYOUT = {"look": VectorSpec(4, "cosine")}


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a platform without a wheel of the engine: nothing of it can be imported."""
    monkeypatch.setitem(sys.modules, "qdrant_edge", None)
    for name in ("edge", "edge_form"):
        monkeypatch.delitem(sys.modules, f"lookseek.store.{name}", raising=False)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    """The exit status of a command."""
    monkeypatch.setattr(sys, "argv", ["lookseek", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def test_the_engine_is_the_default_where_it_can_be_imported() -> None:
    assert default_store() == ("edge", "")
    assert capabilities("edge").graphs
    assert capabilities("edge").most_items is None
    assert not capabilities("numpy").graphs


def test_without_the_engine_numpy_is_the_default_and_the_reason_is_given(no_engine: None) -> None:
    kind, why = default_store()
    assert kind == "numpy"
    assert "qdrant-edge-py can't be imported here" in why
    assert "50,000" in why
    assert "\n" not in why


def test_without_the_engine_its_stores_can_t_be_made_or_opened(no_engine: None, tmp_path: Path) -> None:
    for use in (create_store, open_store):
        with pytest.raises(IndexMismatch, match=r"qdrant-edge-py.*install it, or .*--store numpy") as raised:
            use("edge", tmp_path / "s", LAYOUT)
        assert str(tmp_path / "s") in str(raised.value)
    assert not (tmp_path / "s").exists()
    create_store("numpy", tmp_path / "s", LAYOUT).close()


def test_an_index_job_without_the_engine_makes_a_numpy_index_and_says_so(
    no_engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = write_photos(tmp_path / "photos", 4)
    photos, index = tmp_path / "photos", tmp_path / "index"
    assert run(monkeypatch, "index", photos, index) == 0
    said = capsys.readouterr()
    assert "note: qdrant-edge-py can't be imported here" in said.err
    manifest = published(index)
    assert manifest is not None
    assert manifest.spec.store == "numpy"
    with Searcher(index) as searcher:
        assert len(searcher.search(Query(image=first, k=9)).hits) == 1 + len(others)
    assert run(monkeypatch, "index", photos, index) == 0  # it keeps its store, so there is nothing to say
    assert "qdrant-edge-py" not in capsys.readouterr().err


def test_opening_an_index_of_the_engine_without_it_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, index = tmp_path / "photos", tmp_path / "index"
    write_photos(photos, 3)
    indexed(photos, index)
    monkeypatch.setitem(sys.modules, "qdrant_edge", None)
    for name in ("edge", "edge_form"):
        monkeypatch.delitem(sys.modules, f"lookseek.store.{name}", raising=False)
    with pytest.raises(IndexMismatch, match="qdrant-edge-py"):
        open_index(index)
    for verb in (["search", index, "--text", "dress"], ["check", index], ["index", photos, index]):
        assert run(monkeypatch, *verb) == 1
        said = capsys.readouterr()
        assert "qdrant-edge-py" in said.err
        assert "--store numpy" in said.err
        assert "Traceback" not in said.err + said.out
