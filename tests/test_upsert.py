"""Items brought into the next generation of an index: what becomes of each, and what is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import published, unfinished

from lookseek.index import upsert
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec
from lookseek.index.next_generation import NextGeneration
from lookseek.index.open_index import open_index
from lookseek.index.upsert import Outcome, Upsert
from lookseek.store import VectorSpec
from lookseek.types import Box, Encoding, Item, Point, Region

LAYOUT = {"look": VectorSpec(3, "cosine"), "parts": VectorSpec(2, "cosine", multi=True)}
SPEC = IndexSpec("model", "", "0" * 64, "", LAYOUT, "numpy", "boxes 1")
REGIONS = (Region(Box(1, 2, 3, 4), "sleeve", 0.5),)


def item(id: str, look: Sequence[float] = (1, 0, 0), *, source: str = "", **attributes: str | float) -> Item:
    vector, parts = np.array(look, np.float32), np.eye(2, dtype=np.float32)
    encoding = Encoding(vector, None, f"hash of {list(look)}", "f" * 32, {"parts": parts}, REGIONS)
    return Item(id, None, attributes=attributes, source=source, encoding=encoding)


@contextmanager
def drafted(index: Path) -> Iterator[tuple[Upsert, NextGeneration, list[Outcome]]]:
    with place_of(index).writing() as writer:
        draft, outcomes = NextGeneration(writer, SPEC, "runtime", "source"), list[Outcome]()
        yield Upsert(draft, None, outcomes.extend), draft, outcomes
        draft.close()


def run(index: Path, items: Iterable[Item]) -> list[tuple[str, str]]:
    with drafted(index) as (job, draft, outcomes):
        job.run(items)
        if draft.has_changes:
            draft.publish(job.known_fields(), encoded=bool(job.encoded))
        return [(outcome.id, outcome.what) for outcome in outcomes]


def points(index: Path) -> dict[str, Point]:
    opened = open_index(index)
    found = {point.id: point for point in opened.store.scan(vectors=True)}
    opened.store.close()
    return found


@pytest.fixture
def index(tmp_path: Path) -> Path:
    run(tmp_path / "index", [item("a", price=1), item("b", (0, 1, 0))])
    return tmp_path / "index"


def test_all_that_an_item_brings_is_kept(index: Path) -> None:
    point = points(index)["b"]
    np.testing.assert_array_equal(point.vectors["look"], [0, 1, 0])
    np.testing.assert_array_equal(point.vectors["parts"], np.eye(2))
    assert (point.regions, point.hash, point.fingerprint) == (REGIONS, "hash of [0, 1, 0]", "f" * 32)


def test_each_outcome(index: Path) -> None:
    fresh = [item("a", price=2), item("b", (0, 1, 0)), item("c"), item("d", (0, 0, 0)), Item("e", None)]
    assert sorted(run(index, fresh)) == [
        ("a", "changed"),
        ("b", "unchanged"),
        ("c", "added"),
        ("d", "failed"),
        ("e", "failed"),
    ]
    assert {id: dict(point.attributes) for id, point in points(index).items()} == {"a": {"price": 2}, "b": {}, "c": {}}
    assert run(index, [item("b", (0, 0, 1)), Item("a", None, attributes={"price": 2})]) == [
        ("a", "unchanged"),
        ("b", "changed"),
    ]
    assert points(index)["b"].vectors["look"].tolist() == [0, 0, 1]


def test_new_attributes_keep_vectors_and_regions(index: Path) -> None:
    before = points(index)["a"]
    assert run(index, [item("a", source="elsewhere", price=3)]) == [("a", "changed")]
    after = points(index)["a"]
    assert (after.source, after.attributes, after.regions) == ("elsewhere", {"price": 3}, before.regions)
    np.testing.assert_array_equal(after.vectors["parts"], before.vectors["parts"])


def test_a_failure_says_why(index: Path) -> None:
    with drafted(index) as (job, _, outcomes):
        job.run([item("d", (0, 0, 0)), Item("e", None)])
    d, e = sorted(outcomes, key=lambda outcome: outcome.id)
    assert (d.kind, e.kind) == ("unusable embedding", "unreadable file")
    assert "is zero" in d.reason
    assert "is new and has no photo" in e.reason


def test_fields_are_those_of_the_items_that_stand_in_the_index(index: Path) -> None:
    run(index, [item("b", (0, 1, 0), size="M"), item("d", (0, 0, 0), nothing=True)])
    manifest = published(index)
    assert manifest is not None
    assert manifest.fields == {"price": "number", "size": "words"}
    with drafted(index) as (job, _, _):
        job.run([item("b", (0, 1, 0), size=3)])
        assert job.fields == {"size": "number"}
        assert job.known_fields() == {"price": "number", "size": "words"}


def test_what_was_reported_is_found_after_a_crash_with_its_fields(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsert, "_WRITE", 2)
    monkeypatch.setattr(upsert, "_LOOKUP", 1)
    seen: list[tuple[set[str], bool]] = []

    def items() -> Iterator[Item]:
        for n in range(5):
            draft = unfinished(index)
            if draft is not None:
                store = place_of(index).open(draft)
                seen.append(({point.id for point in store.scan()} - {"a", "b"}, "n" in draft.fields))
                store.close()
            yield item(f"new {n}", n=n)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"), drafted(index) as (job, _, outcomes):
        job.run(items())
    assert len(seen) > 1
    assert all(fields for _, fields in seen)
    assert seen[-1][0] >= {"new 0", "new 1"}
    assert {outcome.id for outcome in outcomes} == {f"new {n}" for n in range(5)}  # the rest was written at the end
    assert points(index).keys() == {"a", "b", *(f"new {n}" for n in range(5))}


def test_an_index_whose_vectors_are_others_begins_anew(index: Path) -> None:
    with place_of(index).writing() as writer:
        draft = NextGeneration(writer, replace(SPEC, regions="boxes 2"), "runtime", "source")
        assert (draft.previous, draft.store, draft.replaces_other_vectors) == (None, None, True)
        assert draft.count_left_behind() == 2
        draft.close()
