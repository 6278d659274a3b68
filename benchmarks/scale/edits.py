"""What an edit of an index folder costs beyond its encoding: with a journal, and with a copy of the generation.

    python -m benchmarks.scale.edits [--items 10000 50000 200000] [--dim 384] [--write]

Prints a Markdown table. An edit replaces one item whose vectors are known, in the way of a service: the index is open,
the edit is published, and the index is gone on with. Both ways are measured in one run; the copy is what every edit
made before there was a journal. Each cell has milliseconds of processor time, of this process and the engine's, and
after the stroke those until it was done, which are more on a busy machine and disk.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lookseek.index.folder import FolderPlace
from lookseek.index.next_generation import NextGeneration
from lookseek.index.open_index import OpenIndex, open_index
from lookseek.index.upsert import Upsert
from lookseek.types import Encoding, Item, Vectors

from .page import replace_part
from .places import Clock, attributes_of, draw_vectors, fill

BEGIN, END = "<!-- edits -->", "<!-- end of edits -->"
SEED, COPIES, EDITS, MANY = 0, 3, 50, 1_000
"""Edits by a copy, edits by the journal, and edits before the last searches of a journal are timed."""


@dataclass
class Cost:
    """Milliseconds of one call: of the processor, and of waiting."""

    processor: float
    waiting: float

    def __str__(self) -> str:
        return f"{self.processor:,.1f} / {self.waiting:,.1f}"


def measured(calls: Iterable[Callable[[], object]], children: Callable[[], float] = lambda: 0.0) -> Cost:
    """Return the median of what calls take."""
    costs = []
    for call in calls:
        began, used = time.perf_counter(), time.process_time() + children()
        call()
        costs.append((time.process_time() + children() - used, time.perf_counter() - began))
    processor, waiting = np.median(np.array(costs), axis=0) * 1000
    return Cost(float(processor), float(waiting))


def engine_seconds() -> float:
    """Return the processor time of the processes that this one started, in seconds."""
    ticks, total = os.sysconf("SC_CLK_TCK"), 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = status.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(parts[1]) == os.getpid():
            total += int(parts[11]) + int(parts[12])
    return total / ticks


class Shop:
    """An index of drawn vectors that is open, as a service has it."""

    def __init__(self, place: FolderPlace) -> None:
        self.place, self.opened = place, open_index(place)

    def edit(self, item: Item, *, few: bool) -> None:
        """Put an item, publish, and go on with what was published."""
        manifest = self.opened.manifest
        with self.place.writing() as writer:
            draft = NextGeneration(writer, manifest.spec, "drawn", "", few=few, opened=self.opened)
            upsert = Upsert(draft, None, lambda outcomes: None, manifest.fields)
            upsert.run([item])
            draft.publish(upsert.known_fields(), encoded=True)
            draft.close()
        before: OpenIndex = self.opened
        self.opened = open_index(self.place, before)
        if self.opened.manifest.generation != before.manifest.generation:
            before.store.close()

    def searches(self, queries: Vectors) -> list[Callable[[], object]]:
        """Return a call a query."""
        return [lambda query=query: self.opened.store.search("look", query, 10) for query in queries]  # type: ignore[misc]


def measure(items: int, dim: int, top: Path) -> dict[str, str]:
    """Return the figures of an index of so many items, by what was measured."""
    random = np.random.default_rng(SEED)
    directions = random.standard_normal((32, dim)).astype(np.float32)
    rows, queries = draw_vectors(random, directions, items), draw_vectors(random, directions, 20)
    place = FolderPlace(top / f"index-{items}")
    fill(place, "edge", rows, Clock())
    shop = Shop(place)
    first = Item("00000007", None, attributes=attributes_of(8), source="x")  # type: ignore[arg-type]

    def edits(count: int, start: int, *, few: bool) -> list[Callable[[], None]]:
        made = [
            replace(first, id=f"{(start + n) % items:08d}", encoding=Encoding(rows[n], None, f"new{start + n}"))
            for n in range(count)
        ]
        return [lambda item=item: shop.edit(item, few=few) for item in made]  # type: ignore[misc]

    found = {"an edit by a copy": str(measured(edits(COPIES, 0, few=False), engine_seconds))}
    plain = measured(shop.searches(queries))
    edits(1, 10, few=True)[0]()  # makes the journal
    found["an edit by the journal"] = str(measured(edits(EDITS, 11, few=True)))
    found["a search without edits"] = str(plain)
    found[f"a search after {EDITS + 1} edits"] = str(measured(shop.searches(queries)))
    for call in edits(MANY - EDITS - 1, 100, few=True):
        call()
    found[f"an edit after {MANY:,} edits"] = str(measured(edits(20, 5_000, few=True)))
    found[f"a search after {MANY + 20:,} edits"] = str(measured(shop.searches(queries)))
    began = time.perf_counter()
    open_index(place).store.close()
    found[f"opening the index with {MANY + 20:,} edits, s of waiting"] = f"{time.perf_counter() - began:.2f}"
    began = time.perf_counter()
    place.fold(lambda: False)
    found["folding them, beside the service, s of waiting"] = f"{time.perf_counter() - began:.1f}"
    shop.opened.store.close()
    return found


def main() -> None:
    """Measure, print, and with ``--write`` put the table into the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    options.add_argument("--dim", type=int, default=384)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    columns = []
    for items in chosen.items:
        with tempfile.TemporaryDirectory() as folder:
            columns.append(measure(items, chosen.dim, Path(folder)))
        print(items, columns[-1], flush=True)
    lines = [
        f"| ms, processor / waiting; {chosen.dim} numbers an item | "
        + " | ".join(f"{items:,} items" for items in chosen.items)
        + " |",
        "|---|" + "---|" * len(columns),
    ]
    lines += [f"| {what} | " + " | ".join(column[what] for column in columns) + " |" for what in columns[0]]
    table = "\n".join(lines)
    print(table)
    if chosen.write:
        replace_part(BEGIN, END, table)


if __name__ == "__main__":
    main()
