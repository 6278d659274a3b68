"""``myntra-words``: its queries are of held words alone, and are those that its script makes."""

from __future__ import annotations

import csv
import importlib.util
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from lookseek.errors import CatalogueError
from lookseek.evaluate.benchmarks import myntra_attributes
from lookseek.evaluate.benchmarks.myntra_words import BENCHMARK, QUERIES
from lookseek.evaluate.registry import benchmark
from lookseek.evaluate.task import Options
from lookseek.train.words.lexicon import Language, read_lexicon, strip_diacritics

LANGUAGES: tuple[Language, ...] = ("en", "vi")
SCRIPT = Path(__file__).parents[1] / "scripts" / "make_word_queries.py"

with QUERIES.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


def test_every_query_says_in_held_words_what_its_kind_names_and_the_rest_in_the_plainest() -> None:
    words = read_lexicon()
    assert len(ROWS) == len({(row["split"], row["en"]) for row in ROWS}) == len({(r["split"], r["vi"]) for r in ROWS})
    for row in ROWS:
        nouns: dict[str, tuple[str, ...]] = {}
        colours: dict[str, tuple[str, ...]] = {}
        for some, field, kinds in (
            (nouns, "articleType", ("noun", "both")),
            (colours, "baseColour", ("colour", "both")),
        ):
            for language in LANGUAGES:
                held = row["kind"] in kinds
                found = words.words(field, row[field], language, "held" if held else "train")
                some[language] = found if held else found[:1]
        assert row["en"] in {f"{colour} {noun}" for colour in colours["en"] for noun in nouns["en"]}
        assert row["vi"] in {f"{noun} {colour}" for colour in colours["vi"] for noun in nouns["vi"]}
        assert row["vi"] == unicodedata.normalize("NFC", row["vi"])
        assert row["vi_plain"] == strip_diacritics(row["vi"])


def test_there_are_enough_queries_of_many_types_and_colours() -> None:
    for split in ("val", "test"):
        asked = [row for row in ROWS if row["split"] == split]
        assert len(asked) >= 120
        assert {row["kind"] for row in asked} == {"noun", "colour", "both"}
        assert all(sum(row["kind"] == kind for row in asked) >= 20 for kind in ("noun", "colour", "both"))
        assert len({row["articleType"] for row in asked}) >= 20
        assert len({row["baseColour"] for row in asked}) >= 12


def test_the_script_makes_the_file_that_is_committed(data: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_word_queries", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = [row for split in ("test", "val") for row in script.queries(data / "myntra", split, read_lexicon())]
    assert made == [tuple(row.values()) for row in ROWS]


@pytest.mark.parametrize("split", ["val", "test"])
def test_it_asks_what_myntra_attributes_asks_in_other_words(split: str, data: Path) -> None:
    options = Options(data / "myntra", split, "colour-and-type")
    ours, theirs = benchmark("myntra-words").load(options), myntra_attributes.BENCHMARK.load(options)
    assert [task.name for task in ours.tasks] == ["", "vi", "vi-plain"]
    known = {query.id for query in theirs.tasks[0].queries}
    assert {query.id.rpartition(" (")[0] for query in ours.tasks[0].queries} <= known
    assert not theirs.tasks[0].parts
    assert not {q.text for task in ours.tasks for q in task.queries} & {
        q.text for task in theirs.tasks for q in task.queries
    }
    for task in ours.tasks:
        assert (task.truth.grades(slice(None)).sum(axis=1) >= 10).all()
        assert task.metrics[0] == "precision@10"
        assert set(task.parts) == {"noun", "colour", "both"}
        assert sorted(np.concatenate(list(task.parts.values()))) == list(range(len(task.queries)))
        for kind, rows in task.parts.items():
            assert all(task.queries[row].id.endswith(f"({kind})") for row in rows)
    assert any("never saw these words" in note for note in ours.notes)


def test_without_a_catalogue_it_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"give the folder that holds catalogue\.parquet"):
        BENCHMARK.load(Options(tmp_path, "test", "colour-and-type"))
