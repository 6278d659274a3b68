"""Writes the frozen queries of the benchmarks on a folder laid out like ``myntra/``.

    python scripts/make_queries.py FOLDER [--only NAME ...] [--again]      # to FOLDER/queries/NAME.csv
    python scripts/make_queries.py FOLDER --packaged                       # those that come with lookseek

FOLDER holds catalogue.parquet and details.parquet; every split but train asks. ``lookseek evaluate NAME
FOLDER`` finds the lists there. A list that is there already stays, unless --again is given: queries are frozen so
that figures compare. Where there is a choice a checksum makes it, so a list comes out the same wherever it is made.
The benchmarks on a folder laid out like ``ccp/`` need no list: their queries are its masks.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).parent))

from frozen_queries.changes import changes
from frozen_queries.close import close
from frozen_queries.fine import fine
from frozen_queries.plus_minus import plus_minus
from frozen_queries.shop import Row, Shop

from lookseek.catalogue.myntra import splits_of
from lookseek.evaluate.benchmarks import closeness, myntra_changes, myntra_fine, myntra_plus_minus
from lookseek.evaluate.benchmarks.frozen import QUERIES, packaged
from lookseek.train.words.lexicon import read_lexicon

MADE: Mapping[str, tuple[Sequence[str], Callable[[Shop], Iterator[Row]]]] = {
    myntra_fine.NAME: (myntra_fine.COLUMNS, fine),
    myntra_changes.NAME: (myntra_changes.COLUMNS, changes),
    myntra_plus_minus.NAME: (myntra_plus_minus.COLUMNS, plus_minus),
    closeness.NAME: (closeness.COLUMNS, close),
}
"""Name of a benchmark to the columns of its list beside the split, and the function that makes its rows."""


def main() -> None:
    """Write the lists and print how many queries each has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=MADE, default=list(MADE), help="benchmarks")
    parser.add_argument("--again", action="store_true", help="also those that are there")
    parser.add_argument("--packaged", action="store_true", help="those that come with lookseek")
    chosen = parser.parse_args()
    lexicon = read_lexicon()
    splits = sorted(splits_of(chosen.folder))
    asking = [split for split in splits if split != "train"] or splits
    shops = [Shop(chosen.folder, split, lexicon) for split in asking]
    for name in chosen.only:
        path = packaged(name) if chosen.packaged else chosen.folder / QUERIES / f"{name}.csv"
        if path.is_file() and not (chosen.again or chosen.packaged):
            print(f"{path}: is there, stays")
            continue
        columns, make = MADE[name]
        rows = [(shop.split, *row) for shop in shops for row in make(shop)]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("split", *columns), *rows])
        print(f"{path}: {dict(Counter(row[0] for row in rows))}")


if __name__ == "__main__":
    main()
