"""What every store promises, over every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.stores import KINDS, StoreKind, store_kind
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookseek.errors import IndexDamaged, QueryError
from lookseek.filters import Not, matches, parse
from lookseek.store import Restriction, RoutingFilter, Store, VectorSpec
from lookseek.store.edge import EdgeStore
from lookseek.types import Point

LAYOUT = {
    "look": VectorSpec(16, "cosine"),
    "look_euclidean": VectorSpec(16, "euclidean"),
    "colour": VectorSpec(4, "cosine"),
}
EXACT = Restriction(exact=True)
CLOSE = 2e-3  # float16 keeps three decimals


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> StoreKind:
    return store_kind(request.param, request)


@pytest.fixture
def store(kind: StoreKind, tmp_path: Path) -> Iterator[Store]:
    made = kind.create(tmp_path / "store", LAYOUT)
    yield made
    made.close()


def vectors(seed: int, *, scale: float = 1.0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    look = random.standard_normal(16).astype(np.float32) * scale
    return {"look": look, "look_euclidean": look, "colour": random.random(4).astype(np.float32) + 0.01}


def point(name: str, seed: int | None = None, **attributes: Any) -> Point:
    made = vectors(abs(hash_of(name)) if seed is None else seed)
    return Point(name, made, attributes, hash=f"h-{name}", source=f"/photos/{name}.jpg", fingerprint="00ff" * 4)


def hash_of(name: str) -> int:
    return int.from_bytes(name.encode()[-6:], "big")


def many(count: int) -> list[Point]:
    colours = ("red", "green", "blue")
    return [point(f"item-{n:04d}", n, colour=colours[n % 3], price=n, sale=n % 2 == 0) for n in range(count)]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


# adding, getting, deleting


def test_what_was_added_comes_back(store: Store) -> None:
    added = point("áo dài / 1", colour="đỏ", price=4.5, sale=True, size=38)
    store.add([added])
    (got,) = store.get(["áo dài / 1"])
    assert got.attributes == {"colour": "đỏ", "price": 4.5, "sale": True, "size": 38}
    assert isinstance(got.attributes["size"], int)
    assert (got.hash, got.source, got.fingerprint) == (added.hash, added.source, added.fingerprint)
    unit = added.vectors["look"] / np.linalg.norm(added.vectors["look"])
    np.testing.assert_allclose(got.vectors["look"], unit, atol=CLOSE)
    np.testing.assert_allclose(got.vectors["look_euclidean"], added.vectors["look_euclidean"], atol=4 * CLOSE)
    assert got.vectors["look"].dtype == np.float32


def test_getting_keeps_the_order_and_passes_over_the_unknown(store: Store) -> None:
    store.add(many(5))
    got = store.get(["item-0003", "nobody", "item-0001", "item-0003"], vectors=False)
    assert [p.id for p in got] == ["item-0003", "item-0001", "item-0003"]
    assert all(p.vectors == {} for p in got)


def test_adding_again_replaces(store: Store) -> None:
    store.add([point("a", 1, colour="red"), point("b", 2)])
    store.add([point("a", 3, price=9)])
    (got,) = store.get(["a"])
    assert got.attributes == {"price": 9}
    np.testing.assert_allclose(cosine(got.vectors["look"], vectors(3)["look"]), 1, atol=CLOSE)
    assert store.count() == 2


def test_the_last_of_a_repeated_id_stays(store: Store) -> None:
    store.add([point("a", 1, n=1), point("a", 2, n=2)])
    assert store.count() == 1
    assert store.get(["a"])[0].attributes == {"n": 2}


def test_deleting(store: Store) -> None:
    store.add(many(6))
    assert store.delete(["item-0001", "item-0004", "nobody", "item-0001"]) == 2
    assert store.count() == 4
    assert store.get(["item-0001"]) == []
    found = store.search("look", vectors(1)["look"], 10)
    assert sorted(hit.id for hit in found) == ["item-0000", "item-0002", "item-0003", "item-0005"]


def test_deleting_nothing_and_adding_nothing(store: Store) -> None:
    store.add([])
    assert store.delete([]) == 0
    assert store.count() == 0


def test_everything_is_there_after_reopening(kind: StoreKind, tmp_path: Path) -> None:
    first = kind.create(tmp_path / "s", LAYOUT)
    first.add(many(30))
    first.delete(["item-0007"])
    first.add([point("item-0008", 99, colour="white")])
    before = first.search("look", vectors(3)["look"], 40)
    first.close()
    second = kind.open(tmp_path / "s", LAYOUT)
    assert second.count() == 29
    assert second.get(["item-0008"])[0].attributes == {"colour": "white"}
    assert second.search("look", vectors(3)["look"], 40) == before
    second.close()


def test_several_can_read_at_once(kind: StoreKind, tmp_path: Path) -> None:
    first = kind.create(tmp_path / "s", LAYOUT)
    first.add(many(10))
    first.close()
    readers = [kind.open(tmp_path / "s", LAYOUT) for _ in range(3)]
    assert [reader.count() for reader in readers] == [10, 10, 10]
    for reader in readers:
        reader.close()


def test_a_missing_folder_is_damage(kind: StoreKind, tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged, match="lookseek index"):
        kind.open(tmp_path / "nothing", LAYOUT)


@pytest.mark.parametrize("fill", [np.nan, np.inf, 0.0])
def test_unusable_vectors_are_refused_and_nothing_is_written(store: Store, fill: float) -> None:
    bad = Point("bad", {**vectors(1), "look": np.full(16, fill, np.float32)})
    with pytest.raises(QueryError, match="bad"):
        store.add([point("good", 1), bad])
    assert store.count() == 0


def test_wrong_dimensions_and_missing_vectors_are_refused(store: Store) -> None:
    with pytest.raises(QueryError, match=r"\(7,\).*\(16,\)"):
        store.add([Point("x", {**vectors(1), "look": np.ones(7, np.float32)})])
    with pytest.raises(QueryError, match="no vector 'colour'"):
        store.add([Point("x", {"look": np.ones(16, np.float32), "look_euclidean": np.ones(16, np.float32)})])


# searching


def brute(points: list[Point], using: str, query: np.ndarray) -> list[str]:
    def score(p: Point) -> float:
        v = p.vectors[using]
        return -float(np.linalg.norm(v - query)) if using == "look_euclidean" else cosine(v, query)

    return [p.id for p in sorted(points, key=lambda p: (-score(p), p.id))]


@pytest.mark.parametrize("using", LAYOUT)
@pytest.mark.parametrize("exact", [True, False])
def test_search_finds_the_nearest(store: Store, using: str, exact: bool) -> None:
    points = many(60)
    store.add(points)
    query = vectors(1001, scale=3.0)[using]
    found = store.search(using, query, 5, Restriction(exact=exact))
    expected = brute(points, using, query)
    assert len({hit.id for hit in found} & set(expected[:5])) >= 4  # float16 may swap neighbours
    assert found[0].id in expected[:2]
    best = next(p for p in points if p.id == found[0].id).vectors[using]
    truth = -float(np.linalg.norm(best - query)) if using == "look_euclidean" else cosine(best, query)
    assert found[0].score == pytest.approx(truth, abs=2 * CLOSE)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_cosine_ignores_length_and_euclidean_does_not(store: Store) -> None:
    near, far = np.zeros(16, np.float32), np.zeros(16, np.float32)
    near[:2], far[:2] = (1.0, 0.2), (9.0, 0.0)
    colour = np.ones(4, np.float32)
    store.add(
        [
            Point("near", {"look": near, "look_euclidean": near, "colour": colour}),
            Point("far", {"look": far, "look_euclidean": far, "colour": colour}),
        ]
    )
    query = np.zeros(16, np.float32)
    query[0] = 2.0
    assert store.search("look", query, 1)[0].id == "far"
    assert store.search("look_euclidean", query, 1)[0].id == "near"
    assert store.search("look_euclidean", query, 2)[1].score == pytest.approx(-7.0, abs=0.01)


def test_asking_for_more_than_there_is(store: Store) -> None:
    store.add(many(7))
    assert len(store.search("look", vectors(1)["look"], 1000)) == 7


def test_searching_an_empty_store(store: Store) -> None:
    assert store.search("look", vectors(1)["look"], 10) == []
    assert list(store.scan()) == []
    assert store.count() == 0


def test_equal_scores_come_by_id_wherever_the_cut_falls(store: Store) -> None:
    same = [point(f"t{n:02d}", 5) for n in (7, 3, 9, 1, 8, 2, 6, 4, 0, 5)]
    store.add(same[:5])
    store.add([*many(20), *same[5:]])
    for k in range(1, 12):
        found = [hit.id for hit in store.search("look", vectors(5)["look"], k)]
        assert found[:10] == ["item-0005", *(f"t{n:02d}" for n in range(10))][:k][:10]


def test_search_with_a_condition(store: Store) -> None:
    store.add(many(60))
    condition = parse("colour in (red, blue) and price < 30 and sale = true")
    found = store.search("look", vectors(3)["look"], 60, Restriction(condition))
    expected = {n for n in range(30) if n % 3 != 1 and n % 2 == 0}
    assert {int(hit.id[-4:]) for hit in found} == expected
    nothing = parse("colour = purple")
    assert store.search("look", vectors(3)["look"], 5, Restriction(nothing)) == []


def test_search_among_ids(store: Store) -> None:
    store.add(many(20))
    among = ["item-0004", "item-0011", "nobody"]
    found = store.search("look", vectors(3)["look"], 10, Restriction(among=among))
    assert sorted(hit.id for hit in found) == ["item-0004", "item-0011"]
    both = store.search("look", vectors(3)["look"], 10, Restriction(parse("price > 5"), among))
    assert [hit.id for hit in both] == ["item-0011"]
    assert store.search("look", vectors(3)["look"], 10, Restriction(among=[])) == []


@pytest.mark.parametrize("using", LAYOUT)
def test_scoring_ids_gives_what_a_search_gives_them(store: Store, using: str) -> None:
    store.add(many(30))
    query = vectors(1001, scale=3.0)[using]
    ids = ["item-0011", "nobody", "item-0004", "item-0023", "nobody else"]
    found = store.score(using, query, ids)
    assert [hit.id for hit in found] == ["item-0011", "item-0004", "item-0023"]
    searched = dict(store.search(using, query, 30, EXACT))
    assert [hit.score for hit in found] == pytest.approx([searched[hit.id] for hit in found], abs=2e-6)
    assert store.score(using, query, ["nobody"]) == store.score(using, query, []) == []
    with pytest.raises(QueryError, match="no vector 'shape'"):
        store.score("shape", query, ids)
    with pytest.raises(QueryError, match=r"the query.*\(3,\)"):
        store.score(using, np.ones(3, np.float32), ids)


def test_counts_scans_and_facets_go_by_the_whole_restriction(store: Store) -> None:
    store.add(many(30))
    store.declare({"colour": "words"})
    store.set_keys("svm", {f"item-{n:04d}": "even" for n in range(0, 30, 2)})
    among = [f"item-{n:04d}" for n in range(10)]
    few = Restriction(parse("colour in (red, blue)"), among, RoutingFilter("svm", ["even"]))
    expected = {f"item-{n:04d}" for n in (0, 2, 6, 8)}
    assert {p.id for p in store.scan(few)} == {hit.id for hit in store.search("look", vectors(3)["look"], 30, few)}
    assert {p.id for p in store.scan(few)} == expected
    assert store.count(few) == 4
    assert store.facet("colour", few) == [("blue", 2), ("red", 2)]


def test_bad_queries(store: Store) -> None:
    store.add(many(3))
    with pytest.raises(QueryError, match=r"'shape'.*look"):
        store.search("shape", np.ones(16, np.float32), 3)
    with pytest.raises(QueryError, match=r"the query.*\(3,\)"):
        store.search("look", np.ones(3, np.float32), 3)
    with pytest.raises(QueryError, match="NaN"):
        store.search("look", np.full(16, np.nan, np.float32), 3)


# routing keys


def keyed(count: int, cells: int = 4) -> dict[str, str]:
    return {f"item-{n:04d}": f"cell {n % cells}" for n in range(count)}


def test_a_search_within_keys_finds_their_points_alone(store: Store) -> None:
    store.add(many(40))
    store.set_keys("kmeans", keyed(40))
    query = vectors(3)["look"]
    for some in (["cell 1"], ["cell 3", "cell 0"], ["cell 2", "nobody has it"]):
        found = store.search("look", query, 50, Restriction(within=RoutingFilter("kmeans", some)))
        numbers = {int(key[-1]) for key in some if key.startswith("cell")}
        assert {int(hit.id[-4:]) for hit in found} == {n for n in range(40) if n % 4 in numbers}
        plain = [hit for hit in store.search("look", query, 50) if hit.id in dict(found)]
        assert found == plain  # the same scores in the same order
    assert store.search("look", query, 5, Restriction(within=RoutingFilter("kmeans", []))) == []
    assert store.search("look", query, 5, Restriction(within=RoutingFilter("svm", ["cell 1"]))) == []


def test_keys_go_together_with_conditions_and_ids(store: Store) -> None:
    store.add(many(40))
    store.set_keys("svm", keyed(40))
    query, within = vectors(3)["look"], RoutingFilter("svm", ["cell 0", "cell 1"])
    found = store.search("look", query, 50, Restriction(parse("price < 20 and sale = true"), within=within))
    assert {int(hit.id[-4:]) for hit in found} == {0, 4, 8, 12, 16}
    among = ["item-0004", "item-0005", "item-0006"]
    assert {hit.id for hit in store.search("look", query, 9, Restriction(within=within, among=among))} == set(among[:2])
    assert len(store.search("look", query, 3, Restriction(within=within))) == 3
    assert len(store.search("look_euclidean", query, 50, Restriction(within=within))) == 20


def test_keys_are_no_attributes(store: Store) -> None:
    store.add([point("a", 1, route="mine", svm="mine too"), *many(3)])
    store.set_keys("svm", {"a": "dress"})
    (got,) = store.get(["a"])
    assert got.attributes == {"route": "mine", "svm": "mine too"}
    for condition in ('svm = "dress"', 'route = "dress"', '`route.svm` = "dress"'):
        assert store.count(Restriction(parse(condition))) == 0
    assert store.count(Restriction(parse("route = mine"))) == 1


def test_points_are_keyed_anew_and_kinds_stand_apart(store: Store) -> None:
    store.add(many(4))
    store.set_keys("svm", {"item-0000": "a", "item-0001": 'q"uote \\ đầm', "nobody": "a"})
    store.set_keys("kmeans", {"item-0000": "7"})
    store.set_keys("svm", {"item-0000": "b"})

    def within(kind: Any, key: str) -> list[str]:
        return [
            hit.id
            for hit in store.search("look", vectors(0)["look"], 9, Restriction(within=RoutingFilter(kind, [key])))
        ]

    assert within("svm", "a") == []
    assert within("svm", "b") == ["item-0000"]
    assert within("svm", 'q"uote \\ đầm') == ["item-0001"]
    assert within("kmeans", "7") == ["item-0000"]
    assert store.count() == 4
    store.set_keys("svm", {})
    assert within("svm", "b") == ["item-0000"]


def test_a_point_that_is_added_again_has_no_key(store: Store) -> None:
    store.add(many(6))
    store.set_keys("svm", dict.fromkeys(keyed(6), "all"))
    store.add([point("item-0002", 2, colour="new")])
    store.delete(["item-0004"])
    store.add([point("item-0004", 4)])
    found = store.search("look", vectors(3)["look"], 9, Restriction(within=RoutingFilter("svm", ["all"])))
    assert {int(hit.id[-4:]) for hit in found} == {0, 1, 3, 5}


def test_keying_leaves_the_graph_whole(tmp_path: Path) -> None:
    store = EdgeStore.create(tmp_path / "s", LAYOUT)
    store.add(many(300))
    store.optimise(graph=True)
    before = store._shard.info().indexed_vectors_count
    assert before >= 300
    store.set_keys("svm", keyed(300))
    assert store._shard.info().indexed_vectors_count == before
    store.close()


def test_keys_survive_reopening_and_tidying_up(kind: StoreKind, tmp_path: Path) -> None:
    first = kind.create(tmp_path / "s", LAYOUT)
    first.add(many(300))
    first.optimise(graph=True)
    first.set_keys("kmeans", keyed(300))
    query, within = vectors(9)["look"], RoutingFilter("kmeans", ["cell 1", "cell 2"])
    before = first.search("look", query, 20, Restriction(within=within, exact=True))
    assert len(before) == 20
    first.close()
    second = kind.open(tmp_path / "s", LAYOUT)
    assert second.search("look", query, 20, Restriction(within=within, exact=True)) == before
    second.optimise(graph=True)
    assert second.search("look", query, 20, Restriction(within=within, exact=True)) == before
    second.close()
    third = kind.open(tmp_path / "s", LAYOUT)
    assert third.search("look", query, 20, Restriction(within=within, exact=True)) == before
    third.close()


# scanning, counting, facets


def test_scan_gives_each_point_once(store: Store) -> None:
    store.add(many(2100))  # more than two pages of the engine
    ids = [p.id for p in store.scan()]
    assert len(ids) == len(set(ids)) == 2100
    assert [p.id for p in store.scan()] == ids
    some = list(store.scan(Restriction(parse("price >= 2098")), vectors=True))
    assert sorted(p.id for p in some) == ["item-2098", "item-2099"]
    assert set(some[0].vectors) == set(LAYOUT)


def test_count_and_facets(store: Store) -> None:
    store.add(many(10))
    store.declare({"colour": "words", "sale": "boolean", "price": "number"})
    assert store.count(Restriction(parse("price >= 4"))) == 6
    assert store.facet("colour") == [("red", 4), ("blue", 3), ("green", 3)]
    assert store.facet("colour", limit=1) == [("red", 4)]
    assert store.facet("sale", Restriction(parse("price < 3"))) == [(True, 2), (False, 1)]
    store.add([point("new", 77, colour="red")])
    assert store.facet("colour")[0] == ("red", 5)


def test_facets_of_undeclared_fields_and_numbers_are_refused(store: Store) -> None:
    store.add(many(3))
    with pytest.raises(QueryError, match="colour"):
        store.facet("colour")
    store.declare({"price": "number"})
    with pytest.raises(QueryError, match="price"):
        store.facet("price")


def test_declared_fields_survive_reopening_and_may_change_kind(kind: StoreKind, tmp_path: Path) -> None:
    first = kind.create(tmp_path / "s", LAYOUT)
    first.add(many(9))
    first.declare({"price": "words", "colour": "number"})
    first.declare({"price": "number", "colour": "words"})
    first.close()
    second = kind.open(tmp_path / "s", LAYOUT)
    assert second.facet("colour") == [("blue", 3), ("green", 3), ("red", 3)]
    assert second.count(Restriction(parse("price < 4"))) == 4
    second.close()


def test_any_name_can_be_declared(store: Store) -> None:
    names = ['quo"te', "quo%22te", "back\\slash", "end\\", "100%", "a.b[]", "màu sắc"]
    store.add([Point("x", vectors(1), {name: str(n) for n, name in enumerate(names)})])
    store.declare(dict.fromkeys(names, "words"))
    assert store.get(["x"])[0].attributes == {name: str(n) for n, name in enumerate(names)}
    assert [store.facet(name) for name in names] == [[(str(n), 1)] for n in range(len(names))]


def test_same_content(store: Store) -> None:
    twins = [Point(name, vectors(n), {}, hash="same") for n, name in enumerate(("b", "a", "c"))]
    store.add([*twins, *many(3), Point("no hash", vectors(9)), Point("none either", vectors(8))])
    assert store.same_content() == {"same": ["a", "b", "c"]}


def test_optimise_keeps_everything(store: Store) -> None:
    for start in range(0, 300, 50):
        store.add(many(300)[start : start + 50])
    store.delete([f"item-{n:04d}" for n in range(0, 100)])
    store.declare({"colour": "words"})
    before = store.search("look", vectors(200)["look"], 20, EXACT)
    store.optimise(graph=True)
    assert store.count() == 200
    assert store.search("look", vectors(200)["look"], 20, EXACT) == before
    with_graph = store.search("look", vectors(200)["look"], 20)
    assert len({h.id for h in with_graph} & {h.id for h in before}) >= 18
    store.add([point("later", 200)])
    assert {hit.id for hit in store.search("look", vectors(200)["look"], 2)} == {"later", "item-0200"}


# asking by examples


def by_hand(points: list[Point], using: str, like: list[str], unlike: list[str]) -> list[str]:
    """The average-vector strategy, spelled out; under cosine every vector counts with length 1."""

    def rows(ids: list[str]) -> np.ndarray:
        made = np.array([{p.id: p for p in points}[id_].vectors[using] for id_ in ids])
        return made if using == "look_euclidean" else made / np.linalg.norm(made, axis=1, keepdims=True)

    mean = rows(like).mean(axis=0)
    query = mean + (mean - rows(unlike).mean(axis=0) if unlike else 0)
    return brute([p for p in points if p.id not in {*like, *unlike}], using, query)


@pytest.mark.parametrize("using", ["look", "look_euclidean", "colour"])
@pytest.mark.parametrize(("like", "unlike"), [([3], []), ([3, 7], []), ([3], [9]), ([3, 7, 7], [9, 11, 30])])
def test_examples_are_searched_by_their_average(store: Store, using: str, like: list[int], unlike: list[int]) -> None:
    points = many(60)
    store.add(points)
    liked, others = ([f"item-{n:04d}" for n in ids] for ids in (like, unlike))
    found = store.recommend(using, liked, others, 8)
    assert [hit.id for hit in found] == by_hand(points, using, liked, others)[:8]
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_one_example_asks_as_its_own_vector_does(store: Store) -> None:
    store.add(many(40))
    (liked,) = store.get(["item-0005"])
    nearest = store.search("look", liked.vectors["look"], 11)
    assert nearest[0].id == "item-0005"
    got = store.recommend("look", ["item-0005"], [], 10)
    assert [hit.id for hit in got] == [hit.id for hit in nearest[1:]]
    assert [hit.score for hit in got] == pytest.approx([hit.score for hit in nearest[1:]], abs=CLOSE)


def test_examples_are_never_answers_and_need_not_meet_the_filter(store: Store) -> None:
    store.add(many(30))
    wanted = parse("colour = red")
    got = store.recommend("look", ["item-0001", "item-0003"], ["item-0005"], 40, Restriction(wanted))
    assert sorted(hit.id for hit in got) == [f"item-{n:04d}" for n in range(0, 30, 3) if n != 3]
    assert len(store.recommend("look", ["item-0001"], ["item-0002"], 40)) == 28
    assert store.recommend("look", ["item-0001"], [], 2) == store.recommend("look", ["item-0001"], [], 40)[:2]
    store.set_keys("kmeans", {f"item-{n:04d}": "even" for n in range(0, 30, 2)})
    keyed = store.recommend("look", ["item-0004"], [], 40, Restriction(within=RoutingFilter("kmeans", ["even"])))
    assert {hit.id for hit in keyed} == {f"item-{n:04d}" for n in range(0, 30, 2)} - {"item-0004"}


def test_examples_that_can_t_be_asked_by_are_refused(store: Store) -> None:
    store.add(many(3))
    with pytest.raises(QueryError, match="no item 'nobody', 'none', 'x' and 1 more"):
        store.recommend("look", ["item-0001", "nobody", "none"], ["x", "y"], 5)
    with pytest.raises(QueryError, match="nothing is liked"):
        store.recommend("look", [], ["item-0001"], 5)
    with pytest.raises(QueryError, match="no vector 'shape'"):
        store.recommend("shape", ["item-0001"], [], 5)
    up = {**vectors(1), "look": np.eye(16, dtype=np.float32)[0]}
    store.add([Point("up", up), Point("down", {**up, "look": -up["look"]})])
    with pytest.raises(QueryError, match="cancel each other"):
        store.recommend("look", ["up", "down"], [], 5)


# conditions mean the same everywhere

NAMES = st.sampled_from(["a", "Base Colour", "b.c", 'quo"te', "back\\slash", "100%", "a%22b", "màu"])
VALUES = st.one_of(
    st.sampled_from(["red", "đỏ", "2012", "true", "1", ""]),
    st.integers(-3, 3),
    st.sampled_from([2012, 1.5, -0.5, 1e9]),
    st.booleans(),
)


DATES = st.sampled_from(
    ["2026-01-05", "2026-01-06", "2026-1-4", "2026-01-05T09:30", "2026-01-05T02:30:00Z", "0001-01-01", "9999-12-31"]
)


@st.composite
def conditions(draw: st.DrawFn) -> Any:
    from lookseek.filters import And, Compare, In, Not, Or

    leaf = st.one_of(
        st.builds(Compare, NAMES, st.sampled_from(["=", "!="]), VALUES),
        st.builds(Compare, NAMES, st.sampled_from(["<", "<=", ">", ">="]), st.floats(-5, 2100)),
        st.builds(Compare, NAMES, st.sampled_from(["<", "<=", ">", ">="]), DATES),
        st.builds(In, NAMES, st.lists(VALUES, min_size=1, max_size=3).map(tuple), st.booleans()),
    )
    pair = lambda inner: st.lists(inner, min_size=2, max_size=3).map(tuple)  # noqa: E731
    tree = st.recursive(
        leaf, lambda inner: st.one_of(st.builds(Not, inner), pair(inner).map(And), pair(inner).map(Or)), max_leaves=5
    )
    return draw(tree)


@pytest.fixture(scope="module", params=KINDS)
def varied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    random = np.random.default_rng(0)
    pool: list[Any] = ["red", "đỏ", "2012", "true", "1", "", 1, -2, 0, 2012, 1.5, -0.5, True, False]
    pool += ["2026-01-05", "2026-01-05T09:30", "2026-01-05T09:30:00+07:00", "2026-01-05 23:59:59.5", "2026-02-30"]
    pool += [("red", "2026-01-06"), ("2026-01-04", "2026-01-06"), "2026-01-05x", "2026"]
    names = ["a", "Base Colour", "b.c", 'quo"te', "back\\slash", "100%", "a%22b", "màu"]
    points = []
    for n in range(120):
        chosen = {name: pool[random.integers(len(pool))] for name in names if random.random() < 0.7}
        points.append(Point(f"p{n}", vectors(n), chosen))
    made = store_kind(request.param, request).create(tmp_path_factory.mktemp("varied") / "s", LAYOUT)
    made.add(points)
    yield made, points
    made.close()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(condition=conditions())
def test_conditions_mean_what_the_reference_says(varied: Any, condition: Any) -> None:
    store, points = varied
    expected = {p.id for p in points if matches(condition, p.attributes)}
    assert {p.id for p in store.scan(Restriction(condition))} == expected
    assert store.count(Restriction(condition)) == len(expected)


def test_equal_to_one_of_many_is_found_among_numbers_and_words(store: Store) -> None:
    """As many comparisons as values once read each item's attributes as often."""
    values: list[Any] = [1, 2.5, "2", "red", True, "true", 7, ("7", "x")]
    store.add([point(str(n), mixed=value) for n, value in enumerate(values)])
    store.declare({"mixed": "words"})
    for text in ("mixed in (1, 7)", "mixed = 1 or mixed = 7", "mixed in (0, 2, 2.5)", 'mixed in ("red", true, 7)'):
        condition = parse(text)
        wanted = {str(n) for n, value in enumerate(values) if matches(condition, {"mixed": value})}
        assert {one.id for one in store.scan(Restriction(condition))} == wanted, text
        negated = {one.id for one in store.scan(Restriction(Not(condition)))}
        assert negated == {str(n) for n in range(len(values))} - wanted
