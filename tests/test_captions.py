"""Captions and changes in words: whatever the item, they are said well, and never in held words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path
from random import Random

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek.catalogue.drawn.designs import possible_values
from lookseek.errors import TrainError
from lookseek.train.words.captions import NAMING_RATES, caption, choose
from lookseek.train.words.changes import CHANGED, change
from lookseek.train.words.lexicon import Language, read_lexicon, strip_diacritics

WORDS = read_lexicon()
LANGUAGES = st.sampled_from(("en", "vi"))
SEEDS = st.integers(0, 2**32)
ITEMS = st.fixed_dictionaries(
    {}, optional={field: st.sampled_from(WORDS.values(field)) for field in NAMING_RATES}
).filter(bool)
DRESS = {"articleType": "Dresses", "baseColour": "Red", "gender": "Women"}


def well_said(text: str) -> None:
    assert text
    assert text == text.strip() == unicodedata.normalize("NFC", text.lower())
    assert "  " not in text
    assert "màu màu" not in text
    assert " in in " not in f" {text} "
    assert "{" not in text
    assert not WORDS.held_in(text)


@given(values=ITEMS, language=LANGUAGES, seed=SEEDS)
@settings(max_examples=400, deadline=None)
def test_every_item_has_a_caption_without_held_words(values: dict[str, str], language: Language, seed: int) -> None:
    text = caption(values, language, Random(seed), WORDS)
    well_said(text)
    assert text == caption(values, language, Random(seed), WORDS)
    assert language == "vi" or not {"a", "an"} & set(text.split()[-1:])


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("field", NAMING_RATES)
def test_every_value_of_every_field_can_stand_alone(field: str, language: Language) -> None:
    for value in WORDS.values(field):
        for seed in range(4):
            text = caption({field: value}, language, Random(seed), WORDS)
            well_said(text)
            assert any(word.removeprefix("màu ") in text for word in WORDS.words(field, value, language))


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_real_catalogue_s_items_have_captions(data: Path, language: Language) -> None:
    fields = ["articleType", "baseColour", "gender", "usage", "season"]
    table = pq.read_table(data / "myntra" / "catalogue.parquet", columns=fields)
    random = Random(0)
    for item in random.sample(table.to_pylist(), 1500):
        well_said(caption({field: value for field, value in item.items() if value}, language, random, WORDS))


def test_a_caption_varies_in_wording_and_order() -> None:
    english = Counter(caption(DRESS, "en", Random(seed), WORDS) for seed in range(1000))
    vietnamese = Counter(caption(DRESS, "vi", Random(seed), WORDS) for seed in range(1000))
    for counts, known in (
        (english, ("red dress", "a red dress", "women's red dress", "red dress for women", "something red", "dress")),
        (vietnamese, ("đầm đỏ", "đầm màu đỏ", "đầm đỏ nữ", "đồ màu đỏ", "đầm")),
    ):
        assert set(known) <= set(counts)
        assert len(counts) > 200
        assert counts.most_common(1)[0][1] < 150
    assert strip_diacritics("đầm đỏ") == "dam do"


def test_the_first_word_comes_at_two_in_five_and_the_others_alike() -> None:
    random = Random(3)
    counts = Counter(choose(("a", "b", "c", "d"), random) for _ in range(4000))
    assert 0.36 < counts["a"] / 4000 < 0.44
    assert all(0.16 < counts[word] / 4000 < 0.24 for word in "bcd")
    assert choose(("only",), random) == "only"


def test_a_noun_of_another_gender_is_not_said() -> None:
    said = [caption({"articleType": "Tops", "gender": "Men"}, "en", Random(seed), WORDS) for seed in range(300)]
    assert not [text for text in said if "ladies'" in text or "women's" in text]
    both = [caption({"articleType": "Tops", "gender": "Women"}, "en", Random(seed), WORDS) for seed in range(300)]
    assert any("ladies' top" in text for text in both)
    assert not [text for text in both if "women's ladies'" in text or "ladies' ladies'" in text]


def test_what_is_said_of_the_noun_is_not_said_twice() -> None:
    values = {"articleType": "Sports Shoes", "usage": "Sports", "baseColour": "White"}
    said = [caption(values, "en", Random(seed), WORDS) for seed in range(500)]
    assert not [text for text in said if "sports sports" in text]


def test_articles_go_with_their_words() -> None:
    values = {"articleType": "Jeans", "baseColour": "Orange"}
    assert not [
        t for seed in range(300) if (t := caption(values, "en", Random(seed), WORDS)).startswith(("a o", "a jeans"))
    ]
    assert {caption({"articleType": "Umbrellas"}, "en", Random(seed), WORDS) for seed in range(99)} >= {"an umbrella"}
    assert {caption({"gender": "Unisex", "label": "Hat"}, "en", Random(s), WORDS) for s in range(300)} >= {
        "a unisex hat"
    }


def test_an_item_without_known_values_is_refused_in_words() -> None:
    with pytest.raises(TrainError, match=r"no word for any of \{'articleType': 'Spaceships'\}: add it to lexicon.csv"):
        caption({"articleType": "Spaceships"}, "en", Random(0), WORDS)
    assert caption({"articleType": "Spaceships", "label": "Hat"}, "en", Random(0), WORDS)


PAIRS = st.sampled_from(CHANGED).flatmap(
    lambda field: st.tuples(
        st.just(field), st.lists(st.sampled_from(WORDS.values(field)), min_size=2, max_size=2, unique=True)
    )
)


@given(asked=PAIRS, language=LANGUAGES, seed=SEEDS)
@settings(max_examples=300, deadline=None)
def test_a_change_names_the_new_value(asked: tuple[str, list[str]], language: Language, seed: int) -> None:
    field, (old, new) = asked
    text = change(field, old, new, language, Random(seed), WORDS)
    well_said(text)
    words = WORDS.words(field, new, language)
    assert any(word.removeprefix("màu ").removeprefix("in ") in text for word in words)


@given(
    kind=st.sampled_from(("colour", "pattern", "sleeve", "neckline", "length")),
    category=st.sampled_from(("dress", "toptee")),
    seed=SEEDS,
    language=LANGUAGES,
)
@settings(max_examples=200, deadline=None)
def test_a_change_of_a_drawn_garment_is_well_said(kind: str, category: str, seed: int, language: Language) -> None:
    old, new = Random(seed).sample(possible_values(kind, category), 2)
    well_said(change(kind, old, new, language, Random(seed), WORDS, category))


def test_the_drawn_catalogue_s_own_wordings_come_in() -> None:
    said = {change("length", "knee", "long", "en", Random(seed), WORDS, "dress") for seed in range(200)}
    assert {"longer", "make it long", "the same but full-length"} <= said


def test_a_change_reads_as_people_ask() -> None:
    english = {change("colour", "red", "blue", "en", Random(seed), WORDS) for seed in range(600)}
    assert {"is blue instead of red", "the same in blue", "make it blue", "in blue", "but blue"} <= english
    vietnamese = {change("colour", "blue", "red", "vi", Random(seed), WORDS) for seed in range(900)}
    assert {"màu đỏ thay vì xanh dương", "giống vậy nhưng màu đỏ"} <= vietnamese


@pytest.mark.parametrize(
    ("field", "old", "new", "said"),
    [
        ("colour", "red", "red", "is none: give two values"),
        ("colour", "red", "infrared", "from 'red' to 'infrared' has no words"),
        ("gender", "Men", "Women", "for one of baseColour, colour, pattern"),
    ],
)
def test_a_change_that_is_none_is_refused_in_words(field: str, old: str, new: str, said: str) -> None:
    with pytest.raises(TrainError, match=said):
        change(field, old, new, "en", Random(0), WORDS)
