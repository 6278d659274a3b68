"""The Vietnamese of changes: in words of training, as its script makes it."""

from __future__ import annotations

import csv
import importlib.util
import unicodedata
from collections import Counter
from pathlib import Path

from lookseek.catalogue.drawn import KINDS
from lookseek.evaluate.benchmarks.changes import CHANGES, known, translated
from lookseek.evaluate.task import EvaluationQuery
from lookseek.train.words.lexicon import read_lexicon, strip_diacritics

SCRIPT = Path(__file__).parents[1] / "scripts" / "make_change_queries.py"

with CHANGES.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


def test_each_names_a_word_of_training_and_none_that_is_held() -> None:
    lexicon = read_lexicon()
    for row in ROWS:
        words = (word.removeprefix("màu ") for word in lexicon.words(row["field"], row["new"], "vi"))
        assert any(word in row["vi"] for word in words), row
        assert not lexicon.held_in(row["vi"])
        assert row["vi"] == unicodedata.normalize("NFC", row["vi"])
        assert row["vi_plain"] == strip_diacritics(row["vi"])


def test_there_are_three_ways_each_and_all_kinds() -> None:
    counts = Counter((row["field"], row["old"], row["new"]) for row in ROWS)
    assert set(counts.values()) == {3}
    assert {field for field, _, _ in counts} == {"baseColour", *KINDS}
    assert len({tuple(row.values())[:4] for row in ROWS}) == len(ROWS)


def test_a_query_is_asked_the_same_way_each_time_and_others_differently() -> None:
    changed = ("sleeve", "short", "long")
    assert known(changed) and not known(("sleeve", "short", "short"))
    queries = [EvaluationQuery(f"q{number}", "photo", "with long sleeves") for number in range(20)]
    asked = translated(queries, [changed] * 20, "vi")
    assert asked == translated(queries, [changed] * 20, "vi")
    assert [(q.id, q.photo) for q in asked] == [(q.id, q.photo) for q in queries]
    assert len({q.text for q in asked}) == 3
    alone = translated(queries[7:8], [changed], "vi_plain")
    assert alone[0].text == strip_diacritics(asked[7].text)


def test_the_script_makes_the_file_that_is_committed(data: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_change_queries", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = script.rows([*script.of_shop(data / "myntra"), *script.of_drawn()], read_lexicon())
    assert list(made) == [tuple(row.values()) for row in ROWS]
