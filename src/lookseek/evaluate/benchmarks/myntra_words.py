"""``myntra-words``: the questions of ``myntra-attributes`` in other words: "slate tee", "áo phông ghi".

The words are those that the lexicon of training holds back (``train/align/lexicon.csv``, use ``held``), so a model
that was trained with the lexicon finds them by what its text tower knew before, not by having been taught them.
The queries stand beside this file; ``scripts/make_word_queries.py`` made them.
"""

from __future__ import annotations

from pathlib import Path

from ..task import Benchmark, Loaded, Options
from .myntra_attributes import ask

__all__ = ["BENCHMARK", "QUERIES"]

QUERIES = Path(__file__).with_name("myntra_words.csv")

NOTES = (
    "lookseek-base's training never saw these words (held in train/align/lexicon.csv); its text tower did, in the "
    "general text that it was trained on before.",
    "Black and white have no other everyday word in either language, so no query asks for them.",
)


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    return ask(options, QUERIES, NOTES)


BENCHMARK = Benchmark(
    name="myntra-words",
    about="colours and types in words that training held back; English, Vietnamese, without diacritics",
    needs="catalogue.parquet (the folder myntra)",
    size="90 questions, gallery 6,865",
    asked="words",
    protocols=("colour-and-type",),
    load=load,
)
