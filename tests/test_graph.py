"""The graph of a large store: walked where nothing filters, and never through a filter that keeps little."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lookseek.filters import parse
from lookseek.store import Restriction
from lookseek.store.edge import EdgeStore
from lookseek.store.schema import VectorSpec
from lookseek.types import Point, Vector

DIM, COUNT, K = 256, 12_000, 10
RANDOM = np.random.default_rng(5)


@pytest.fixture(scope="module")
def rows() -> Vector:
    # around no centres: the hardest case, in which a graph misses some
    made = RANDOM.standard_normal((COUNT, DIM), dtype=np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def store(rows: Vector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeStore]:
    made = EdgeStore.create(tmp_path_factory.mktemp("graph") / "store", {"look": VectorSpec(DIM, "cosine")})
    for at in range(0, COUNT, 1000):
        made.add(
            [Point(f"{n:05d}", {"look": rows[n]}, {"half": f"h{n % 2}", "price": n}) for n in range(at, at + 1000)]
        )
    made.declare({"half": "words", "price": "number"})
    made.optimise(graph=True)
    yield made
    made.close()


def best(rows: Vector, query: Vector, among: Vector | slice = slice(None)) -> list[int]:
    places = np.arange(COUNT)[among]
    return places[np.argsort(-(rows[places] @ query))[:K]].tolist()


def found(store: EdgeStore, query: Vector, filter_: str = "", *, exact: bool = False) -> list[int]:
    condition = parse(filter_) if filter_ else None
    return [int(hit.id) for hit in store.search("look", query, K, Restriction(condition, exact=exact))]


def shared(a: list[int], b: list[int]) -> float:
    return len(set(a) & set(b)) / K


def test_the_graph_is_walked_and_finds_most(store: EdgeStore, rows: Vector) -> None:
    queries = RANDOM.standard_normal((40, DIM), dtype=np.float32)
    recalls = [shared(found(store, query), best(rows, query)) for query in queries]
    assert 0.6 < np.mean(recalls) < 1  # 1 would say that all are compared
    assert np.mean([shared(found(store, query, exact=True), best(rows, query)) for query in queries]) > 0.98


@pytest.mark.parametrize(
    ("filter_", "among"),
    [
        ("half = h1", slice(1, None, 2)),
        ("price < 9000", slice(9000)),
        ("not half = h1 and price >= 600", slice(600, None, 2)),
    ],
)
def test_what_a_filter_keeps_is_compared_one_by_one(store: EdgeStore, rows: Vector, filter_: str, among: slice) -> None:
    queries = RANDOM.standard_normal((20, DIM), dtype=np.float32)
    # float16 changes the order of neighbours that are as near as makes no difference
    assert np.mean([shared(found(store, query, filter_), best(rows, query, among)) for query in queries]) > 0.98
    for query in queries:
        assert found(store, query, filter_) == found(store, query, filter_, exact=True)


def test_an_item_finds_itself_through_the_graph(store: EdgeStore, rows: Vector) -> None:
    assert all(found(store, rows[n])[0] == n for n in range(0, COUNT, 500))
