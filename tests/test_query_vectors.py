"""Queries of words, changes, sums and examples: what is asked, what comes back, what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed
from helpers.worded import PAINTED, paint, write_worded, write_worded_index
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lookseek.errors import ImageError, QueryError
from lookseek.query import Query, Term
from lookseek.query_checks import MAX_EXAMPLES, MAX_TERMS, MAX_WEIGHT
from lookseek.search import Searcher
from lookseek.search.vector_sum import WeightedVector, shares_of, unique_labels, weighted_sum
from lookseek.store import ScoredId, Store, VectorSpec, create_store
from lookseek.types import Box, Point


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return write_worded_index(tmp_path_factory.mktemp("shop"), metric="euclidean")


@pytest.fixture(scope="module")
def searcher(shop: tuple[Path, Path, Path]) -> Searcher:
    return Searcher(shop[2])


def photo(shop: tuple[Path, Path, Path], name: str) -> Path:
    return next(shop[0].rglob(f"{name}.png"))


def names(searcher: Searcher, query: Query) -> list[str]:
    return [Path(hit.id).stem for hit in searcher.search(query).hits]


# words and changes


@pytest.mark.parametrize(("text", "first"), [("red", "red"), ("đỏ", "red"), ("blue", "blue"), ("yellow", "yellow")])
def test_words_find_what_they_say(searcher: Searcher, text: str, first: str) -> None:
    results = searcher.search(Query(text=text, k=3))
    assert Path(results.hits[0].id).stem == first
    assert results.hits[0].score == pytest.approx(1, abs=0.01)
    assert [hit.shares for hit in results.hits] == [{"look": hit.score} for hit in results.hits]


def test_words_go_together_with_filters_and_hidden_copies(searcher: Searcher) -> None:
    assert names(searcher, Query(text="red", k=1, filter="folder = cold")) == ["lime"]
    assert names(searcher, Query(text="red", k=1, hide_duplicates=True)) == ["red"]
    assert len(names(searcher, Query(text="red", k=100, exact=True))) == len(PAINTED)


def test_a_change_goes_through_a_composer(shop: tuple[Path, Path, Path], searcher: Searcher) -> None:
    """The model's own is the difference: words minus photo. The sum of red and green is yellow."""
    query = Query(image=photo(shop, "red"), text="green", k=3)
    assert names(searcher, replace(query, composer="sum"))[0] == "yellow"
    assert names(searcher, replace(query, composer="slerp"))[0] == "yellow"
    assert names(searcher, replace(query, composer="slerp:0.05"))[0] == "red"
    own = searcher.search(query)
    assert own.hits == searcher.search(replace(query, composer="difference")).hits
    assert Path(own.hits[0].id).stem != "yellow"
    assert set(own.hits[0].shares) == {"look"}
    with pytest.raises(QueryError, match=r"no composer 'mean'.*sum, slerp, slerp:WEIGHT, difference"):
        searcher.search(replace(query, composer="mean"))


def test_a_photo_alone_is_asked_as_ever(shop: tuple[Path, Path, Path], searcher: Searcher) -> None:
    query = Query(image=photo(shop, "pink"), k=4)
    hits = searcher.search(query).hits
    assert set(hits[0].shares) == {"look", "colour"}
    assert searcher.search(replace(query, image_weight=0.3)).hits == hits


# sums


def test_parts_are_added_and_taken_away(shop: tuple[Path, Path, Path], searcher: Searcher) -> None:
    red = photo(shop, "red")
    assert names(searcher, Query(image=red, plus=(Term("green"),)))[0] == "yellow"
    assert names(searcher, Query(text="red", plus=(Term(photo=photo(shop, "green")),)))[0] == "yellow"
    assert names(searcher, Query(plus=(Term("red"), Term("blue"))))[0] == "violet"
    assert names(searcher, Query(image=photo(shop, "yellow"), minus=(Term("red", weight=0.7),)))[0] == "green"
    assert names(searcher, Query(image=red, plus=(Term("green", weight=0.01),)))[0] == "red"
    assert names(searcher, Query(image=red, plus=(Term("green", weight=100),)))[0] == "green"
    assert names(searcher, Query(image=red, image_weight=100, plus=(Term("green"),)))[0] == "red"


