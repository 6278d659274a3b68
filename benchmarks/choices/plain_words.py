"""How many of a Vietnamese query's ten best it keeps when it is typed without diacritics.

    python -m benchmarks.choices.plain_words [--split val|test] [--model NAME_OR_FOLDER] [--data FOLDER]

Queries: all in Vietnamese of the frozen lists of ``myntra-attributes``, ``myntra-fine`` and ``myntra-words`` on that
split; those without a diacritic are left out, since both forms are one. Gallery: the split's photos, indexed anew. Both
forms go through a whole search, as a person types them.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.paths import DATA
from lookseek import Query, Searcher, build_index
from lookseek.encode.diacritics import plain
from lookseek.evaluate.benchmarks.frozen import packaged

K = 10


def queries(file: Path, split: str) -> list[str]:
    """The Vietnamese texts of a list, each once, that have diacritics."""
    with file.open(newline="", encoding="utf-8") as lines:
        texts = [row["vi"] for row in csv.DictReader(lines) if row["split"] == split]
    return [text for text in dict.fromkeys(texts) if plain(text) != text]


def main() -> None:
    """Print a row for each list."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--split", choices=("val", "test"), default="val")
    options.add_argument("--model", default="lookseek-2")
    options.add_argument("--data", type=Path, default=DATA)
    given = options.parse_args()
    shop = given.data / "myntra"
    lists = {
        "myntra-attributes": shop / "queries.csv",
        "myntra-fine": packaged("myntra-fine"),
        "myntra-words": packaged("myntra-words"),
    }
    with tempfile.TemporaryDirectory() as folder:
        table = pq.read_table(
            shop / "catalogue.parquet", columns=["id", "image"], filters=[("split", "=", given.split)]
        )
        pq.write_table(table, Path(folder) / "photos.parquet")
        build_index(Path(folder) / "photos.parquet", Path(folder) / "index", model=given.model)
        print(
            f"| {given.model}, {given.split}, {len(table):,} photos | queries | of the ten best, kept |\n|---|---|---|"
        )
        every: list[float] = []
        with Searcher(Path(folder) / "index") as searcher:
            for name, file in lists.items():
                kept = []
                for text in queries(file, given.split):
                    first, other = (
                        {hit.id for hit in searcher.search(Query(text=form, k=K)).hits} for form in (text, plain(text))
                    )
                    kept.append(len(first & other) / len(first))
                every += kept
                print(f"| {name} | {len(kept)} | {np.mean(kept):.3f} |")
        print(f"| all | {len(every)} | {np.mean(every):.3f} |")


if __name__ == "__main__":
    main()
