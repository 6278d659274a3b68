"""How long a shop's own tables take to read: myntra's catalogue, alone and with its details joined, no photo encoded.

python -m benchmarks.speed.read_shop --write

``LOOKSEEK_DATA`` names the folder with ``myntra/catalogue.parquet`` and ``myntra/details.parquet``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path

from benchmarks.speed.read_table import PAGE
from lookseek.catalogue import ReadingOptions, open_catalogue
from lookseek.types import Item

PHOTOS_A_SECOND = 138
"""Of encoding, on 2 quiet cores: README.md."""


def read(table: Path, options: ReadingOptions) -> tuple[int, float, float, Counter[str]]:
    """Open a table, go through it; returns its items, seconds, seconds of CPU, and each attribute's number of items."""
    began, cpu = time.perf_counter(), time.process_time()
    count, have = 0, Counter[str]()
    for entry in open_catalogue(table, options=options):
        if isinstance(entry, Item):
            count += 1
            have.update(entry.attributes.keys())
    return count, time.perf_counter() - began, time.process_time() - cpu, have


def main() -> None:
    """Read both ways and print what each took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true", help="put the table into docs/benchmarks/catalogues.md")
    chosen = arguments.parse_args()
    folder = Path(os.environ["LOOKSEEK_DATA"]) / "myntra"
    table, details = folder / "catalogue.parquet", folder / "details.parquet"
    lines = ["| table | items | seconds | CPU, s | attributes |", "|---|--:|--:|--:|--:|"]
    taken = []
    for name, options in (("alone", ReadingOptions()), ("with details", ReadingOptions(join=details, on="id"))):
        count, seconds, cpu, have = read(table, options)
        taken.append(cpu)
        lines.append(f"| {name} | {count:,} | {seconds:,.1f} | {cpu:,.1f} | {len(have)} |")
        print(", ".join(f"{field} {number:,}" for field, number in have.most_common(12)))
    share = (taken[1] - taken[0]) / (count / PHOTOS_A_SECOND)
    lines += ["", f"The details take {share:+.1%} of the time of encoding ({PHOTOS_A_SECOND} photos a second)."]
    print("\n".join(lines))
    if chosen.write:
        text = PAGE.read_text(encoding="utf-8")
        start = text.index("<!-- shop -->") + len("<!-- shop -->")
        end = text.index("<!-- end -->", start)
        PAGE.write_text(text[:start] + "\n" + "\n".join(lines) + "\n" + text[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