def test_a_box_means_the_query_s_own_photo(shop: tuple[Path, Path, Path], searcher: Searcher, tmp_path: Path) -> None:
    half = paint(tmp_path / "half.png", PAINTED["red"])
    from lookseek import images

    both = np.concatenate([images.decode(half), images.decode(photo(shop, "blue"))], axis=1)
    half.write_bytes(images.to_png(both))
    query = Query(image=half, box=Box(24, 0, 24, 24), plus=(Term(photo=half, weight=0.01),))
    assert names(searcher, query)[0] == "blue"


def test_shares_have_the_names_of_the_parts_and_sum_to_the_score(
    shop: tuple[Path, Path, Path], searcher: Searcher
) -> None:
    query = Query(
        image=photo(shop, "red"),
        text="green",
        plus=(Term("blue", weight=0.5), Term(" blue "), Term(photo=photo(shop, "lime")), Term(photo=b"", weight=1)),
        minus=(Term("blue"),),
        k=100,
    )
    bytes_of = replace(query.plus[3], photo=photo(shop, "pink").read_bytes())
    query = replace(query, plus=(*query.plus[:3], bytes_of))
    hits = searcher.search(query).hits
    assert len(hits) == len(PAINTED)
    for hit in hits:
        assert list(hit.shares) == ["photo+words", "+blue", "+blue (2)", "+lime.png", "+photo", "-blue"]
        assert sum(hit.shares.values()) == pytest.approx(hit.score, abs=1e-9)
        assert hit.shares["-blue"] <= 1e-6
        assert hit.shares["+blue (2)"] == pytest.approx(-hit.shares["-blue"], abs=1e-3)
    assert {*searcher.search(Query(text="red", minus=(Term("blue"),))).hits[0].shares} == {"words", "-blue"}
    alone = searcher.search(Query(image=photo(shop, "red"), minus=(Term("blue"),))).hits[0].shares
    assert {*alone} == {"photo", "-blue"}


def test_parts_that_cancel_each_other_are_refused(shop: tuple[Path, Path, Path], searcher: Searcher) -> None:
    with pytest.raises(QueryError, match=r"cancel each other \(words, -red\)"):
        searcher.search(Query(text="red", minus=(Term("red"),)))
    with pytest.raises(QueryError, match="cancel"):
        searcher.search(Query(text="red", plus=(Term("not red", weight=1.0001),)))


def test_a_part_without_direction_is_refused(shop: tuple[Path, Path, Path], searcher: Searcher, tmp_path: Path) -> None:
    black = paint(tmp_path / "black.png", (0, 0, 0))
    with pytest.raises(QueryError, match=r"\+black.png is all zeros"):
        searcher.search(Query(text="red", plus=(Term(photo=black),)))


def test_a_photo_that_can_t_be_used_is_said(searcher: Searcher, tmp_path: Path) -> None:
    with pytest.raises(ImageError):
        searcher.search(Query(text="red", plus=(Term(photo=b"<svg/>"),)))
    with pytest.raises(ImageError):
        searcher.search(Query(image=b"", text="red"))


# examples


def test_examples_find_what_is_like_them(searcher: Searcher) -> None:
    query = Query(like=("warm/red.png", "cold/green.png"), k=3)
    results = searcher.search(query)
    assert Path(results.hits[0].id).stem == "yellow"
    assert not {"warm/red.png", "cold/green.png"} & {hit.id for hit in results.hits}
    assert [hit.shares for hit in results.hits] == [{"look": hit.score} for hit in results.hits]
    liked = names(searcher, Query(like=("warm/white.png",)))
    moved = names(searcher, Query(like=("warm/white.png",), unlike=("warm/red.png",)))
    assert liked.index("pink") < liked.index("lime")
    assert moved.index("pink") > moved.index("lime")
    assert names(searcher, replace(query, filter="folder = cold", hide_duplicates=True))[0] == "lime"
    with pytest.raises(QueryError, match=r"no item 'nobody'"):
        searcher.search(Query(like=("nobody",)))
    set_of = searcher.embed(query)
    assert set(set_of) == {"look"}


