"""Several vectors of one name an item, compared by MaxSim, and regions of its picture: over every store."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.stores import KINDS, StoreKind, store_kind

from lookseek.errors import QueryError
from lookseek.filters import parse
from lookseek.store import Restriction, RoutingFilter, Store, VectorSpec, open_store
from lookseek.store.schema import MOST_NUMBERS
from lookseek.types import Box, Point, Region

LAYOUT = {"look": VectorSpec(4, "cosine"), "parts": VectorSpec(6, "cosine", multi=True)}
REGIONS = (
    Region(Box(0, 0.5, 120, 80.25), "đầm", 0.875),
    Region(Box(10, 20, 30, 40), "", 1),
    Region(Box(10, 20, 30, 40), 'quo"te', 0.0),
)
CLOSE = 2e-3  # float16 keeps three decimals


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> StoreKind:
    return store_kind(request.param, request)


@pytest.fixture
def store(kind: StoreKind, tmp_path: Path) -> Iterator[Store]:
    made = kind.create(tmp_path / "store", LAYOUT)
    yield made
    made.close()


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def point(n: int, count: int | None = None, **rest: Any) -> Point:
    """Item n: as many vectors as ``count`` says, else n modulo 4."""
    random = np.random.default_rng(n)
    parts = random.standard_normal((n % 4 if count is None else count, 6), np.float32) * 3
    look = random.standard_normal(4, np.float32)
    return Point(f"item-{n:03d}", {"look": look, "parts": parts}, {"n": n}, hash=f"h{n}", **rest)


def many(count: int) -> list[Point]:
    return [point(n) for n in range(count)]


def max_sim(point: Point, query: np.ndarray) -> float:
    """MaxSim, spelled out."""
    parts = unit(point.vectors["parts"])
    return float(sum(max(float(part @ q) for part in parts) for q in unit(query)))


def query(rows: int, seed: int = 99) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, 6), np.float32)


# several vectors an item


def test_all_vectors_of_an_item_come_back_with_length_1_and_in_their_order(store: Store) -> None:
    added = [point(1, 3), point(2, 1), point(3, 0)]
    store.add(added)
    for before, got in zip(added, store.get([p.id for p in added]), strict=True):
        assert got.vectors["parts"].shape == before.vectors["parts"].shape
        assert got.vectors["parts"].dtype == np.float32
        if len(got.vectors["parts"]):
            np.testing.assert_allclose(got.vectors["parts"], unit(before.vectors["parts"]), atol=CLOSE)
    scanned = {p.id: p for p in store.scan(vectors=True)}
    assert {id_: p.vectors["parts"].shape for id_, p in scanned.items()} == {
        p.id: p.vectors["parts"].shape for p in added
    }
    assert all(p.vectors == {} for p in store.scan())
    assert store.get(["item-001"], vectors=False)[0].vectors == {}


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_search_orders_by_max_sim(store: Store, rows: int) -> None:
    points = many(60)
    store.add(points)
    asked = query(rows)
    found = store.search("parts", asked, 100)
    expected = {p.id: max_sim(p, asked) for p in points if len(p.vectors["parts"])}
    assert len(found) == len(expected) == 45  # those without any are no answers
    assert {hit.id: hit.score for hit in found} == pytest.approx(expected, abs=rows * CLOSE)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    assert store.search("parts", asked, 7) == found[:7]
    assert [hit.id for hit in store.search("parts", asked * 5, 5)] == [hit.id for hit in found[:5]]


def test_one_vector_asks_as_a_row_of_its_own(store: Store) -> None:
    store.add(many(20))
    asked = query(1)
    assert store.search("parts", asked[0], 9) == store.search("parts", asked, 9)
    assert store.score("parts", asked[0], ["item-001"]) == store.score("parts", asked, ["item-001"])


@pytest.mark.parametrize("among", [3, 30, 58])  # few are compared by themselves, many with all
def test_restrictions_hold_for_several_vectors_too(store: Store, among: int) -> None:
    points = many(60)
    store.add(points)
    store.set_keys("svm", {p.id: "odd" for n, p in enumerate(points) if n % 2})
    asked, ids = query(2), [p.id for p in points[:among]]
    plain = {hit.id: hit.score for hit in store.search("parts", asked, 100)}

    def hold(restriction: Restriction, numbers: set[int]) -> None:
        found = {hit.id: hit.score for hit in store.search("parts", asked, 100, restriction)}
        assert set(found) == {f"item-{n:03d}" for n in numbers if n % 4}
        assert found == pytest.approx({id_: plain[id_] for id_ in found}, abs=2e-6)

    hold(Restriction(among=ids), set(range(among)))
    hold(Restriction(parse("n >= 20"), ids), set(range(20, among)))
    hold(Restriction(within=RoutingFilter("svm", ["odd"])), set(range(1, 60, 2)))
    hold(Restriction(parse(f"n < {among}")), set(range(among)))


def test_scoring_ids_leaves_out_those_without_vectors(store: Store) -> None:
    store.add(many(40))
    asked = query(3)
    found = store.score("parts", asked, ["item-013", "item-004", "nobody", "item-002"])
    assert [hit.id for hit in found] == ["item-013", "item-002"]
    searched = dict(store.search("parts", asked, 40))
    assert [hit.score for hit in found] == pytest.approx([searched[hit.id] for hit in found], abs=2e-6)


def test_a_store_whose_items_have_no_such_vectors_answers_nothing(store: Store) -> None:
    assert store.search("parts", query(2), 5) == []
    store.add([point(n, 0) for n in range(3)])
    assert store.search("parts", query(2), 5) == store.score("parts", query(2), ["item-001"]) == []
    assert len(store.search("look", np.ones(4, np.float32), 5)) == 3
    assert [p.vectors["parts"].shape for p in store.scan(vectors=True)] == [(0, 6)] * 3


def test_adding_again_replaces_all_vectors_of_a_name(store: Store) -> None:
    store.add([point(1, 3), point(2, 2)])
    store.add([point(1, 1)])
    assert store.get(["item-001"])[0].vectors["parts"].shape == (1, 6)
    store.add([point(1, 0)])
    assert [hit.id for hit in store.search("parts", query(1), 5)] == ["item-002"]


def test_what_can_t_be_compared_is_refused_and_nothing_is_written(store: Store) -> None:
    good = point(1, 2)

    def refuse(parts: np.ndarray, match: str) -> None:
        with pytest.raises(QueryError, match=match):
            store.add([good, replace(good, id="bad", vectors={**good.vectors, "parts": parts})])

    refuse(np.ones(6, np.float32), r"'parts' has shape \(6,\), the index keeps \(n, 6\)")
    refuse(np.ones((2, 5), np.float32), r"\(2, 5\).*\(n, 6\)")
    refuse(np.array([[1] * 6, [0] * 6], np.float32), "is zero")
    refuse(np.array([[1] * 6, [np.nan] * 6], np.float32), "NaN")
    refuse(np.ones((MOST_NUMBERS // 6 + 1, 6), np.float32), "174,763 rows, 174,762 are allowed")
    assert store.count() == 0
    store.add([good])
    for asked, match in (
        (np.ones((2, 5)), r"the query.*\(2, 5\)"),
        (np.empty((0, 6)), "the query.*no rows"),
        (np.zeros((1, 6)), "is zero"),
    ):
        with pytest.raises(QueryError, match=match):
            store.search("parts", asked.astype(np.float32), 3)
    with pytest.raises(QueryError, match=r"\(1, 4\)"):
        store.search("look", np.ones((1, 4), np.float32), 3)  # of a name with one vector an item
    with pytest.raises(QueryError, match=r"several vectors 'parts'.*use look"):
        store.recommend("parts", ["item-001"], [], 3)


def test_several_vectors_survive_reopening_graphs_and_keys(kind: StoreKind, tmp_path: Path) -> None:
    first = kind.create(tmp_path / "s", LAYOUT)
    for start in range(0, 300, 50):
        first.add([replace(p, regions=REGIONS[: n % 4]) for n, p in enumerate(many(300)[start : start + 50], start)])
    first.delete(["item-001"])
    asked = query(3)
    before = {hit.id: hit.score for hit in first.search("parts", asked, 300)}
    first.close()
    second = kind.open(tmp_path / "s", LAYOUT)
    assert {hit.id: hit.score for hit in second.search("parts", asked, 300)} == pytest.approx(before, abs=2e-6)
    second.optimise(graph=True)
    second.set_keys("kmeans", {"item-002": "7"})
    assert {hit.id: hit.score for hit in second.search("parts", asked, 300)} == pytest.approx(before, abs=2e-6)
    second.close()
    third = kind.open(tmp_path / "s", LAYOUT)
    assert {hit.id: hit.score for hit in third.search("parts", asked, 300)} == pytest.approx(before, abs=2e-6)
    shapes = {p.id: (len(p.vectors["parts"]), len(p.regions)) for p in third.scan(vectors=True)}
    assert shapes == {f"item-{n:03d}": (n % 4, n % 4 and min(n % 4, 3)) for n in range(300) if n != 1}
    third.close()


@pytest.mark.parametrize("spec", [(0, "cosine"), (2.0, "cosine"), (4, "dot"), (4, "euclidean", True), (4, "cosine", 1)])
def test_a_spec_that_means_nothing_is_refused(spec: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="cosine"):
        VectorSpec(*spec)


def test_a_spec_as_json_says_several_only_where_there_are() -> None:
    assert LAYOUT["look"].to_dict() == {"dim": 4, "metric": "cosine"}
    assert LAYOUT["parts"].to_dict() == {"dim": 6, "metric": "cosine", "multi": True}
    assert all(VectorSpec.from_dict(spec.to_dict()) == spec for spec in LAYOUT.values())
    with pytest.raises(TypeError):
        VectorSpec.from_dict({"dim": 4, "metric": "cosine", "sparse": True})


# regions


def test_regions_come_back_with_and_without_vectors(store: Store) -> None:
    store.add([replace(point(1), regions=REGIONS), point(2)])
    for vectors in (True, False):
        one, two = store.get(["item-001", "item-002"], vectors=vectors)
        assert (one.regions, two.regions) == (REGIONS, ())
        assert {p.id: p.regions for p in store.scan(vectors=vectors)} == {"item-001": REGIONS, "item-002": ()}
    store.add([replace(point(1), regions=REGIONS[1:2])])
    assert store.get(["item-001"])[0].regions == REGIONS[1:2]


def test_no_filter_sees_a_region(store: Store) -> None:
    store.add([replace(point(1), regions=REGIONS, attributes={"regions": "mine", "label": "mine too"})])
    assert store.get(["item-001"])[0].attributes == {"regions": "mine", "label": "mine too"}
    for text in ("label = đầm", "`regions.label` = đầm", "score = 1", "`regions[].score` > 0.5"):
        assert store.count(Restriction(parse(text))) == 0


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_that_is_no_confidence_is_refused(score: float) -> None:
    with pytest.raises(QueryError, match="between 0 and 1"):
        Region(Box(0, 0, 1, 1), "dress", score)


# kill -9

CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_multivectors import LAYOUT, REGIONS, point
from lookseek.store import create_store
store = create_store(sys.argv[1], Path(sys.argv[2]), LAYOUT)
for n in range(100_000):
    store.add([replace(point(n), regions=REGIONS[: n % 4])])
    print(n, flush=True)
"""


@pytest.mark.parametrize("kind", ["edge", "numpy"])  # what a killed client acknowledged, a server has
@pytest.mark.parametrize("after", [1, 7, 30])
def test_whatever_was_acknowledged_survives_kill_9(kind: Any, tmp_path: Path, after: int) -> None:
    arguments = [sys.executable, "-c", CHILD, kind, str(tmp_path / "s"), str(Path(__file__).parent)]
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = -1
    with child.stdout:
        for line in child.stdout:
            if line.endswith("\n"):  # death may cut the last line short
                acknowledged = int(line)
            if acknowledged == after:
                child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert acknowledged >= after
    store = open_store(kind, tmp_path / "s", LAYOUT)
    for n in range(acknowledged + 1):
        (got,) = store.get([f"item-{n:03d}"])
        assert got.regions == REGIONS[: n % 4]
        assert got.vectors["parts"].shape == (n % 4, 6)
        if n % 4:
            np.testing.assert_allclose(got.vectors["parts"], unit(point(n).vectors["parts"]), atol=CLOSE)
            assert store.search("parts", point(n).vectors["parts"], 1)[0].id == got.id
    store.close()
