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
from lookseek.serve.page.facet_filters import number_range, to_condition, to_filter
from lookseek.serve.page.language import choose_language, load_texts
from lookseek.serve.page.parameters import parse_query_string, parse_state, state_at_step
from lookseek.serve.page.state import DEFAULT_K, MAX_K, MAX_STEPS, State, to_query
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
    state = parse_state(pairs)
    assert parse_query_string(state.query_string()) == state
    assert parse_state(parse_qsl(state.url().partition("?")[2], keep_blank_values=True)) == state
    assert state.url().isascii()
    assert len(state.steps) <= MAX_STEPS
    assert 1 <= state.k <= MAX_K


@given(PAIRS)
def test_whatever_is_done_to_a_state_leads_to_one_that_has_an_address(pairs: list[tuple[str, str]]) -> None:
    state = parse_state(pairs)
    after = [
        state.with_photo("i:a"),
        state.with_upload("b", same_photo=True),
        state.with_upload("b", same_photo=False),
        state.without_photo(),
        state.without_box(),
        state.toggle_judgement("a", liked=True),
        state.toggle_judgement("a", liked=False),
        state.toggle_facet("colour", "red"),
        state.without_facets(),
        state.without_facets("colour"),
        *(state_at_step(state, number) for number in range(len(state.steps))),
        *(state.without_term("plus", words) for words in state.plus),
    ]
    for one in after:
        assert parse_query_string(one.query_string()) == one


@given(PAIRS)
def test_a_query_is_made_or_refused_in_words(pairs: list[tuple[str, str]]) -> None:
    state = parse_state(pairs)
    field_types: dict[str, Any] = {"colour": "words", "price": "number", "a b=c&d": "boolean"}
    try:
        query = to_query(
            state, b"photo" if state.upload else None, to_filter(state.selected(), field_types), method="none"
        )
    except LookseekError as error:
        assert str(error)
        return
    assert state.has_query
    assert query.k == state.k
    assert query.item == state.item
    if query.filter:
        assert parse_filter(query.filter) == to_condition(state.selected(), field_types)


def test_a_state_says_only_what_is_not_as_at_first() -> None:
    assert State().url() == "/"
    state = parse_query_string(
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
    assert parse_query_string("photo=u:a&box=1&box=2&box=3&box=4").box == (1, 2, 3, 4)
    assert parse_query_string("text=++&plus=&minus=").text == ""
    assert parse_query_string("low.price=10&high.price=").facets == (("price", "10.."),)
    assert parse_query_string("low.price=&high.price=").facets == ()
    assert parse_query_string("dup=on").dup
    assert parse_query_string("photo=i:a&box=1,2,3,4").box is None  # an item's photo is searched with whole
    assert parse_query_string("k=").k == DEFAULT_K
    assert parse_query_string("k=99999").k == MAX_K


def test_a_dialogue_leaves_a_history_that_leads_back() -> None:
    first = parse_query_string("photo=u:abc&text=in+red&f.size=M&box=1,2,3,4")
    second = first.with_photo("i:one")
    assert (second.photo, second.text, second.box, second.facets) == ("i:one", "", None, first.facets)
    third = replace(second, text="longer").with_photo("i:two")
    assert len(third.steps) == 2
    assert state_at_step(third, 0) == first
    assert state_at_step(third, 1) == replace(second, text="longer")
    for _ in range(20):
        third = replace(third.with_photo("i:x"), text="more")
    assert len(third.steps) == MAX_STEPS


def test_words_that_wait_for_a_photo_become_its_change() -> None:
    words = parse_query_string("text=but+in+red&plus=long")
    assert words.with_upload("a", same_photo=False) == replace(words, photo="u:a")
    again = parse_query_string("photo=u:old&text=red&box=1,2,3,4")
    assert again.with_upload("new", same_photo=True) == replace(again, photo="u:new", box=None)
    other = again.with_upload("new", same_photo=False)
    assert (other.text, len(other.steps)) == ("", 1)


def test_liking_and_disliking_take_turns() -> None:
    state = parse_query_string("text=red").toggle_judgement("a", liked=True).toggle_judgement("b", liked=True)
    assert state.like == ("a", "b")
    state = state.toggle_judgement("a", liked=False)
    assert (state.like, state.unlike) == (("b",), ("a",))
    assert state.toggle_judgement("a", liked=False).unlike == ()


def test_a_query_has_what_the_state_asks() -> None:
    state = parse_query_string("photo=u:a&box=1,2,3,4&metric=euclidean&dup=1&k=12")
    query = to_query(state, b"jpeg", "", method="svm")
    assert (query.image, query.box, query.metric, query.k) == (b"jpeg", Box(1, 2, 3, 4), "euclidean", 12)
    assert (query.hide_duplicates, query.route) == (True, "svm")
    worded = to_query(replace(state, text="red"), b"jpeg", "", method="none")
    assert worded.metric == "cosine"  # words have no distance, and the option stays for the next photo
    with pytest.raises(QueryError, match="only what it is not"):
        to_query(parse_query_string("minus=red"), None, "", method="none")


def test_chosen_values_are_a_filter_by_its_own_quoting() -> None:
    nasty = 'a" or price > 0 or "b'
    field_types: dict[str, Any] = {"colour": "words", "we ird`": "words", "price": "number", "kids": "boolean"}
    state = parse_state(
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
    condition = parse_filter(to_filter(state.selected(), field_types))
    good = {"colour": nasty, "we ird`": "2012", "price": 15, "kids": True}
    assert matches(condition, good)
    assert matches(condition, {**good, "colour": "red"})
    for change in ({"colour": "a"}, {"price": 21}, {"price": 9}, {"kids": False}, {"we ird`": "x"}):
        assert not matches(condition, {**good, **change}), change
    assert to_filter({}, field_types) == ""


@given(st.text())
def test_a_range_is_read_or_none(text: str) -> None:
    ends = number_range(text)
    assert ends is None or any(end is not None for end in ends)


@given(st.text(), st.text())
def test_a_language_is_always_chosen(wish: str, accept_language: str) -> None:
    assert choose_language(wish, accept_language=accept_language) in ("en", "vi")


def test_the_reader_is_asked_before_the_browser() -> None:
    assert choose_language("", "vi", accept_language="en") == "vi"
    assert choose_language("en", "vi", accept_language="vi") == "en"
    assert choose_language("", "", accept_language="vi-VN,vi;q=0.9,en;q=0.8") == "vi"
    assert choose_language("", "", accept_language="fr;q=1, en;q=0.1, vi;q=0") == "en"
    assert choose_language("xx", "", accept_language="*") == "en"


def test_numbers_are_written_as_readers_write_them() -> None:
    english, vietnamese = load_texts("en"), load_texts("vi")
    assert (english.number(4120), vietnamese.number(4120)) == ("4,120", "4.120")
    assert (english.number(0.5, 2), vietnamese.number(-0.5, 2)) == ("0.50", "−0,50")
    assert english.format("results.found", n=1) == "1 result"
    assert vietnamese.format("results.found", n=2000) == "2.000 kết quả"
    assert urlencode(State().parameters()) == ""
