"""Captions of all that is known of an item: what they state is true of it, and pairs know what they do not know."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek.catalogue.descriptions import sentences
from lookseek.catalogue.details import read_details
from lookseek.catalogue.facts import Facts, facts_of, lacks
from lookseek.train.words.captions import NAMING_RATES
from lookseek.train.words.described import WRITTEN, Caption, Describer, Written
from lookseek.train.words.fact_table import FactTable, pairs
from lookseek.train.words.lexicon import read_lexicon, strip_diacritics
from lookseek.train.words.mentions import Mentions

WORDS = read_lexicon()
DESCRIBER = Describer(WORDS)
TABLE = FactTable.of(WORDS)

DRESS: Facts = {
    "articleType": frozenset(["Dresses"]), "garment": frozenset(["dress"]), "baseColour": frozenset(["Red"]),
    "sleeve": frozenset(["long"]), "neckline": frozenset(["v-neck"]), "pattern": frozenset(["printed", "floral"]),
}  # fmt: skip

ITEMS = st.fixed_dictionaries(
    {},
    optional={field: st.sets(st.sampled_from(WORDS.values(field)), min_size=1, max_size=2) for field in NAMING_RATES},
).map(lambda facts: {field: frozenset(values) for field, values in facts.items()})


def described(facts: Facts, written: Written, seed: int) -> Caption:
    caption = DESCRIBER.describe(facts, written, Random(seed))
    assert caption is not None
    return caption


@given(facts=ITEMS.filter(bool), written=st.sampled_from(WRITTEN), seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_a_caption_states_facts_of_its_item_alone(facts: Facts, written: Written, seed: int) -> None:
    caption = DESCRIBER.describe(facts, written, Random(seed))
    assert caption is not None
    own = {(field, value) for field, values in facts.items() for value in values}
    implied = {("garment", g) for t in facts.get("articleType", ()) for g in facts_of(t, {}).get("garment", ())}
    assert caption.states <= own | implied
    assert caption.states and caption.whole and caption.language == written
    assert caption.text == unicodedata.normalize("NFC", caption.text.lower()).strip()
    assert written != "vi-plain" or caption.text == strip_diacritics(caption.text)
    assert not WORDS.held_in(caption.text) or written == "vi-plain"
    assert caption == DESCRIBER.describe(facts, written, Random(seed))


def test_a_noun_never_says_what_the_item_is_not() -> None:
    vneck = {"articleType": frozenset(["Tshirts"]), "neckline": frozenset(["v-neck"]), "sleeve": frozenset(["long"])}
    for seed in range(300):
        caption = DESCRIBER.describe(vneck, "en", Random(seed))
        assert caption is not None
        assert "round neck" not in caption.text and "crew" not in caption.text and "short sleeve" not in caption.text


def test_all_that_is_known_is_said_in_time_in_every_language() -> None:
    for written in WRITTEN:
        stated = {fact for seed in range(400) for fact in described(DRESS, written, seed).states}
        assert {(field, value) for field, values in DRESS.items() for value in values} <= stated


def test_two_things_with_a_preposition_are_joined() -> None:
    said = {described(DRESS, "en", seed).text for seed in range(600)}
    assert any(" with " in text and " and " in text for text in said)
    assert not [text for text in said if text.count(" with ") > 1]


def test_an_item_without_words_has_no_caption() -> None:
    assert DESCRIBER.describe({}, "en", Random(0)) is None
    assert DESCRIBER.describe({"sleeve style": frozenset(["other"])}, "en", Random(0)) is None
    assert DESCRIBER.captions({}, (), "0") == ()


def test_a_quotation_states_what_it_mentions_and_says_more() -> None:
    caption = DESCRIBER.quote(DRESS, ["Red floral dress, has a V-neck and a tie at the back"], Random(0))
    assert caption is not None and not caption.whole
    assert {("neckline", "v-neck"), ("pattern", "floral"), ("baseColour", "Red")} <= caption.states
    assert DESCRIBER.quote(DRESS, ["A grey pullover with a zip"], Random(0)) is None, "pullover is held"
    assert DESCRIBER.quote(DRESS, [], Random(0)) is None


def test_captions_come_in_all_languages_and_the_same_for_the_same_seed() -> None:
    made = DESCRIBER.captions(DRESS, ["Red floral dress, has a V-neck"], "7", ways=3)
    assert {caption.language for caption in made} == set(WRITTEN)
    assert sum(not caption.whole for caption in made) == 1
    assert made == DESCRIBER.captions(DRESS, ["Red floral dress, has a V-neck"], "7", ways=3)
    assert made != DESCRIBER.captions(DRESS, ["Red floral dress, has a V-neck"], "8", ways=3)


def test_the_longest_word_is_mentioned() -> None:
    found = list(Mentions(WORDS).within("round neck t-shirt", "en"))
    assert [("articleType", "Tshirts") in meant or ("label", "T-Shirt") in meant for meant in found] == [True]
    parts = list(Mentions(WORDS).within("round neck t-shirt", "en", whole=False))
    assert ("neckline", "round") in parts[0]


def test_pairs_are_true_false_or_unknown() -> None:
    photos: list[Facts] = [
        DRESS,
        {**DRESS, "sleeve": frozenset(["short"])},
        {**DRESS, "pattern": frozenset(["printed"])},
        {"garment": frozenset(["coat"])},
        {"garment": frozenset(["dress"])},
    ]
    captions = [
        Caption("", "en", frozenset([("garment", "dress"), ("sleeve", "long")])),
        Caption("", "en", frozenset([("garment", "dress"), ("pattern", "floral")])),
        Caption("", "en", frozenset([("garment", "dress")]), whole=False),
        Caption("", "en", frozenset()),
    ]
    have, lack = TABLE.known(photos)
    assert not (have & lack).any()
    whole = np.array([caption.whole for caption in captions])
    true, false = pairs(have, lack, TABLE.states(captions), whole, np.array([0, 0, 1, -1]))
    assert true.T.tolist() == [[1, 0, 1, 0, 0], [1, 1, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert false.T.tolist() == [[0, 1, 0, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]


def test_the_table_says_what_lacks_says() -> None:
    items: list[Facts] = [{"pattern": frozenset([value])} for value in WORDS.values("pattern")]
    have, lack = TABLE.known(items)
    for row, item in enumerate(items):
        for place, (field, value) in enumerate(TABLE.facts):
            assert have[row, place] == (value in item.get(field, ()))
            assert lack[row, place] == lacks(field, item.get(field, ()), value)


@pytest.mark.parametrize("written", WRITTEN)
def test_real_items_are_described(data: Path, written: Written) -> None:
    columns = ["id", "articleType", "baseColour", "gender"]
    items = pq.read_table(data / "myntra" / "catalogue.parquet", columns=columns).slice(0, 400).to_pylist()
    details = read_details(data / "myntra", {item["id"] for item in items})
    stated = 0
    for item in items:
        facts = {name: frozenset([item[name]]) for name in columns[1:] if item[name]}
        facts |= details[item["id"]].facts(item["articleType"])
        caption = DESCRIBER.describe(facts, written, Random(item["id"]))
        assert caption is not None and caption.text
        stated += len(caption.states)
        quote = DESCRIBER.quote(facts, sentences(details[item["id"]].description, details[item["id"]].brand), Random(0))
        assert quote is None or not WORDS.held_in(quote.text)
    assert stated > 2.5 * len(items)
