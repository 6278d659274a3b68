"""The page's state: an address and back, whatever somebody puts into one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="serving needs lookseek[serve]")

from lookseek.errors import LookseekError, QueryError
from lookseek.filters import matches
from lookseek.filters import parse as parse_filter
from lookseek.serve.page.facets import condition_of, filter_of, number_range
from lookseek.serve.page.language import chosen_language, texts_of
from lookseek.serve.page.parameters import back_to, parse, parse_query
from lookseek.serve.page.state import DEFAULT_K, MAX_K, MAX_STEPS, State, query_of
from lookseek.types import Box

NAMES = st.sampled_from(
    ("photo", "box", "text", "plus", "minus", "like", "unlike", "k", "metric", "method", "dup", "step", "lang")
) | st.sampled_from(("f.colour", "f.price", "f.", "f.a b=c&d", "low.price", "high.price", "nobody", "f.f.f"))
HOSTILE = st.sampled_from(
    (
        "i:a",
        "u:b",
        "i:",
        "u:<script>",
        "1,2,3,4",
        "-1,0,1,1",
        "nan,1,1,1",
        "1e999,1,1,1",
        "0",
        "200",
        "9" * 50,
        "..5",
        "1..",
    )
) | st.sampled_from(
    ("euclidean", "svm", "kmeans", "vi", "1", "photo=i%3Aa&text=red", "step=step%3Dstep", "\ud800", "\0")
)
PAIRS = st.lists(st.tuples(NAMES | st.text(), HOSTILE | st.text()), max_size=30)


@given(PAIRS)
def test_whatever_is_given_is_a_state_whose_address_means_the_same(pairs: list[tuple[str, str]]) -> None:
    state = parse(pairs)
    assert parse_query(state.query_string()) == state
    assert parse(parse_qsl(state.address().partition("?")[2], keep_blank_values=True)) == state
    assert state.address().isascii()
    assert len(state.steps) <= MAX_STEPS
    assert 1 <= state.k <= MAX_K


@given(PAIRS)
def test_whatever_is_done_to_a_state_leads_to_one_that_has_an_address(pairs: list[tuple[str, str]]) -> None:
    state = parse(pairs)
    after = [
        state.with_photo("i:a"),
        state.with_upload("b", gone=True),
        state.with_upload("b", gone=False),
        state.without_photo(),
        state.whole(),
        state.judged("a", good=True),
        state.judged("a", good=False),
        state.toggled("colour", "red"),
        state.cleared(),
        state.cleared("colour"),
        *(back_to(state, number) for number in range(len(state.steps))),
        *(state.without("plus", words) for words in state.plus),
    ]
    for one in after:
        assert parse_query(one.query_string()) == one


@given(PAIRS)
def test_a_query_is_made_or_refused_in_words(pairs: list[tuple[str, str]]) -> None:
    state = parse(pairs)
    kinds: dict[str, Any] = {"colour": "words", "price": "number", "a b=c&d": "boolean"}
    try:
        query = query_of(state, b"photo" if state.upload else None, filter_of(state.chosen(), kinds), method="none")
    except LookseekError as error:
        assert str(error)
        return
    assert state.asks
    assert query.k == state.k
    assert query.item == state.item
    if query.filter:
        assert parse_filter(query.filter) == condition_of(state.chosen(), kinds)


def test_a_state_says_only_what_is_not_as_at_first() -> None:
    assert State().address() == "/"
    state = parse_query(
        "photo=u:abc&box=1,2,30,40&text=but+red&plus=long&minus=logo&like=a&k=48&dup=1&f.colour=red&nobody=1"
    )
    assert state.box == (1, 2, 30, 40)
    assert state.facets == (("colour", "red"),)
    assert parse_qsl(state.query_string()) == [
        ("photo", "u:abc"),
        ("box", "1,2,30,40"),
        ("text", "but red"),
        ("plus", "long"),
        ("minus", "logo"),
        ("like", "a"),
        ("f.colour", "red"),
        ("k", "48"),
        ("dup", "1"),
    ]


def test_fields_of_forms_are_read() -> None:
    assert parse_query("photo=u:a&box=1&box=2&box=3&box=4").box == (1, 2, 3, 4)
    assert parse_query("text=++&plus=&minus=").text == ""
    assert parse_query("low.price=10&high.price=").facets == (("price", "10.."),)
    assert parse_query("low.price=&high.price=").facets == ()
    assert parse_query("dup=on").dup
    assert parse_query("photo=i:a&box=1,2,3,4").box is None  # an item's photo is searched with whole
    assert parse_query("k=").k == DEFAULT_K
    assert parse_query("k=99999").k == MAX_K


def test_a_dialogue_leaves_a_trail_that_leads_back() -> None:
    first = parse_query("photo=u:abc&text=in+red&f.size=M&box=1,2,3,4")
    second = first.with_photo("i:one")
    assert (second.photo, second.text, second.box, second.facets) == ("i:one", "", None, first.facets)
    third = replace(second, text="longer").with_photo("i:two")
    assert len(third.steps) == 2
    assert back_to(third, 0) == first
    assert back_to(third, 1) == replace(second, text="longer")
    for _ in range(20):
        third = replace(third.with_photo("i:x"), text="more")
    assert len(third.steps) == MAX_STEPS


def test_words_that_wait_for_a_photo_become_its_change() -> None:
    words = parse_query("text=but+in+red&plus=long")
    assert words.with_upload("a", gone=False) == replace(words, photo="u:a")
    again = parse_query("photo=u:old&text=red&box=1,2,3,4")
    assert again.with_upload("new", gone=True) == replace(again, photo="u:new", box=None)
    other = again.with_upload("new", gone=False)
    assert (other.text, len(other.steps)) == ("", 1)


def test_liking_and_disliking_take_turns() -> None:
    state = parse_query("text=red").judged("a", good=True).judged("b", good=True)
    assert state.like == ("a", "b")
    state = state.judged("a", good=False)
    assert (state.like, state.unlike) == (("b",), ("a",))
    assert state.judged("a", good=False).unlike == ()


def test_a_query_has_what_the_state_asks() -> None:
    state = parse_query("photo=u:a&box=1,2,3,4&metric=euclidean&dup=1&k=12")
    query = query_of(state, b"jpeg", "", method="svm")
    assert (query.image, query.box, query.metric, query.k) == (b"jpeg", Box(1, 2, 3, 4), "euclidean", 12)
    assert (query.hide_duplicates, query.route) == (True, "svm")
    worded = query_of(replace(state, text="red"), b"jpeg", "", method="none")
    assert worded.metric == "cosine"  # words have no distance, and the option stays for the next photo
    with pytest.raises(QueryError, match="only what it is not"):
        query_of(parse_query("minus=red"), None, "", method="none")


def test_chosen_values_are_a_filter_by_its_own_quoting() -> None:
    nasty = 'a" or price > 0 or "b'
    kinds: dict[str, Any] = {"colour": "words", "we ird`": "words", "price": "number", "kids": "boolean"}
    state = parse(
        (f"f.{field}", value)
        for field, values in {
            "colour": (nasty, "red"),
            "we ird`": ("2012",),
            "price": ("10..20.5", "x..y"),
            "kids": ("true", "maybe"),
            "unknown": ("x",),
        }.items()
        for value in values
    )
    condition = parse_filter(filter_of(state.chosen(), kinds))
    good = {"colour": nasty, "we ird`": "2012", "price": 15, "kids": True}
    assert matches(condition, good)
    assert matches(condition, {**good, "colour": "red"})
    for change in ({"colour": "a"}, {"price": 21}, {"price": 9}, {"kids": False}, {"we ird`": "x"}):
        assert not matches(condition, {**good, **change}), change
    assert filter_of({}, kinds) == ""


@given(st.text())
def test_a_range_is_read_or_none(text: str) -> None:
    ends = number_range(text)
    assert ends is None or any(end is not None for end in ends)


@given(st.text(), st.text())
def test_a_language_is_always_chosen(wish: str, accepted: str) -> None:
    assert chosen_language(wish, accepted=accepted) in ("en", "vi")


def test_the_reader_is_asked_before_the_browser() -> None:
    assert chosen_language("", "vi", accepted="en") == "vi"
    assert chosen_language("en", "vi", accepted="vi") == "en"
    assert chosen_language("", "", accepted="vi-VN,vi;q=0.9,en;q=0.8") == "vi"
    assert chosen_language("", "", accepted="fr;q=1, en;q=0.1, vi;q=0") == "en"
    assert chosen_language("xx", "", accepted="*") == "en"


def test_numbers_are_written_as_readers_write_them() -> None:
    english, vietnamese = texts_of("en"), texts_of("vi")
    assert (english.number(4120), vietnamese.number(4120)) == ("4,120", "4.120")
    assert (english.number(0.5, 2), vietnamese.number(-0.5, 2)) == ("0.50", "−0,50")
    assert english.say("results.found", n=1) == "1 result"
    assert vietnamese.say("results.found", n=2000) == "2.000 kết quả"
    assert urlencode(State().pairs()) == ""
