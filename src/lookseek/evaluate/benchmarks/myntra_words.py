"""``myntra-words``: the queries of ``myntra-attributes`` in other words: "blue knapsack", "áo sơ mi màu gấc".

The words are those that the lexicon of training holds back (``train/words/lexicon.csv``, use ``held``), so a model
that was trained with the lexicon finds them by what its text tower knew before, not by having been taught them.
A query is of one of three kinds: a held word for the type and the plainest for the colour, the other way round, or two
held words. The queries stand beside this file; ``scripts/make_word_queries.py`` made them.
"""

from __future__ import annotations

from pathlib import Path

from ..task import Benchmark, Loaded, Options
from .myntra_attributes import ask

__all__ = ["BENCHMARK", "QUERIES"]

QUERIES = Path(__file__).with_name("myntra_words.csv")

NOTES = (
    "lookseek-base's training never saw these words (held in train/words/lexicon.csv); its text tower did, in the "
    "general text that it was trained on before.",
    "Bare figures are of all queries; /noun of those where the type alone is said in a held word, /colour of those "
    "where the colour alone is, /both of those where both are; /vi-noun and the like of Vietnamese.",
    "Black and white have no other everyday word in either language, so they are asked for in their plain words alone.",
)


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    return ask(options, QUERIES, NOTES)


BENCHMARK = Benchmark(
    name="myntra-words",
    about="colours and types in words that training held back; English, Vietnamese, without diacritics",
    needs="catalogue.parquet (the folder myntra)",
    size="139 queries, gallery 6,865",
    query_type="words",
    protocols=("colour-and-type",),
    load=load,
)
