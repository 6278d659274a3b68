"""Writes the queries of ``myntra-words``: colours and types in words that training never sees.

    python scripts/make_word_queries.py MYNTRA

MYNTRA holds catalogue.parquet. A query is asked for each type and colour of val and of test that have a held word
in both languages and that at least 10 items of the split have. Where a value has several held words a checksum of the
query chooses one, so that the file comes out the same wherever it is made; it is committed and should not change.
"""

from __future__ import annotations

import argparse
import csv
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from lookseek.catalogue.myntra import read_catalogue
from lookseek.evaluate.benchmarks.myntra_attributes import COLUMNS
from lookseek.evaluate.benchmarks.myntra_words import QUERIES
from lookseek.train.align.lexicon import Language, Lexicon, plain, read_lexicon

RIGHT = 10
"""Items that a query must have, as those of ``myntra-attributes``."""


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
    """The queries of a split by type and colour: split, type, colour, English, Vietnamese, without diacritics."""
    counts = Counter((item.article_type, item.base_colour) for item in read_catalogue(folder, split))
    for kind, colour in sorted(pair for pair, count in counts.items() if count >= RIGHT):
        en_type, en_colour = chosen(lexicon, split, kind, colour, "en")
        vi_type, vi_colour = chosen(lexicon, split, kind, colour, "vi")
        if en_type and en_colour and vi_type and vi_colour:
            vi = f"{vi_type} {vi_colour}"
            yield split, kind, colour, f"{en_colour} {en_type}", vi, plain(vi)


def main() -> None:
    """Write the file and say how many queries each split has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    lexicon = read_lexicon()
    rows = [row for split in ("test", "val") for row in queries(folder, split, lexicon)]
    with QUERIES.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    print(f"{QUERIES}: {dict(Counter(row[0] for row in rows))}")


if __name__ == "__main__":
    main()
