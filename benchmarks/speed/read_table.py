"""How long reading a table of a catalogue takes, and how much memory: rows of which 2 % are broken, no photo encoded.

python -m benchmarks.speed.read_table --rows 1000000 --write

The table is written first, as CSV, with photos that repeat. Broken are, in turn, a missing file, a ragged row, an empty
id, a repeated id and a price that is none; the last is kept, as text.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lookseek.catalogue import open_catalogue
from lookseek.types import Skipped

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "catalogues.md"
EVERY = 50
"""One row in so many is broken: 2 %."""
PHOTOS = 1000
"""Photos that the rows repeat."""
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
"""The first bytes of a photo."""


def write_table(folder: Path, rows: int, photos: Sequence[bytes] = (JPEG,) * PHOTOS) -> Path:
    """Write the table and its photos.

    Args:
        folder: where.
        rows: of the table.
        photos: that the rows show, each by as many, one after another.
    """
    (folder / "img").mkdir(exist_ok=True)
    for number, photo in enumerate(photos):
        (folder / "img" / f"{number}.jpg").write_bytes(photo)
    path = folder / "items.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("id,image,title,brand,price,sizes,added\n")
        for number in range(rows):
            id_, image, price, end = (
                f"SKU{number:07d}",
                f"img/{number * len(photos) // rows}.jpg",
                f"{number % 900 + 99}.000",
                "",
            )
            if number % EVERY == EVERY - 1:
                match number // EVERY % 5:
                    case 0:
                        image = "img/gone.jpg"
                    case 1:
                        end = ",more"
                    case 2:
                        id_ = ""
                    case 3:
                        id_ = "SKU0000000"
                    case _:
                        price = "Liên hệ"
            file.write(
                f"{id_},{image},Đầm số {number},Brand {number % 40},{price},S|M|L,2026-01-{number % 28 + 1:02d}{end}\n"
            )
    return path


def main() -> None:
    """Write the table, open it, go through it, and print what it took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--write", action="store_true", help="put the line into docs/benchmarks/catalogues.md")
    chosen = arguments.parse_args()
    rows = chosen.rows
    with tempfile.TemporaryDirectory() as folder:
        path = write_table(Path(folder), rows)
        size = path.stat().st_size
        before, cpu = time.perf_counter(), time.process_time()
        catalogue = open_catalogue(path)
        opened = time.perf_counter() - before
        kinds: Counter[str] = Counter()
        for entry in catalogue:
            if isinstance(entry, Skipped):
                kinds[entry.kind] += 1
            else:
                kinds["read"] += 1
                kinds.update(remark.kind for remark in entry.remarks)
        seconds, cpu = time.perf_counter() - before, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{rows:,} rows, {size / 2**20:,.0f} MB: opened in {opened:.1f} s, read in {seconds:.1f} s ({cpu:.1f} s of CPU)"
    )
    print(f"{cpu / rows * 1e6:.1f} µs of CPU a row, peak memory {peak:,.0f} MB")
    outcome = ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())
    print(outcome)
    if chosen.write:
        figures = f"{opened:,.0f} | {seconds:,.0f} | {cpu / rows * 1e6:,.0f} | {peak:,.0f} MB"
        write_line(PAGE, "read", f"| {rows:,} | {figures} | {outcome} |", rows)


def write_line(page: Path, table: str, line: str, rows: int) -> None:
    """Put a line into a table of a page, in the place of an earlier one of as many rows.

    Args:
        page: the page, in which ``<!-- TABLE -->`` and ``<!-- end -->`` stand around the table.
        table: its name.
        line: of a number of rows.
        rows: that number.
    """
    text = page.read_text(encoding="utf-8")
    start = text.index(f"<!-- {table} -->")
    end = text.index("<!-- end -->", start)
    head, *lines = text[start:end].rstrip("\n").split("\n|--")
    ruler, *kept = ("|--" + lines[0]).split("\n")
    kept = [one for one in kept if one and not one.startswith(f"| {rows:,} |")]
    kept = sorted([*kept, f"{line.removesuffix(' |')} | {datetime.now(UTC):%Y-%m-%d} |"], key=_rows_of)
    page.write_text(text[:start] + "\n".join([head, ruler, *kept, ""]) + text[end:], encoding="utf-8")


def _rows_of(line: str) -> int:
    return int(line.split("|")[1].replace(",", ""))


if __name__ == "__main__":
    main()
