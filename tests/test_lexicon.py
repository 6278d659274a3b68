"""The lexicon: every value has words in both languages, and what is held stays out of training's words."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookseek.catalogue.clothing import UNCLEAR
from lookseek.catalogue.drawn.designs import CATEGORIES, possible_values
from lookseek.errors import TrainError
from lookseek.train.words.lexicon import LEXICON, read_lexicon, strip_diacritics

WORDS = read_lexicon()
HELD = [entry for entry in WORDS.entries if entry.use == "held"]
TRAIN = [entry for entry in WORDS.entries if entry.use == "train"]
LANGUAGES = ("en", "vi")
HEAD = "field,value,language,word,use\n"


def same(text: str) -> str:
    """Without what makes another form of the same word: hyphens, plural and possessive endings, "màu"."""
    parts = text.removeprefix("màu ").replace("-", " ").split()
    return " ".join(re.sub(r"('s|s'|s)$", "", part) for part in parts)


def within(part: str, whole: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", whole) is not None


def test_no_held_word_is_within_a_word_of_training_in_any_form() -> None:
    taught = {same(entry.word) for entry in TRAIN}
    for entry in HELD:
        assert not [word for word in taught if within(same(entry.word), word)], entry


def test_no_held_word_holds_a_word_of_training_of_the_same_value() -> None:
    for entry in HELD:
        taught = WORDS.words(entry.field, entry.value, "en") + WORDS.words(entry.field, entry.value, "vi")
        assert not [word for word in taught if within(same(word), same(entry.word))], entry


def test_without_diacritics_no_held_word_is_one_of_training() -> None:
    assert not {strip_diacritics(entry.word) for entry in HELD} & {strip_diacritics(entry.word) for entry in TRAIN}


def test_a_held_word_means_one_value_of_its_field() -> None:
    meant = defaultdict(set)
    for entry in WORDS.entries:
        meant[entry.field, entry.word].add(entry.value)
    assert not [
        (entry.word, meant[entry.field, entry.word]) for entry in HELD if len(meant[entry.field, entry.word]) > 1
    ]


def test_words_are_as_people_type_them() -> None:
    for entry in WORDS.entries:
        assert entry.word == unicodedata.normalize("NFC", entry.word.lower().strip())
        assert "  " not in entry.word
        assert entry.language == "vi" or entry.word.isascii()
        assert not set(entry.word) & set('.,;:/"|'), entry


def test_the_words_that_must_be_held_are() -> None:
    assert {"knapsack", "slacks", "quần âu", "guốc", "oxblood", "màu gấc"} <= {entry.word for entry in HELD}
    assert "đầm" in WORDS.words("articleType", "Dresses", "vi")


def test_what_shoppers_type_every_day_is_taught() -> None:
    taught = {entry.word for entry in TRAIN}
    assert {"tee", "sneakers", "blouse", "trainers", "purse", "frock", "scarlet", "violet", "tshirt", "sari"} <= taught
    assert {"áo phông", "váy liền", "quần bò", "kính mát", "vớ", "bóp", "ghi", "xanh rêu", "váy", "sneaker"} <= taught


def test_the_drawn_catalogue_s_values_have_words() -> None:
    for category in CATEGORIES:
        for kind in ("colour", "pattern", "sleeve", "neckline", "length"):
            for value in possible_values(kind, category):
                assert all(len(WORDS.words(kind, value, language)) >= 3 for language in ("en", "vi")), (kind, value)
        assert all(WORDS.words("category", category, language) for language in ("en", "vi"))


def test_common_types_and_colours_have_many_words_and_a_third_of_those_once_held_still_are() -> None:
    types, colours = WORDS.values("articleType"), WORDS.values("baseColour")
    assert (len(types), len(colours), len(WORDS.values("label"))) == (139, 46, 17)
    for language in ("en", "vi"):
        held = [value for value in types if WORDS.words("articleType", value, language, "held")]
        assert 19 <= len(held) <= 25
        assert 9 <= sum(bool(WORDS.words("baseColour", value, language, "held")) for value in colours) <= 11


def test_every_value_of_the_catalogues_has_words(data: Path) -> None:
    fields = ("articleType", "baseColour", "gender", "usage", "season", "category")
    table = pq.read_table(data / "myntra" / "catalogue.parquet", columns=list(fields))
    found = {field: {value for value in table[field].to_pylist() if value} for field in fields}
    with (data / "clothing" / "items.csv").open(newline="", encoding="utf-8") as file:
        found["label"] = {row["label"] for row in csv.DictReader(file)} - UNCLEAR
    for field, values in found.items():
        assert set(WORDS.values(field)) == values, field
        for value in values:
            assert WORDS.words(field, value, "en") and WORDS.words(field, value, "vi"), (field, value)


def test_every_label_of_street_photos_has_words(data: Path) -> None:
    labels = [line.split()[1] for line in (data / "ccp" / "labels.txt").read_text(encoding="utf-8").splitlines()]
    assert len(labels) == 59
    for label in {*labels} - {"null", "skin", "hair"}:  # no garments
        assert all(len(WORDS.words("garment", label, language)) >= 2 for language in LANGUAGES), label


def test_kinds_and_details_that_the_shop_lacks_have_words() -> None:
    for kind in ("coat", "cardigan", "blouse", "blazer", "jumpsuit", "hoodie", "leggings", "parka", "beanie", "ao-dai"):
        assert all(len(WORDS.words("garment", kind, language)) >= 2 for language in LANGUAGES), kind
    for field, value in (("pattern", "lace"), ("neckline", "hooded"), ("neckline", "roll"), ("material", "velvet")):
        assert all(len(WORDS.words(field, value, language)) >= 4 for language in LANGUAGES), value


def test_every_value_has_two_words_in_each_language() -> None:
    few = {
        (entry.field, entry.value, language)
        for entry in WORDS.entries
        for language in LANGUAGES
        if len(WORDS.words(entry.field, entry.value, language)) < 2
    }
    assert not few


def test_the_first_word_is_the_glossary_s(data: Path) -> None:
    with (data / "myntra" / "glossary.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 100
    for row in rows:
        for language in ("en", "vi"):
            first = WORDS.words(row["field"], row["value"], language)[0]  # type: ignore[arg-type]
            assert first == unicodedata.normalize("NFC", row[language])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,b,en,w,train\na,b,en,w,held\n", "a / b / en / w twice"),
        ("a,b,fr,w,train\n", "language 'fr' and use 'train': en or vi"),
        ("a,b,en,w,test\n", "use 'test'"),
        ("a,b,en,,train\n", "row 1 lacks its field, value or word"),
        ("a,b,en,Word,train\n", "'Word': write it in lower case and Unicode NFC"),
        ("a,b,vi," + unicodedata.normalize("NFD", "đầm đỏ") + ",train\n", "Unicode NFC"),
        ('a,b,en,"w,train\n', "can't be read"),
    ],
)
def test_a_broken_lexicon_is_refused_in_words(rows: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    with pytest.raises(TrainError, match=re.escape(said)):
        read_lexicon(path)


def test_a_lexicon_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="can't be read"):
        read_lexicon(tmp_path / "none.csv")
    (tmp_path / "other.csv").write_text("field,word\n", encoding="utf-8")
    with pytest.raises(TrainError, match="has no column value, language, use"):
        read_lexicon(tmp_path / "other.csv")


def test_held_words_are_found_in_any_text() -> None:
    assert WORDS.held_in("Two PULLOVERS and a Knapsack") == ("pullovers", "knapsack")
    assert WORDS.held_in("steel-toed committee t-shirt") == ()
    assert WORDS.held_in(unicodedata.normalize("NFD", "mua quần âu màu hoàng yến")) == ("quần âu", "hoàng yến")


def test_a_lexicon_without_held_words_finds_none(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text(HEAD + "a,b,en,w,train\n", encoding="utf-8")
    assert read_lexicon(path).held_in("anything at all") == ()


@given(st.text(alphabet="ăâđêôơưáàảãạếềểễệABcđĐ -'", max_size=30))
def test_plain_letters_are_ascii_and_stay_so(text: str) -> None:
    once = strip_diacritics(text)
    assert once.isascii()
    assert strip_diacritics(once) == once
    assert len(once) == len(unicodedata.normalize("NFC", text))


def test_the_lexicon_is_utf_8_with_one_line_ending() -> None:
    content = LEXICON.read_bytes()
    assert b"\r" not in content
    assert content.decode() == unicodedata.normalize("NFC", content.decode())
    assert Counter(entry.language for entry in WORDS.entries).keys() == set(LANGUAGES)
