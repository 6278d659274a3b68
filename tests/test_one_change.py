"""Changes of one fact: what makes a pair, what is asked, and that the words say what the target has."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek.catalogue.details import Details
from lookseek.catalogue.facts import facts_of, lacks
from lookseek.catalogue.one_change import FIELDS, FINER, Article, difference, kind_change, one_change, read_articles
from lookseek.errors import TrainError
from lookseek.train.words.asked_changes import MORE, ORDERED, ask_change
from lookseek.train.words.captions import NAMING_RATES
from lookseek.train.words.lexicon import Language, read_lexicon

WORDS = read_lexicon()
ABLE = [field for field in NAMING_RATES if field not in ("baseColour", "colour") and len(WORDS.values(field)) > 1]


def article(id: str, brand: str = "Acme", kind: str = "Tops", colour: str = "Red", **said: str) -> Article:
    attributes = {name.replace("_", " "): value for name, value in said.items()}
    return Article(id, kind, colour, "Women", "", Details(brand, attributes), facts_of(kind, attributes))


SHORT = article("short", Neck="Round Neck", **{"Sleeve Length": "Short Sleeves"})
LONG = article("long", Neck="Round Neck", **{"Sleeve Length": "Long Sleeves"})


def test_a_change_is_of_one_field_of_the_same_kind_and_brand() -> None:
    others = [
        article("v", Neck="V-Neck", **{"Sleeve Length": "Long Sleeves"}),
        article("blue", colour="Blue", Neck="Round Neck", **{"Sleeve Length": "Long Sleeves"}),
        article("brand", brand="Other", Neck="Round Neck", **{"Sleeve Length": "Long Sleeves"}),
        article("unknown", **{"Sleeve Length": "Long Sleeves"}),
    ]
    found = [(c.reference, c.field, c.old, c.new, c.targets) for c in one_change([SHORT, LONG, *others])]
    assert found == [
        ("short", "sleeve", "short", "long", ("long",)),
        ("long", "sleeve", "long", "short", ("short",)),
        ("long", "neckline", "round", "v-neck", ("v",)),
        ("v", "neckline", "v-neck", "round", ("long",)),
    ]


def test_lengths_may_be_of_two_brands() -> None:
    pair = [article("a", Length="Mini"), article("b", brand="Other", Length="Maxi")]
    assert [(c.old, c.new) for c in one_change(pair)] == [("mini", "long"), ("long", "mini")]


def test_what_may_come_together_is_no_difference() -> None:
    printed, floral = facts_of("Tops", {"Pattern": "Printed"}), facts_of("Tops", {"Print or Pattern Type": "Floral"})
    assert difference(printed, floral) == ""
    assert difference(printed, facts_of("Tops", {"Pattern": "Solid"})) == "pattern"


def test_the_rarest_value_is_asked_for() -> None:
    plain = [article(f"p{n}", Pattern="Solid") for n in range(2)]
    floral = article("f", Pattern="Printed", **{"Print or Pattern Type": "Floral"})
    printed = [article(f"x{n}", Pattern="Printed") for n in range(3)]
    asked = {(c.old, c.new) for c in one_change([*plain, floral, *printed]) if c.reference == "p0"}
    assert asked == {("plain", "floral"), ("plain", "printed")}


def test_a_kind_changes_within_brand_colour_and_people() -> None:
    dress, skirt = article("d", kind="Dresses"), article("s", kind="Skirts")
    other = article("o", kind="Skirts", colour="Blue")
    assert [(c.reference, c.old, c.new, c.targets) for c in kind_change([dress, skirt, other])] == [
        ("d", "dress", "skirt", ("s",)),
        ("s", "skirt", "dress", ("d",)),
    ]
    assert not kind_change([article("b", kind="Tops"), article("c", kind="Tshirts")]), "shops call one the other"


@pytest.mark.parametrize(("split", "least"), [("train", 5000), ("val", 900), ("test", 800)])
def test_the_shop_has_many_changes_of_every_field(split: str, least: int, data: Path) -> None:
    articles = read_articles(data / "myntra", split)
    changes = one_change(articles)
    assert len(changes) > least
    assert set(Counter(change.field for change in changes)) == set(FIELDS)
    by_id = {one.id: one for one in articles}
    for change in changes[:: max(1, len(changes) // 300)]:
        reference = by_id[change.reference]
        for target in (by_id[id] for id in change.targets):
            assert target.kind == reference.kind and change.new in target.facts[change.field]
            assert lacks(change.field, reference.facts[change.field], change.new)
            same = [field for field in FIELDS if field != change.field]
            assert all(reference.facts.get(field) == target.facts.get(field) for field in same)
    if split == "val":
        assert len(one_change(articles, FINER)) > 400 and len(kind_change(articles)) > 1000


PAIRS = st.sampled_from(ABLE).flatmap(
    lambda field: st.tuples(
        st.just(field), st.lists(st.sampled_from(WORDS.values(field)), min_size=2, max_size=2, unique=True)
    )
)


@given(asked=PAIRS, language=st.sampled_from(("en", "vi")), seed=st.integers(0, 2**32))
@settings(max_examples=400, deadline=None)
def test_a_change_says_what_would_do(asked: tuple[str, list[str]], language: Language, seed: int) -> None:
    field, (old, new) = asked
    change = ask_change(field, old, new, language, Random(seed), WORDS)
    assert new in change.values and old not in change.values
    assert change.text == unicodedata.normalize("NFC", change.text).strip() and "{" not in change.text
    assert not WORDS.held_in(change.text)
    named = any(word.removeprefix("with ") in change.text for word in WORDS.words(field, new, language))
    less, more = MORE[language].get(field, ((), ()))
    assert named or change.text in (*less, *more)


def test_a_comparison_accepts_all_that_lies_further() -> None:
    seen = {}
    for seed in range(300):
        change = ask_change("sleeve", "sleeveless", "three-quarter", "en", Random(seed), WORDS)
        seen[change.text] = change.values
    assert seen["longer sleeves"] == {"short", "three-quarter", "long"}
    assert any("three-quarter" in text and values == {"three-quarter"} for text, values in seen.items())


def test_all_orders_are_of_known_values_in_both_languages() -> None:
    for field, values in ORDERED.items():
        assert set(values) <= set(WORDS.values(field))
        assert all(field in MORE[language] for language in ("en", "vi"))


def test_changes_are_said_in_many_ways() -> None:
    for language in ("en", "vi"):
        said = {ask_change("neckline", "round", "v-neck", language, Random(n), WORDS).text for n in range(400)}  # type: ignore[arg-type]
        assert len(said) > 60


def test_an_english_garment_has_its_article() -> None:
    said = {ask_change("garment", "dress", "jumpsuit", "en", Random(n), WORDS).text for n in range(200)}
    assert {"as a jumpsuit", "make it a jumpsuit"} <= said
    assert not [text for text in said if text.endswith(" as jumpsuit")]


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [("baseColour", "Red", "Blue"), ("sleeve", "long", "long"), ("sleeve", "long", "wings"), ("none", "a", "b")],
)
def test_a_change_that_can_t_be_said_is_refused_in_words(field: str, old: str, new: str) -> None:
    with pytest.raises(TrainError, match=json.dumps(new)[1:-1]):
        ask_change(field, old, new, "en", Random(0), WORDS)