def test_an_item_is_asked_with_as_its_photo_is(searcher: Searcher, shop: tuple[Path, Path, Path]) -> None:
    own = photo(shop, "red")
    for more in ({}, {"text": "green"}, {"plus": (Term("blue", weight=0.5),)}, {"text": "green", "composer": "slerp"}):
        by_item = searcher.search(Query(item="warm/red.png", k=3, **more))  # type: ignore[arg-type]
        by_photo = searcher.search(Query(image=own, k=4, **more))  # type: ignore[arg-type]
        others = [hit for hit in by_photo.hits if hit.id != "warm/red.png"][:3]
        assert [hit.id for hit in by_item.hits] == [hit.id for hit in others]
        for one, other in zip(by_item.hits, others, strict=True):
            assert one.score == pytest.approx(other.score, abs=2e-3)  # stores round vectors
            assert one.shares.keys() == other.shares.keys()
    with pytest.raises(QueryError, match="no item 'nobody'"):
        searcher.search(Query(item="nobody"))
    with pytest.raises(QueryError, match="no item 'nobody'"):
        searcher.search(Query(item="nobody", text="red"))


def test_what_was_liked_and_disliked_moves_a_search(searcher: Searcher, shop: tuple[Path, Path, Path]) -> None:
    for asked in (Query(text="white", k=8), Query(image=photo(shop, "white"), k=8), Query(item="warm/pink.png", k=8)):
        before = names(searcher, asked)
        last = before[-1]
        liked_id = next(hit.id for hit in searcher.search(asked).hits if Path(hit.id).stem == last)
        moved = searcher.search(replace(asked, like=(liked_id,)))
        assert [Path(hit.id).stem for hit in moved.hits].index(last) < before.index(last)
        assert "liked" in moved.hits[0].shares
        first_id = searcher.search(asked).hits[0].id
        without = searcher.search(replace(asked, unlike=(first_id,)))
        assert first_id not in {hit.id for hit in without.hits}
        assert len(without.hits) == len(before) or len(without.hits) == len(before) - 1
        for hit in (*moved.hits, *without.hits):
            assert sum(hit.shares.values()) == pytest.approx(hit.score, abs=1e-5)
        assert all(hit.shares["disliked"] == pytest.approx(0, abs=1) for hit in without.hits)


