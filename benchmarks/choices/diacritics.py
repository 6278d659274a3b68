"""How well diacritics are put back, and that English stays as it is.

    python -m benchmarks.choices.diacritics [--data FOLDER]      # some seconds

Vietnamese: queries of ``myntra-words`` of both splits (their words are held from training, some stand in the
thesaurus), queries of ``queries.csv`` on val, and a hundred queries as shoppers type them, written for this and never
counted (``vietnamese_queries.txt``). Each is stripped of its marks and restored; a syllable is right if it is as
it was. English: the titles of val and the English queries, which must stay as they are. Times are the processor's.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.paths import DATA
from lookseek.catalogue.myntra import read_catalogue
from lookseek.encode.diacritics import plain, restorer
from lookseek.evaluate.benchmarks.myntra_words import QUERIES


def column(path: Path, name: str, split: str = "") -> list[str]:
    """The texts of one column, each once."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(dict.fromkeys(row[name] for row in csv.DictReader(file) if not split or row["split"] == split))


def vietnamese(name: str, texts: Sequence[str]) -> None:
    """Print the shares of syllables and of whole texts that are restored rightly."""
    right = syllables = whole = 0
    began = time.process_time()
    restored = [restorer().restore(plain(text)) for text in texts]
    took = 1000 * (time.process_time() - began) / len(texts)
    for text, made in zip(texts, restored, strict=True):
        pairs = list(zip(text.split(), made.split(), strict=True))
        right, syllables = right + sum(a == b for a, b in pairs), syllables + len(pairs)
        whole += text == made
    left = sum(plain(text) == made != text for text, made in zip(texts, restored, strict=True))
    print(f"| {name} | {len(texts)} | {right / syllables:.3f} | {whole / len(texts):.3f} | {left} | {took:.2f} |")


def english(name: str, texts: Sequence[str]) -> None:
    """Print how many texts stay as they are."""
    changed = [text for text in texts if restorer().restore(text) != text]
    print(f"| {name} | {len(texts)} | {1 - len(changed) / len(texts):.4f} | {', '.join(changed[:5])} |")


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=DATA)
    folder = options.parse_args().data / "myntra"
    restorer()
    print("| Vietnamese | texts | syllables right | texts right | taken for English | ms a text |")
    print("|---|---|---|---|---|---|")
    written = Path(__file__).with_name("vietnamese_queries.txt").read_text(encoding="utf-8").splitlines()
    vietnamese("shoppers' queries", written)
    vietnamese("myntra-words (held words)", column(QUERIES, "vi"))
    vietnamese("queries.csv, val", column(folder / "queries.csv", "vi", "val"))
    print("\n| English | texts | stay as they are | e.g. not |\n|---|---|---|---|")
    english("titles of val", [item.title for item in read_catalogue(folder, "val") if item.title.isascii()])
    english("queries.csv", column(folder / "queries.csv", "en"))
    english("myntra-words", column(QUERIES, "en"))


if __name__ == "__main__":
    main()
