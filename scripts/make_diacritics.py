"""Writes src/lookseek/encode/diacritics.csv: which syllable follows which, in Vietnamese and in English about clothes.

    python scripts/make_diacritics.py MYNTRA

MYNTRA holds catalogue.parquet and details.parquet. Counted are the words of training (lexicon.csv), the captions that
training makes of the items of train, changes of one fact in words, and the words of thesaurus_vi.csv. Nothing of val or
test is read, and no held word but those that the thesaurus has.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from lookseek.catalogue.one_change import one_change, read_articles
from lookseek.encode.diacritics import COLUMNS, COUNTS
from lookseek.encode.thesaurus import VIETNAMESE
from lookseek.train.words.asked_changes import ask_change
from lookseek.train.words.described import Describer
from lookseek.train.words.lexicon import Language, read_lexicon

CAPTIONS = 12_000

LEAST = 2
"""How often a pair occurs that is kept; those of the lexicon and the thesaurus are all kept."""

LANGUAGES: tuple[Language, ...] = ("en", "vi")

_WORD = re.compile(r"[^\W_]+")


def texts(folder: Path, language: Language) -> Iterator[str]:
    """All texts of one language that are counted."""
    lexicon, random = read_lexicon(), Random(0)
    describer = Describer(lexicon)
    for entry in lexicon.entries:
        if entry.language == language and entry.use == "train":
            yield from (entry.word,) * 3
    if language == "vi":
        with VIETNAMESE.open(newline="", encoding="utf-8") as file:
            yield from (row["word"] for row in csv.DictReader(file) for _ in range(LEAST))
    articles = read_articles(folder, "train")
    for article in random.sample(articles, min(CAPTIONS, len(articles))):
        facts = {"articleType": frozenset([article.article_type]), "baseColour": frozenset([article.colour])}
        facts |= {"gender": frozenset([article.gender]), **article.facts}
        caption = describer.describe({name: some for name, some in facts.items() if "" not in some}, language, random)
        if caption is not None:
            yield caption.text
    for change in one_change(articles)[::3]:
        yield ask_change(change.field, change.old, change.new, language, random, lexicon).text


def main() -> None:
    """Write the counts and say how many there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rows: list[tuple[str, str, str, int]] = []
    for language in LANGUAGES:
        counts = Counter(
            pair for text in texts(folder, language) for pair in pairwise(["", *_WORD.findall(text.lower())])
        )
        rows += [(language, *pair, count) for pair, count in sorted(counts.items()) if count >= LEAST]
    with COUNTS.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    print(f"{COUNTS}: {dict(Counter(row[0] for row in rows))} pairs, {COUNTS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