def test_routers_take_words_changes_and_examples(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from lookseek.index.routing import route_index

    random = np.random.default_rng(0)
    for n in range(40):
        red, green, blue = (int(value) for value in random.integers(5, 250, 3))
        paint(tmp_path / "photos" / f"{n:02d}.png", (red, green, blue))
    model = write_worded(tmp_path / "model")
    indexed(tmp_path / "photos", tmp_path / "index", model=str(model))
    route_index(tmp_path / "index", "kmeans", by=None, preset="baseline", cells=4, progress=Heard())
    photo = (tmp_path / "photos" / "07.png").read_bytes()
    with Searcher(tmp_path / "index") as searcher:
        for query in (
            Query(text="red", k=3),
            Query(image=photo, text="red", k=3),
            Query(image=photo, minus=(Term("red"),), k=3),
            Query(like=("00.png",), unlike=("09.png",), k=3),
        ):
            results = searcher.search(replace(query, route="kmeans", route_mode="hard"))
            assert results.routed is not None
            assert 3 <= results.routed.visited < 40
            assert results.hits[0].score == pytest.approx(searcher.search(query).hits[0].score, abs=0.1)


# what is refused where it is made


ONE = Term("red")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "the query is empty: give a photo, words, or the ids"),
        ({"text": " \t"}, "blank"),
        ({"minus": (ONE,)}, "only what it is not"),
        ({"unlike": ("a",)}, "only what it is unlike"),
        ({"like": ("a",), "unlike": ("a",)}, "'a' is among like and unlike"),
        ({"image": b"a", "item": "b"}, "a photo and the item 'b' in its place"),
        ({"like": ("a",) * (MAX_EXAMPLES + 1)}, "100 are allowed"),
        ({"plus": (ONE,) * (MAX_TERMS + 1)}, "33 terms, 32 are allowed"),
        ({"text": "red", "box": Box(0, 0, 1, 1)}, "give a photo or leave it out"),
        ({"text": "red", "image_weight": 0.5}, "there is no photo"),
        ({"image": b"x", "text": "red", "image_weight": 0.5}, "takes none: leave it out, or add the words up"),
        ({"image": b"x", "image_weight": 0.0}, "weight of the photo is 0.0"),
        ({"image": b"x", "image_weight": math.nan}, "weight of the photo is nan"),
        ({"image": b"x", "composer": "sum"}, "joins a photo with words"),
        ({"text": "red", "composer": "sum"}, "joins a photo with words"),
        ({"text": "red", "metric": "euclidean"}, "use metric cosine, or a photo alone"),
        ({"image": b"x", "plus": (ONE,), "metric": "euclidean"}, "by cosine only"),
        ({"text": "red", "colour_weight": 0.0}, "goes with a photo alone"),
        ({"image": b"x", "text": "red", "colour_weight": 0.5}, "have no colours to compare"),
        ({"like": ("a",), "colour_weight": 0.5}, "goes with a photo alone"),
    ],
)
def test_queries_that_make_no_sense_are_never_made(asked: dict[str, object], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        Query(**asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({}, "words or a photo"),
        ({"text": "  "}, "words or a photo"),
        ({"text": "a", "photo": b"x"}, "words or a photo"),
        *(({"text": "a", "weight": w}, "above 0, at most 1000") for w in (0, -1, math.nan, math.inf, MAX_WEIGHT * 2)),
    ],
)
def test_terms_that_make_no_sense_are_never_made(made: dict[str, object], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        Term(**made)  # type: ignore[arg-type]


def test_a_model_that_sees_only_says_what_helps(ready: tuple[Path, Path]) -> None:
    with Searcher(ready[1]) as searcher:
        for query in (Query(text="red"), Query(like=("x",), k=1)):
            with pytest.raises(QueryError) as error:
                searcher.search(query)
    with Searcher(ready[1]) as searcher, pytest.raises(QueryError, match="reads no words: index again with"):
        searcher.search(Query(image=b"x", text="red"))
    assert "no item 'x'" in str(error.value)


# weighted sums


DIM = 4
NUMBERS = st.floats(-1, 1, width=32).map(lambda x: round(x, 3))
DIRECTIONS = st.lists(NUMBERS, min_size=DIM, max_size=DIM).filter(lambda v: sum(x * x for x in v) > 1e-2)
WEIGHTS = st.floats(0.01, 10) | st.floats(-10, -0.01)


def parts_of(rows: list[tuple[list[float], float]]) -> list[WeightedVector]:
    return [WeightedVector(f"part {n}", w, np.array(v, np.float32)) for n, (v, w) in enumerate(rows)]


PARTS = st.lists(st.tuples(DIRECTIONS, WEIGHTS), min_size=1, max_size=6).map(parts_of)


def by_hand(parts: list[WeightedVector]) -> np.ndarray:
    return np.sum([p.weight * p.vector.astype(float) / np.linalg.norm(p.vector.astype(float)) for p in parts], axis=0)


def stays(parts: list[WeightedVector]) -> None:
    assume(np.linalg.norm(by_hand(parts)) > 0.05 * sum(abs(p.weight) for p in parts))


@pytest.fixture(scope="module", params=["numpy", "edge"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = create_store(request.param, tmp_path_factory.mktemp("sums") / "s", {"look": VectorSpec(DIM, "cosine")})
    rows = np.random.default_rng(5).standard_normal((40, DIM)).astype(np.float32)
    store.add([Point(f"{n:02d}", {"look": row}) for n, row in enumerate(rows)])
    return store


@given(parts=PARTS)
def test_a_sum_is_the_weighted_sum_of_directions_at_length_1(parts: list[WeightedVector]) -> None:
    stays(parts)
    truth = by_hand(parts)
    np.testing.assert_allclose(weighted_sum(parts), truth / np.linalg.norm(truth), atol=1e-6)


@given(parts=PARTS, data=st.data(), times=st.sampled_from([0.5, 2, 3.7, 100]))
def test_neither_order_nor_scale_nor_length_changes_a_sum(
    parts: list[WeightedVector], data: st.DataObject, times: float
) -> None:
    stays(parts)
    first = weighted_sum(parts)
    np.testing.assert_allclose(weighted_sum(data.draw(st.permutations(parts))), first, atol=1e-6)
    np.testing.assert_allclose(weighted_sum([replace(p, weight=times * p.weight) for p in parts]), first, atol=1e-6)
    np.testing.assert_allclose(weighted_sum([replace(p, vector=7 * p.vector) for p in parts]), first, atol=1e-6)


@given(parts=PARTS)
def test_taking_away_is_adding_the_opposite(parts: list[WeightedVector]) -> None:
    stays(parts)
    turned = [replace(p, weight=-p.weight, vector=-p.vector) for p in parts]
    np.testing.assert_allclose(weighted_sum(turned), weighted_sum(parts), atol=1e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(parts=PARTS)
def test_shares_sum_to_the_score_and_are_the_parts_own(filled: Store, parts: list[WeightedVector]) -> None:
    stays(parts)
    found = filled.search("look", weighted_sum(parts), 12)
    shares = shares_of(filled, "look", parts, found)
    length = np.linalg.norm(by_hand(parts))
    stored = {point.id: point.vectors["look"] for point in filled.get([scored.id for scored in found])}
    for scored in found:
        assert sum(shares[scored.id].values()) == pytest.approx(scored.score, abs=1e-9)
        for part in parts:
            cosine = float(stored[scored.id] @ part.vector / np.linalg.norm(part.vector))
            assert shares[scored.id][part.label] == pytest.approx(part.weight * cosine / length, abs=0.05)
    assert shares_of(filled, "look", parts, []) == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    names=st.lists(st.sampled_from(sorted(PAINTED)), min_size=2, max_size=4, unique=True),
    weights=st.lists(st.floats(0.1, 5), min_size=4, max_size=4),
    taken=st.booleans(),
)
def test_queries_are_sums_too(
    shop: tuple[Path, Path, Path], searcher: Searcher, names: list[str], weights: list[float], taken: bool
) -> None:
    """Doubling all weights and changing the order of terms changes neither hits nor scores, in a search either."""
    terms = [Term(photo=photo(shop, name), weight=weight) for name, weight in zip(names, weights, strict=False)]
    minus = tuple(terms[:1]) if taken and len(terms) > 2 else ()
    plus = tuple(terms[len(minus) :])
    first = searcher.search(Query(plus=plus, minus=minus)).hits
    double = tuple(replace(term, weight=2 * term.weight) for term in plus)
    doubled = searcher.search(Query(plus=double, minus=tuple(replace(t, weight=2 * t.weight) for t in minus))).hits
    turned = searcher.search(Query(plus=plus[::-1], minus=minus)).hits
    own = searcher.search(
        Query(image=plus[0].photo, image_weight=plus[0].weight, plus=plus[1:], minus=minus)
        if len(plus) + len(minus) > 1
        else Query(plus=plus)
    ).hits
    for other in (doubled, turned, own):
        assert [hit.id for hit in other] == [hit.id for hit in first]
        assert [hit.score for hit in other] == pytest.approx([hit.score for hit in first], abs=2e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    words=st.lists(st.sampled_from(["red", "green", "blue", "đỏ"]), min_size=2, max_size=4),
    weights=st.lists(st.floats(0.1, 5), min_size=4, max_size=4),
    taken=st.integers(0, 2),
)
def test_minus_is_plus_with_a_weight_below_0(
    searcher: Searcher, words: list[str], weights: list[float], taken: int
) -> None:
    """Terms have weights above 0 alone; what minus makes of them is what the sum makes of a negative one."""
    terms = [Term(word, weight=weight) for word, weight in zip(words, weights, strict=False)]
    minus, plus = terms[: min(taken, len(terms) - 1)], terms[min(taken, len(terms) - 1) :]
    parts = [
        WeightedVector(term.text, sign * term.weight, searcher.embed(Query(text=term.text))["look"])
        for sign, some in ((1, plus), (-1, minus))
        for term in some
    ]
    stays(parts)
    asked = searcher.embed(Query(plus=tuple(plus), minus=tuple(minus)))["look"]
    np.testing.assert_allclose(asked, weighted_sum(parts), atol=1e-5)


def test_labels_are_told_apart() -> None:
    assert unique_labels(["+a", "+a (2)", "+a", "+a"]) == ["+a", "+a (2)", "+a (3)", "+a (4)"]


def test_a_store_that_can_t_compare_is_damaged(filled: Store) -> None:
    from lookseek.errors import IndexDamaged

    part = WeightedVector("photo", 1.0, np.ones(DIM, np.float32))
    with pytest.raises(IndexDamaged, match="lookseek check"):
        shares_of(filled, "look", [part], [ScoredId("nobody", 0.5)])
