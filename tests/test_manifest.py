"""The description of a generation: written in format 2, or 3 with a journal, read in all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.catalogues import indexed, published, write_photos

from lookseek.errors import IndexDamaged, IndexMismatch
from lookseek.index.manifest import (
    FORMAT,
    IndexSpec,
    JournalEnd,
    Manifest,
    RouterInfo,
    checksum_of,
    manifest_from_json,
    manifest_to_json,
)
from lookseek.store import VectorSpec

SPEC = IndexSpec("model", "/models/m", "ab" * 32, "din99", {"look": VectorSpec(4, "cosine")}, "edge", "boxes 1")
WHOLE = Manifest(
    "generation-0003",
    SPEC,
    "onnxruntime fp32 + openvino bf16",
    items=5,
    fields={"giá": "number", "colour": "words"},
    graph_items=4,
    sources=("a.csv", "b.csv"),
    updated="2026-11-29T00:00:00+00:00",
    files={"x/y.dat": (3, "cd" * 32)},
    routers={"svm": RouterInfo("colour", "baseline", {"red": 2, "blue": 3}, 1.0, 0.9, 0.99, 0.4)},
    roles={"product": "colour", "price": "giá"},
)


def changed(**parts: object) -> str:
    return json.dumps({**json.loads(manifest_to_json(WHOLE)), **parts})


def test_it_comes_back_as_it_was() -> None:
    assert manifest_from_json(manifest_to_json(WHOLE), "m") == WHOLE
    stored = json.loads(manifest_to_json(WHOLE))
    assert stored["format"] == 2
    assert "journal" not in stored  # an earlier lookseek reads it


def test_with_a_journal_it_is_what_an_earlier_lookseek_refuses() -> None:
    edited = replace(WHOLE, journal=JournalEnd(120, 3, "ab" * 32))
    assert manifest_from_json(manifest_to_json(edited), "m") == edited
    assert json.loads(manifest_to_json(edited))["format"] == FORMAT == 3


def test_format_1_is_read() -> None:
    old = json.loads(manifest_to_json(WHOLE))
    old |= {"format": 1, "source": "b.csv"}
    del old["sources"], old["roles"], old["recipe"]["regions"]
    expected = replace(WHOLE, sources=("b.csv",), roles={}, spec=replace(SPEC, regions=""))
    assert manifest_from_json(json.dumps(old), "m") == expected
    del old["routers"]
    assert manifest_from_json(json.dumps(old | {"source": ""}), "m") == replace(expected, sources=(), routers={})


def test_what_a_later_version_of_this_format_adds_is_passed_over() -> None:
    later = json.loads(changed(seal="ef"))
    del later["checksum"]
    later["checksum"] = checksum_of(later)
    assert manifest_from_json(json.dumps(later), "m") == WHOLE


def test_a_manifest_that_was_changed_is_damage() -> None:
    text = manifest_to_json(WHOLE)
    for part, other in (('"items": 5', '"items": 4'), ("cd", "ce"), ('"checksum": "', '"checksun": "')):
        assert text.count(part)
        at = text.rindex(part)
        with pytest.raises(IndexDamaged, match="not what was written"):
            manifest_from_json(text[:at] + other + text[at + len(part) :], "m")


def test_a_format_2_of_before_checksums_is_read() -> None:
    before = json.loads(manifest_to_json(WHOLE))
    del before["checksum"]
    assert manifest_from_json(json.dumps(before), "m") == WHOLE


@pytest.mark.parametrize("version", [4, 99, "2", None])
def test_a_newer_format_is_refused(version: object) -> None:
    with pytest.raises(IndexMismatch, match=r"^shop.json has format .*, this lookseek reads up to 3: update lookseek$"):
        manifest_from_json(changed(format=version), "shop.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", changed(recipe={}), changed(files=3), changed(format=0)])
def test_what_is_no_manifest_is_damage(text: str) -> None:
    with pytest.raises(IndexDamaged, match=r"^shop.json .*index the catalogue again into a new folder$"):
        manifest_from_json(text, "shop.json")


def test_the_model_s_place_is_no_part_of_its_vectors_and_all_else_is() -> None:
    assert SPEC.same_vectors(replace(SPEC, model_path="elsewhere"))
    others: dict[str, object] = {"checksum": "0", "colour": "", "regions": "", "store": "numpy"}
    others["layout"] = {"look": VectorSpec(5, "cosine")}
    for name, value in others.items():
        assert not SPEC.same_vectors(replace(SPEC, **{name: value})), name  # type: ignore[arg-type]


def test_sources_are_those_whose_items_the_index_holds(tmp_path: Path) -> None:
    first, second, index = tmp_path / "first", tmp_path / "second", tmp_path / "index"
    write_photos(first, items=2, views=1)
    write_photos(second, items=3, views=1, seed=1)

    def sources(source: Path, **options: object) -> tuple[str, ...]:
        indexed(source, index, model="efficientnet-lite2", store="numpy", **options)
        manifest = published(index)
        assert manifest is not None
        return tuple(Path(name).name for name in manifest.sources)

    assert sources(first) == ("first",)
    assert sources(second) == ("first", "second")
    write_photos(first / "more", items=1, views=1, seed=2)
    assert sources(first) == ("second", "first")
    assert set(sources(second, prune=True)) == {"first", "second"}  # what lies in another source stays
