"""Writes the Vietnamese of ``myntra-composed`` and ``drawn-composed``: how a change is asked for, three ways each.

    python scripts/make_change_queries.py MYNTRA

MYNTRA holds catalogue.parquet and captions/: its changes are those of colour that triplets of val and test ask for.
Drawn garments need no folder: their changes are all that there can be. Words and wordings are those of training
(``train/words/changes.py``); a seed for each change makes the file come out the same wherever it is made. It is
committed and should not change.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator
from itertools import permutations
from pathlib import Path
from random import Random

from lookseek.catalogue.drawn import KINDS
from lookseek.catalogue.drawn.designs import CATEGORIES as DRAWN
from lookseek.catalogue.drawn.designs import possible_values
from lookseek.catalogue.fashioniq import CATEGORIES, read_triplets
from lookseek.catalogue.myntra import read_catalogue
from lookseek.evaluate.benchmarks.changes import CHANGES, COLUMNS, Changed
from lookseek.train.words.changes import change
from lookseek.train.words.lexicon import Lexicon, read_lexicon, strip_diacritics

WAYS = 3


def of_shop(folder: Path) -> Iterator[Changed]:
    """The changes of colour that are asked for."""
    for split in ("val", "test"):
        colours = {item.id: item.base_colour for item in read_catalogue(folder, split)}
        for category in CATEGORIES:
            for triplet in read_triplets(folder, category, split):
                old, new = colours[triplet.candidate], colours[triplet.target]
                if old != new:
                    yield "baseColour", old, new


def of_drawn() -> Iterator[Changed]:
    """All changes of one attribute that a drawn garment can have."""
    for kind in KINDS:
        for category in DRAWN:
            for old, new in permutations(possible_values(kind, category), 2):
                yield kind, old, new


def rows(changes: Iterable[Changed], lexicon: Lexicon) -> Iterator[tuple[str, ...]]:
    """A row for each way to ask."""
    for field, old, new in sorted(set(changes)):
        random = Random(f"{field} {old} {new}")
        ways: dict[str, None] = {}
        while len(ways) < WAYS:
            ways[change(field, old, new, "vi", random, lexicon)] = None
        yield from ((field, old, new, way, strip_diacritics(way)) for way in ways)


def main() -> None:
    """Write the file and say how many rows it has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    made = list(rows([*of_shop(folder), *of_drawn()], read_lexicon()))
    with CHANGES.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *made])
    print(f"{CHANGES}: {len(made):,} rows")


if __name__ == "__main__":
    main()
