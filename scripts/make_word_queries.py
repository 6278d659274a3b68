"""Writes the queries of ``myntra-words``: colours and types in words that training never sees.

    python scripts/make_word_queries.py MYNTRA

MYNTRA holds catalogue.parquet. Queries are asked for each type and colour of val and of test that at least 10 items
of the split have, of up to three kinds: "noun" has a held word of the type and the plainest of the colour, "colour" the
other way round, "both" two held words; each where both languages have what it needs. Where a value has several held
words a checksum of the query chooses one, so that the file comes out the same wherever it is made; it is committed.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from lookseek.catalogue.myntra import read_catalogue
from lookseek.evaluate.benchmarks.myntra_attributes import COLUMNS
from lookseek.evaluate.benchmarks.myntra_words import QUERIES
from lookseek.train.words.lexicon import Language, Lexicon, read_lexicon, strip_diacritics

RIGHT = 10
"""Items that a query must have, as those of ``myntra-attributes``."""

KINDS = {"noun": (True, False), "colour": (False, True), "both": (True, True)}
"""What is asked in held words: the type, the colour."""


def chosen(lexicon: Lexicon, split: str, kind: str, colour: str, language: Language) -> tuple[str, str]:
    """A held word of the type and one of the colour, "" where there is none."""
    number = zlib.crc32(f"{split}/{kind}/{colour}".encode())
    some = (
        lexicon.words("articleType", kind, language, "held"),
        lexicon.words("baseColour", colour, language, "held"),
    )
    of_type, of_colour = (words[number % len(words)] if words else "" for words in some)
    return of_type, of_colour


def queries(folder: Path, split: str, lexicon: Lexicon) -> Iterator[tuple[str, ...]]:
    """The queries of a split by type and colour, each with its kind last, in the order of the file's columns."""
    counts = Counter((item.article_type, item.base_colour) for item in read_catalogue(folder, split))
    for kind, colour in sorted(pair for pair, count in counts.items() if count >= RIGHT):
        held = {language: chosen(lexicon, split, kind, colour, language) for language in get_args(Language)}
        for asked, (of_type, of_colour) in KINDS.items():
            said = {}
            for language in get_args(Language):
                noun = held[language][0] if of_type else lexicon.words("articleType", kind, language)[0]
                shade = held[language][1] if of_colour else lexicon.words("baseColour", colour, language)[0]
                if noun and shade:
                    said[language] = f"{shade} {noun}" if language == "en" else f"{noun} {shade}"
            if len(said) == len(get_args(Language)):
                yield split, kind, colour, said["en"], said["vi"], strip_diacritics(said["vi"]), asked


def main() -> None:
    """Write the file and say how many queries each split has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    lexicon = read_lexicon()
    rows = [row for split in ("test", "val") for row in queries(folder, split, lexicon)]
    with QUERIES.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([(*COLUMNS, "kind"), *rows])
    print(f"{QUERIES}: {dict(Counter((row[0], row[-1]) for row in rows))}")


if __name__ == "__main__":
    main()
