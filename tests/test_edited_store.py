"""A store with edits over it answers as a store does that was edited itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from lookseek.errors import QueryError
from lookseek.filters import parse
from lookseek.store import FieldType, Restriction, ScoredId, Store, VectorSpec, create_store, open_store
from lookseek.store.changes import Change
from lookseek.store.edited import EditableStore, EditedStore
from lookseek.types import AttributeValue, FolderStore, Point

LAYOUT = {
    "look": VectorSpec(8, "cosine"),
    "look_euclidean": VectorSpec(8, "euclidean"),
    "garments": VectorSpec(8, "cosine", multi=True),
}
FIELDS: dict[str, FieldType] = {
    "colour": "words",
    "tags": "words",
    "sale": "boolean",
    "price": "number",
    "sku": "words",
}
FILTERS = ("", "colour = red", "not colour = red", "price < 5 and sale = true", "tags = a", "sku in (s3, s7, new-2)")
ITEMS = 80


def point(number: int, random: np.random.Generator, id: str = "") -> Point:
    look = random.standard_normal(8).astype(np.float32)
    look /= np.float32(np.linalg.norm(look))
    attributes: dict[str, AttributeValue] = {
        "colour": ("red", "green", "blue")[number % 3],
        "sale": number % 2 == 0,
        "price": number % 11,
        "sku": f"s{number}",
    }
    if number % 4:
        attributes["tags"] = ("a", "b")[: 1 + number % 2]
    garments = random.standard_normal((number % 3, 8)).astype(np.float32)
    vectors = {"look": look, "look_euclidean": 3 * look, "garments": garments}
    return Point(id or f"item-{number:03d}", vectors, attributes, f"hash-{number // 2}", f"source {number}")


def changes(random: np.random.Generator) -> list[Change]:
    """Additions, replacements, removals, and all of them of one item in turns."""
    return [
        Change(fresh=[point(n + 3, random, f"item-{n:03d}") for n in range(0, 30, 3)]),
        Change(gone=["item-004", "item-005", "nobody"]),
        Change(fresh=[point(100 + n, random, f"new-{n}") for n in range(6)]),
        Change(gone=["new-1", "item-003"]),
        Change(fresh=[point(7, random, "item-004"), point(8, random, "new-2")]),
        Change(fresh=[point(9, random, "new-1")]),
        Change(gone=["new-1"]),
    ]


@pytest.fixture(params=["edge", "numpy"])
def kind(request: pytest.FixtureRequest) -> FolderStore:
    return cast(FolderStore, request.param)


@pytest.fixture
def both(kind: FolderStore, tmp_path: Path) -> Iterator[tuple[EditedStore, Store]]:
    """A store with edits over it, and another one to which the same was done."""
    for name in ("below", "edited"):
        store = create_store(kind, tmp_path / name, LAYOUT)
        random = np.random.default_rng(1)
        store.add([point(n, random) for n in range(ITEMS)])
        store.declare(FIELDS)
        if name == "edited":
            for change in changes(np.random.default_rng(2)):
                store.delete(change.gone)
                store.add(change.fresh)
        store.close()
    below = cast(EditableStore, open_store(kind, tmp_path / "below", LAYOUT, read_only=True))
    full = open_store(kind, tmp_path / "edited", LAYOUT, read_only=True)
    edited = EditedStore(below)
    for change in changes(np.random.default_rng(2)):  # one after another, and all at once
        edited = edited.after([change])
    yield edited, full
    edited.close()
    full.close()


def restriction(text: str, **more: object) -> Restriction:
    return Restriction(parse(text) if text else None, **more)  # type: ignore[arg-type]


def same(found: list[ScoredId], expected: list[ScoredId]) -> None:
    assert [hit.id for hit in found] == [hit.id for hit in expected]
    np.testing.assert_allclose([h.score for h in found], [h.score for h in expected], atol=2e-5)


def test_it_gets_scans_and_counts_alike(both: tuple[EditedStore, Store]) -> None:
    edited, full = both
    ids = [f"item-{n:03d}" for n in range(ITEMS)] + [f"new-{n}" for n in range(6)] + ["nobody", "item-000"]
    for found, expected in zip(edited.get(ids), full.get(ids), strict=True):
        assert (found.id, found.attributes, found.hash, found.source) == (
            expected.id,
            expected.attributes,
            expected.hash,
            expected.source,
        )
        for name in LAYOUT:
            np.testing.assert_allclose(found.vectors[name], expected.vectors[name], atol=3e-3)
    assert {p.id for p in edited.scan()} == {p.id for p in full.scan()}
    assert len(list(edited.scan())) == full.count() == edited.count()
    assert edited.growth == full.count() - ITEMS
    assert edited.same_content() == full.same_content()
    among = ["item-000", "item-004", "item-005", "new-2", "nobody", "item-050"]
    for text in FILTERS:
        for more in ({}, {"among": among}):
            kept = restriction(text, **more)
            assert edited.count(kept) == full.count(kept), (text, more)
            assert {p.id for p in edited.scan(kept)} == {p.id for p in full.scan(kept)}


@pytest.mark.parametrize("using", LAYOUT)
def test_it_finds_and_scores_alike(both: tuple[EditedStore, Store], using: str) -> None:
    edited, full = both
    query = np.random.default_rng(5).standard_normal(8).astype(np.float32)
    among = ["item-000", "item-004", "item-005", "new-2", "nobody", "item-050"]
    for text in FILTERS:
        for k in (1, 7, 40, 200):
            same(edited.search(using, query, k, restriction(text)), full.search(using, query, k, restriction(text)))
        chosen = restriction(text, among=among)
        same(edited.search(using, query, 9, chosen), full.search(using, query, 9, chosen))
    same(edited.score(using, query, among), full.score(using, query, among))
    if using != "garments":
        liked = ["item-000", "new-2"], ["item-050"]
        same(edited.recommend(using, *liked, 5), full.recommend(using, *liked, 5))
    with pytest.raises(QueryError, match="no vector 'other'"):
        edited.search("other", query, 3)


def test_it_counts_values_alike(both: tuple[EditedStore, Store]) -> None:
    edited, full = both
    for field in ("colour", "tags", "sale", "sku"):
        for text in FILTERS:
            for limit in (1, 2, 5, 100):
                found = edited.facet(field, restriction(text), limit=limit)
                expected = full.facet(field, restriction(text), limit=limit)
                assert [n for _, n in found] == [n for _, n in expected], (field, text, limit)
                if limit == 100:
                    assert list(found) == list(expected)
    with pytest.raises(QueryError):
        edited.facet("price")


def test_equal_photos_below_and_above_are_ordered_by_id(kind: FolderStore, tmp_path: Path) -> None:
    store = create_store(kind, tmp_path / "s", LAYOUT)
    random = np.random.default_rng(1)
    one = point(1, random, "b")
    store.add([one, *(point(n, random) for n in range(50))])
    store.close()
    edited = EditedStore(cast(EditableStore, open_store(kind, tmp_path / "s", LAYOUT, read_only=True)))
    twins = [Point(id, one.vectors, one.attributes) for id in ("a", "c")]
    found = edited.after([Change(fresh=twins)]).search("look", one.vectors["look"], 3)
    assert [hit.id for hit in found] == ["a", "b", "c"]
    edited.close()


def test_hidden_points_leave_room_for_the_others(kind: FolderStore, tmp_path: Path) -> None:
    """More are hidden among the first than a search looks beyond at first."""
    store = create_store(kind, tmp_path / "s", LAYOUT)
    random = np.random.default_rng(1)
    store.add([point(n, random) for n in range(120)])
    query = random.standard_normal(8).astype(np.float32)
    order = [hit.id for hit in store.search("look", query, 120)]
    store.close()
    edited = EditedStore(cast(EditableStore, open_store(kind, tmp_path / "s", LAYOUT, read_only=True)))
    after = edited.after([Change(gone=order[:100])])
    assert [hit.id for hit in after.search("look", query, 5)] == order[100:105]
    assert [hit.id for hit in after.search("look", query, 50)] == order[100:]
    assert [hit.id for hit in edited.search("look", query, 5)] == order[:5]  # the one of before stays as it was
    edited.close()


def test_routing_keys_are_those_of_points_that_were_not_edited(kind: FolderStore, tmp_path: Path) -> None:
    from lookseek.store import RoutingFilter

    store = create_store(kind, tmp_path / "s", LAYOUT)
    random = np.random.default_rng(1)
    store.add([point(n, random) for n in range(9)])
    store.declare(FIELDS)
    store.set_keys("svm", {f"item-{n:03d}": f"key {n % 2}" for n in range(9)})
    store.close()
    edited = EditedStore(cast(EditableStore, open_store(kind, tmp_path / "s", LAYOUT, read_only=True)))
    after = edited.after([Change(fresh=[point(2, random)], gone=["item-004"])])
    within = Restriction(within=RoutingFilter("svm", ["key 0"]))
    assert {p.id for p in after.scan(within)} == {"item-000", "item-006", "item-008"}
    assert after.count(within) == 3
    assert sum(n for _, n in after.facet("colour", within)) == 3
    assert {hit.id for hit in after.search("look", random.standard_normal(8).astype(np.float32), 9, within)} == {
        "item-000",
        "item-006",
        "item-008",
    }
    edited.close()
