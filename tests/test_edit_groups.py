"""Single edits of a service that arrive together are made together, each with an answer of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.dear_requests import photo
from helpers.serving import serving
from helpers.waiting import until

from lookseek.index import editing
from lookseek.index.address import place_of
from lookseek.index.open_index import open_index
from lookseek.serve import folding
from lookseek.serve.api.edit_groups import EditGroups
from lookseek.serve.api.writer import Writer
from lookseek.serve.engine import Engine
from lookseek.types import Item

MODEL = "efficientnet-lite2"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("shop")
    write_photos(top / "photos", items=3, views=1)
    indexed(top / "photos", top / "index", model=MODEL)
    return top


def test_edits_that_arrive_together_are_one_edit_of_the_index(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, groups = threading.Event(), threading.Event(), list[list[str]]()
    put, begin, made = editing.Editor.put, EditGroups.__init__, list[EditGroups]()

    def remember(edits: EditGroups, engine: Engine, writer: Writer) -> None:
        begin(edits, engine, writer)
        made.append(edits)

    monkeypatch.setattr(EditGroups, "__init__", remember)

    def slow(editor: editing.Editor, items: Sequence[Item]) -> object:
        groups.append([item.id for item in items])
        begun.set()
        assert go_on.wait(60)
        return put(editor, items)

    with serving(shop / "index", keys=tmp_path / "keys") as running, ThreadPoolExecutor(12) as pool:
        monkeypatch.setattr(editing.Editor, "put", slow)
        ask, may = running.ask, running.may_write
        first = pool.submit(ask.put, "/v1/items/first", json={"image": photo(0)}, headers=may)
        assert begun.wait(60)
        later = [
            pool.submit(ask.put, f"/v1/items/new-{n}", json={"image": photo(1 + n % 3)}, headers=may) for n in range(6)
        ]
        broken = pool.submit(ask.put, "/v1/items/broken", json={"image": "AAAA"}, headers=may)
        nobody = pool.submit(ask.delete, "/v1/items/nobody", headers=may)
        until(lambda: len(made[0]._waiting) == 8, "eight edits that wait")
        go_on.set()
        assert first.result().json() == {"id": "first", "what": "added", "reason": ""}
        assert [one.result().json()["what"] for one in later] == ["added"] * 6
        assert broken.result().status_code == 415
        assert nobody.result().status_code == 404
        assert groups[0] == ["first"]
        assert sorted(id for group in groups[1:] for id in group) == [f"new-{n}" for n in range(6)]
        assert len(groups) <= 3  # a run before the deletion, and one after it
        put_and_deleted = [
            ask.put("/v1/items/again", json={"image": photo(0)}, headers=may).json()["what"],
            ask.put("/v1/items/again", json={"image": photo(0)}, headers=may).json()["what"],
            ask.delete("/v1/items/again", headers=may).json()["what"],
        ]
        assert put_and_deleted == ["added", "unchanged", "removed"]
        assert {ask.get(f"/v1/items/new-{n}").status_code for n in range(6)} == {200}


def test_many_edits_are_folded_beside_the_service(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "_FROM", 3)
    place = place_of(shop / "index")
    with serving(shop / "index", keys=tmp_path / "keys") as running:
        for n in range(4):
            running.ask.put(f"/v1/items/fold-{n}", json={"image": photo(n)}, headers=running.may_write)
        until(lambda: (m := place.published()) is not None and m.generation != "generation-0001", "a new generation")
        told = running.ask.put("/v1/items/fold-4", json={"image": photo(4)}, headers=running.may_write)
        assert told.json()["what"] == "added"
        assert {running.ask.get(f"/v1/items/fold-{n}").status_code for n in range(5)} == {200}
    opened = open_index(place)
    assert len(opened.store.get([f"fold-{n}" for n in range(5)])) == 5
    opened.store.close()
