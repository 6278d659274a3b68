"""How long an index job over very many rows takes, and how much memory: 2 % of them broken, photos that repeat.

python -m benchmarks.speed.job --rows 100000 --write

The table is that of ``read_table``. No photo is encoded: each of the photos has a vector that is drawn at random, as
if it had been encoded before, so what is measured is everything else: reading, checking, writing, the graph from
50,000 items on, the search for duplicates, the reports. The job is then run a second time, and finds nothing to do.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.speed.read_table import PAGE, PHOTOS, write_line, write_table
from lookseek.catalogue import Catalogue, VectorOrigin, fields_of, open_catalogue
from lookseek.encode import load_model
from lookseek.index.job import build_index
from lookseek.index.report import Summary
from lookseek.types import Encoding, Item, Skipped

HEAD = (
    "| rows | seconds | CPU, µs a row | peak memory | index | second run | summary |\n|--:|--:|--:|--:|--:|--:|---|\n"
)


class Encoded:
    """A catalogue whose photos were encoded before: photo by photo a random vector of length 1."""

    def __init__(self, catalogue: Catalogue, origin: VectorOrigin) -> None:
        self.name, self.origin, self.vector_origin = catalogue.name, catalogue.origin, origin
        self.fields = fields_of(catalogue)
        self._catalogue = catalogue
        vectors = np.random.default_rng(0).standard_normal((PHOTOS, origin.dim)).astype(np.float32)
        self._vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def __len__(self) -> int:
        return len(self._catalogue)

    def __iter__(self) -> Iterator[Item | Skipped]:
        for entry in self._catalogue:
            if isinstance(entry, Skipped):
                yield entry
                continue
            photo = int(Path(entry.source).stem)
            digest = hashlib.blake2b(entry.source.encode(), digest_size=16).hexdigest()
            yield replace(entry, encoding=Encoding(self._vectors[photo], None, digest))


def run(rows: int) -> str:
    """Run the job twice and return the line of the table."""
    model = load_model(single=True)
    with tempfile.TemporaryDirectory() as folder:
        table = write_table(Path(folder), rows)
        origin = VectorOrigin(model.dim, True, model=model.name, checksum=model.checksum)
        index = Path(folder) / "index"
        began, cpu = time.perf_counter(), time.process_time()
        summary = build_index(Encoded(open_catalogue(table), origin), index)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = sum(path.stat().st_size for path in index.rglob("*") if path.is_file()) / 2**20
        began = time.perf_counter()
        again = build_index(Encoded(open_catalogue(table), origin), index)
        second = time.perf_counter() - began
        assert again.unchanged == summary.added and not again.changed
    return (
        f"| {rows:,} | {seconds:,.0f} | {cpu / rows * 1e6:,.0f} | {peak:,.0f} MB | {size:,.0f} MB | {second:,.0f} s | "
        f"{describe(summary)} |"
    )


def describe(summary: Summary) -> str:
    """Return what the job's summary says."""
    skipped = ", ".join(f"{kind} {count:,}" for kind, count in summary.skipped.items())
    odd = ", ".join(f"{len(lines):,} odd values of {column}" for column, lines in summary.odd.items())
    copies = sum(len(group) - 1 for group in summary.duplicates.same)
    return f"{summary.items:,} items; skipped: {skipped}; {odd}; {copies:,} photos more than once"


def main() -> None:
    """Run the job, print its line, and write it into the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--write", action="store_true", help="put the line into docs/benchmarks/catalogues.md")
    chosen = arguments.parse_args()
    line = run(chosen.rows)
    print(line)
    if chosen.write:
        write_line(PAGE, "job", line, chosen.rows)


if __name__ == "__main__":
    main()
