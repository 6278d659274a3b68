"""Words never taught are read as taught ones, diacritics come back, and whoever wants neither gets neither."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek.catalogue.myntra import read_catalogue
from lookseek.encode import load_model
from lookseek.encode.diacritics import plain, restorer
from lookseek.encode.interpret import interpret
from lookseek.encode.reading import interpretations
from lookseek.encode.thesaurus import TABLE, VIETNAMESE, Thesaurus, thesaurus
from lookseek.errors import QueryError
from lookseek.query import Query, Term
from lookseek.render.as_json import query_to_dict, results_to_dict
from lookseek.results import Results
from lookseek.train.words.lexicon import read_lexicon
from lookseek.train.words.lexicon import strip_diacritics as plain_of_training

WORDS = read_lexicon()
TYPED = (Path(__file__).parents[1] / "benchmarks" / "choices" / "vietnamese_queries.txt").read_text(encoding="utf-8")
QUERIES = TYPED.splitlines()

with TABLE.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))
with VIETNAMESE.open(newline="", encoding="utf-8") as file:
    OWN = list(csv.DictReader(file))


def taught(language: str) -> set[str]:
    return {entry.word for entry in WORDS.entries if entry.language == language and entry.use == "train"}


def test_every_reading_is_taught_and_no_word_is() -> None:
    for language, rows in (("en", [r for r in ROWS if r["language"] == "en" and r["reading"]]), ("vi", OWN)):
        known = taught(language)
        assert len(rows) > 700
        for row in rows:
            assert row["reading"] in known, row
            assert row["word"] not in known, row
            assert row["word"] == unicodedata.normalize("NFC", row["word"].lower()).strip()
    assert len({row["word"] for row in OWN}) == len(OWN) > 1000


def test_what_is_kept_is_a_taught_phrase() -> None:
    kept = [row for row in ROWS if not row["reading"]]
    assert kept
    for row in kept:
        assert row["word"] in taught(row["language"])
        assert interpret(row["word"]).text == row["word"]


def test_taught_words_stay_as_they_are() -> None:
    """A word alone may be read as another only where it is taught in the other language."""
    for language in ("en", "vi"):
        for entry in [entry for entry in WORDS.entries if entry.language == language and entry.use == "train"][::7]:
            assert thesaurus(language).read(entry.word) == (entry.word, ()), entry


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("vermilion trilby", "red hat"),
        ("Black knee breeches", "Black trousers"),
        ("a red dress with a v-neck", "a red dress with a v-neck"),
        ("quần soóc nam", "quần short nam"),
        ("quan sooc nam", "quần short nam"),
        ("áo chemise màu thiên thanh", "áo sơ mi xanh dương"),
        ("dam do tay dai", "đầm đỏ tay dài"),
        ("Nike Men Blue T-shirt", "Nike Men Blue T-shirt"),
        ("ドレス", "ドレス"),
    ],
)
def test_texts_are_read(text: str, read: str) -> None:
    assert interpret(text).text == read


def test_a_reading_says_what_it_did() -> None:
    read = interpret("burgundy trilby")
    assert read.text == "burgundy hat" and read.said == ("'trilby' read as 'hat'",) and not read.restored
    assert read.readings[0].source == "wordnet"
    assert interpret("dam do").restored and not interpret("dam do").said


def test_the_longest_word_is_read_and_the_rest_stays() -> None:
    words = Thesaurus([("sea", "blue", "x"), ("sea island cotton", "", "x"), ("deep sea", "navy", "x")])
    assert words.read("Deep Sea, sea island cotton & sea!")[0] == "navy, sea island cotton & blue!"
    assert words.read("") == ("", ())
    assert len(words) == 2


@given(text=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_the_same_way_each_time_and_again(text: str) -> None:
    once, _ = thesaurus("en").read(text)
    assert thesaurus("en").read(text)[0] == once
    assert thesaurus("en").read(once)[0] == once
    assert len(restorer().restore(text)) == len(text)
    assert plain(restorer().restore(text)) == plain(text)


def test_readings_are_read_no_further() -> None:
    for row in [*(r for r in ROWS if r["language"] == "en" and r["reading"]), *OWN]:
        language = "en" if "language" in row else "vi"
        assert thesaurus(language).read(row["reading"])[0] == row["reading"], row  # type: ignore[arg-type]


def test_diacritics_come_back_in_what_shoppers_type() -> None:
    pairs = [
        (a, b) for text in QUERIES for a, b in zip(text.split(), restorer().restore(plain(text)).split(), strict=True)
    ]
    assert len(QUERIES) == 100
    assert sum(a == b for a, b in pairs) / len(pairs) > 0.94


def test_english_is_not_taken_for_vietnamese(data: Path) -> None:
    titles = [item.title for item in read_catalogue(data / "myntra", "val")][::5]
    assert not [title for title in titles if restorer().restore(title) != title]


def test_capitals_and_signs_stay_where_they_are() -> None:
    assert restorer().restore("Dam DO, tay dai!") == "Đầm ĐỎ, tay dài!"
    assert restorer().restore("đầm do") == "đầm do", "who types diacritics means what stands there"


def test_both_rooms_take_diacritics_off_alike() -> None:
    for text in QUERIES:
        assert plain(text) == plain_of_training(text)


def test_only_towers_that_learned_the_lexicon_read_so() -> None:
    text = load_model("lookseek-base").text
    assert text is not None
    assert [read.text for read in interpretations(text, ["trilby"])] == ["hat"]
    assert [read.text for read in interpretations(text, ["trilby"], literal=True)] == ["trilby"]
    assert [read.text for read in interpretations(None, ["trilby"])] == ["trilby"]
    with pytest.raises(QueryError, match="has no letter"):
        interpretations(text, ["..."])


def test_a_query_knows_all_its_words() -> None:
    query = Query(text="dress", plus=(Term("lace"), Term(photo=b"x")), minus=(Term("flowers"),))
    assert query.words == ("dress", "lace", "flowers")


def test_results_tell_how_words_were_read() -> None:
    query = Query(text="trilby")
    told = results_to_dict(Results(query, (), 1.0, "index", readings=interpret("trilby").said))
    assert told["readings"] == ["'trilby' read as 'hat'"]
    assert "readings" not in results_to_dict(Results(query, (), 1.0, "index"))
    assert query_to_dict(Query(text="trilby", literal=True))["literal"] is True
    assert "literal" not in query_to_dict(query)
