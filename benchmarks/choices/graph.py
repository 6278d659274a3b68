"""What a graph misses on a real catalogue, by the breadth of its search, and what it misses through a filter.

    python -m benchmarks.choices.graph INDEX PHOTOS [--work FOLDER] [--write]

INDEX is an index of lookseek, PHOTOS a folder of photos that are not in it. Its generation is copied, and a graph is
built for the copy, whatever its size. Asked are 200 of the photos and 200 texts, by look alone; right is what comparing
with every vector gives. The filters are the most frequent values of the index's fields.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.paths import PAGES
from benchmarks.speed import latency
from lookseek import Query, Searcher
from lookseek.errors import QueryError
from lookseek.filters import Condition, parse
from lookseek.store import Restriction, edge
from lookseek.types import Vector

K, LISTS, QUERIES = 10, 64, 200
BREADTHS = 48, 96, 128, 192, 256
ROUNDS = 3


class Asked:
    """Queries to one store, and what is right."""

    def __init__(self, store: edge.EdgeStore, vectors: Sequence[Vector], k: int, condition: Condition | None) -> None:
        self._store, self._vectors, self._k, self._condition = store, vectors, k, condition
        self._right, self.exact_ms = self._ask(exact=True)

    def _ask(self, *, exact: bool) -> tuple[list[set[str]], float]:
        found, taken = [], []
        for _ in range(ROUNDS):
            found = []
            for vector in self._vectors:
                began = time.perf_counter()
                hits = self._store.search("look", vector, self._k, Restriction(self._condition, exact=exact))
                taken.append((time.perf_counter() - began) * 1000)
                found.append({hit.id for hit in hits})
        return found, median(taken)

    def row(self) -> str:
        """Milliseconds, mean recall, that of the worst twentieth, the worst."""
        found, ms = self._ask(exact=False)
        recalls = [len(a & b) / max(1, len(b)) for a, b in zip(found, self._right, strict=True)]
        twentieth = np.quantile(recalls, 0.05)
        return f"{ms:.2f} | {self.exact_ms:.2f} | {np.mean(recalls):.4f} | {twentieth:.2f} | {min(recalls):.2f} |"


def filters(store: edge.EdgeStore, fields: Sequence[str]) -> list[str]:
    """The most frequent value of each field of words."""
    made = []
    for field in fields:
        with suppress(QueryError):  # of numbers
            counts = store.facet(field, limit=1)
            if counts and counts[0][1] > store.count() / 10:
                made.append(f'`{field}` = "{counts[0][0]}"')
    return made


def main() -> None:
    """Measure and print; with --write, replace the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("index", type=Path)
    options.add_argument("photos", type=Path)
    options.add_argument("--work", type=Path, default=Path("/tmp/lookseek-bench"))
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    photos = sorted(chosen.photos.glob("*.jpg"))
    with Searcher(chosen.index) as searcher:
        manifest = searcher.index.manifest
        asked = {
            "photos": [searcher.embed(Query(image=p))["look"] for p in photos[:: max(1, len(photos) // QUERIES)]],
            "words": [searcher.embed(Query(text=text))["look"] for text in latency.texts()[:QUERIES]],
        }
    copy = chosen.work / "graph"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(chosen.index / manifest.generation, copy)
    store = edge.EdgeStore(copy, manifest.spec.layout)
    began = time.perf_counter()
    store.optimise(graph=True)
    built = time.perf_counter() - began
    lines = [
        "| asked | first | breadth | ms | ms one by one | recall | worst 5 % | worst |",
        "|---|---|---|" + "---|" * 5,
    ]
    usual = edge._EF
    for name, vectors in asked.items():
        for k in (K, LISTS):
            queries = Asked(store, vectors, k, None)
            for edge._EF in (breadth for breadth in BREADTHS if breadth >= 2 * k):
                lines.append(f"| {name} | {k} | {edge._EF} | {queries.row()}")
    edge._EF, edge._ONE_BY_ONE = usual, 0
    lines += [
        "",
        "| asked | filter | keeps | ms | ms one by one | recall | worst 5 % | worst |",
        "|---|---|---|" + "---|" * 5,
    ]
    for name, vectors in asked.items():
        for text in filters(store, [field for field in manifest.fields if field != "title"]):
            condition = parse(text)
            share = store.count(Restriction(condition)) / manifest.items
            lines.append(f"| {name} | {text} | {share:.0%} | {Asked(store, vectors, K, condition).row()}")
    table = "\n".join(lines)
    text = f"{table}\n\n{manifest.items:,} items of {chosen.index.name}, graph built in {built:.0f} s"
    print(text)
    if chosen.write:
        page = PAGES / "graph.md"
        head = f"# The graph\n\n```\n{(__doc__ or '').strip()}\n```\n\n"
        page.write_text(f"{head}{text}, {datetime.now(UTC):%Y-%m-%d}.\n", encoding="utf-8")


if __name__ == "__main__":
    main()
