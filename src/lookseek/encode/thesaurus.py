"""Words that a model was never taught, read as words that it was: "burgundy" as "maroon", "quần soóc" as "quần short".

``thesaurus.csv`` holds English words of clothes and cloths (WordNet) and of colours (the xkcd colour survey, WordNet);
``scripts/make_thesaurus.py`` made it, and NOTICE says whose they are. ``thesaurus_vi.csv`` is a list of our own. A word
is looked for as a whole, the longest first; what the lexicon of training has stays as it is. The work is bounded by the
text, which ``words.normalise`` bounds, and each text is read the same way each time.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from .phrases import longest_matches

__all__ = ["COLUMNS", "TABLE", "VIETNAMESE", "Reading", "Thesaurus", "thesaurus"]

Language: TypeAlias = Literal["en", "vi"]

TABLE = Path(__file__).with_name("thesaurus.csv")
VIETNAMESE = Path(__file__).with_name("thesaurus_vi.csv")

COLUMNS = ("language", "word", "reading", "source")
"""Of ``TABLE``. An empty reading keeps a taught phrase whole that a word of the list is a part of."""

OWN = "lookseek"

_PIECE = re.compile(r"[\w'-]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A word of a text, and what it was read as.

    Args:
        word: as the text has it.
        meant: the word that was put in its place.
        source: of the knowledge: wordnet, xkcd or lookseek.
    """

    word: str
    meant: str
    source: str

    def __str__(self) -> str:
        return f"'{self.word}' read as '{self.meant}'"


class Thesaurus:
    """Words and readings of one language.

    Args:
        entries: word, reading ("" to leave the word as it is) and source.
    """

    def __init__(self, entries: Iterable[tuple[str, str, str]]) -> None:
        self._entries = {tuple(word.split()): (reading, source) for word, reading, source in entries}
        self._longest = max(map(len, self._entries), default=0)

    def __len__(self) -> int:
        return sum(bool(reading) for reading, _ in self._entries.values())

    def read(self, text: str) -> tuple[str, tuple[Reading, ...]]:
        """Return a text in taught words, and what was changed; the text itself where nothing was.

        >>> thesaurus("en").read("a vermilion trilby")[0]
        'a red hat'
        """
        pieces = list(_PIECE.finditer(text))
        words = [piece.group().lower() for piece in pieces]
        made, readings, done = [], [], 0
        for start, end, (reading, source) in longest_matches(words, self._entries, self._longest):
            if reading:
                first, last = pieces[start].start(), pieces[end - 1].end()
                made += [text[done:first], reading]
                readings.append(Reading(text[first:last], reading, source))
                done = last
        return "".join([*made, text[done:]]), tuple(readings)


@cache
def thesaurus(language: Language) -> Thesaurus:
    """Return the words of a language, read once."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["language"] == language]
    entries = [(row["word"], row["reading"], row["source"]) for row in rows]
    if language == "vi":
        with VIETNAMESE.open(newline="", encoding="utf-8") as file:
            entries += [(row["word"], row["reading"], OWN) for row in csv.DictReader(file)]
    return Thesaurus(entries)
