"""An index in a folder (the embedded engine) beside one in PostgreSQL: edits, searches, filters, facets, graphs.

    python -m benchmarks.scale.places [--items 10000 50000] [--dim 384] [--shards 3] [--write]

Prints a Markdown table for each number of items. Milliseconds are of processor time, the client's and the server's
together, since both share this machine; both places are measured in one run, in turns. Vectors are drawn from a space
of 32 dimensions with noise in all, as embeddings lie near few directions. An edit replaces one item whose vectors are
known, so it costs what an edit costs beyond its encoding. The server runs without fsync. With ``--shards`` there is a
third column: an index whose points are divided among so many further servers on this machine.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lookseek.filters import parse
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec
from lookseek.index.next_generation import NextGeneration
from lookseek.index.open_index import open_index
from lookseek.index.place import Place
from lookseek.index.upsert import Upsert
from lookseek.store import Restriction, Store, StoreType, VectorSpec
from lookseek.store.room import size_on_disk
from lookseek.types import Encoding, Item, Point, Vectors
from tests.helpers.postgres import Server, Servers, set_up_shards

from .page import replace_part
from .processor import processor_seconds

QUERIES, EDITS, K, SEED, BATCH = 50, 5, 10, 0, 1_000
FILTERS = {"keeps half": "sale = true", "keeps a tenth": "shop = s3", "keeps 1 in 1,000": "shelf = 7"}
BEGIN, END = "<!-- measured -->", "<!-- end of what was measured -->"


@dataclass
class Clock:
    """Processor time of this process with all that it started, and of servers on this machine, in seconds."""

    servers: Sequence[Server] = ()

    def now(self) -> float:
        """Return the seconds until now."""
        firsts = [int((server.data / "postmaster.pid").read_text().split()[0]) for server in self.servers]
        return processor_seconds(os.getpid(), *firsts)


def draw_vectors(random: np.random.Generator, directions: Vectors, items: int) -> Vectors:
    """Return float32 (items, dim) near a space of few dimensions."""
    near = random.standard_normal((items, len(directions)), np.float32) @ directions
    return np.asarray(near + 0.2 * random.standard_normal(near.shape, np.float32), np.float32)


def attributes_of(n: int) -> dict[str, object]:
    """Return the attributes of the n-th item."""
    return {"shop": f"s{n % 10}", "sale": n % 2 == 0, "shelf": n % 1000, "price": n % 100 + 0.5}


FIELDS = {"shop": "words", "sale": "boolean", "shelf": "number", "price": "number"}


def fill(place: Place, store: StoreType, rows: Vectors, clock: Clock) -> dict[str, float]:
    """Make an index of vectors without a graph; returns seconds of processor time."""
    spec = IndexSpec("drawn", "", "0" * 64, "", {"look": VectorSpec(rows.shape[1], "cosine")}, store)
    began = clock.now()
    with place.writing() as writer:
        draft = NextGeneration(writer, spec, "drawn", "")
        opened = draft.writable()
        for at in range(0, len(rows), BATCH):
            batch = range(at, min(at + BATCH, len(rows)))
            opened.add([Point(f"{n:08d}", {"look": rows[n]}, attributes_of(n), f"h{n}") for n in batch])  # type: ignore[arg-type]
        draft.publish(FIELDS, encoded=True)  # type: ignore[arg-type]
        filled = clock.now()
        draft.close()
    return {"filling": filled - began}


def build_graph(place: Place, clock: Clock) -> float:
    """Build the graph; returns seconds of processor time."""
    manifest = place.published()
    assert manifest is not None
    began = clock.now()
    with place.writing() as writer:
        draft = NextGeneration(writer, manifest.spec, "drawn", "")
        draft.build_graph()
        draft.close()
    return clock.now() - began


def edit(place: Place, item: Item) -> None:
    """Put one item whose vectors are known, and publish."""
    manifest = place.published()
    assert manifest is not None
    with place.writing() as writer:
        draft = NextGeneration(writer, manifest.spec, "drawn", "", few=True)
        upsert = Upsert(draft, None, lambda outcomes: None, manifest.fields)
        upsert.run([item])
        draft.publish(upsert.known_fields(), encoded=True)
        draft.close()


def milliseconds(clock: Clock, calls: Sequence[Callable[[], object]]) -> float:
    """Return the processor time of a call, the mean of all: the server's clock ticks in hundredths of a second."""
    began = clock.now()
    for call in calls:
        call()
    return (clock.now() - began) * 1000 / len(calls)


def searches(store: Store, queries: Vectors, restriction: Restriction) -> list[Callable[[], object]]:
    """Return a call a query."""
    return [lambda query=query: store.search("look", query, K, restriction) for query in queries]  # type: ignore[misc]


def recall(store: Store, queries: Vectors) -> float:
    """Return the share of the exact ten nearest that the graph finds."""
    found = 0
    for query in queries:
        exact = {hit.id for hit in store.search("look", query, K, Restriction(exact=True))}
        found += len(exact & {hit.id for hit in store.search("look", query, K)})
    return found / (K * len(queries))


def one_by_one(place: Place, clock: Clock, queries: Vectors) -> dict[str, str]:
    """Return the figure of searches that compare with all."""
    store = open_index(place).store
    searches(store, queries[:1], Restriction())[0]()
    took = milliseconds(clock, searches(store, queries, Restriction()))
    store.close()
    return {"a search one by one": f"{took:.2f}"}


def by_graph(place: Place, clock: Clock, queries: Vectors) -> dict[str, str]:
    """Return the figures of searches by the graph, and of a facet."""
    store = open_index(place).store
    searches(store, queries[:1], Restriction())[0]()
    figures = {"a search by a graph": f"{milliseconds(clock, searches(store, queries, Restriction())):.2f}"}
    figures["recall@10 of the graph"] = f"{recall(store, queries):.3f}"
    for keeps, text in FILTERS.items():
        took = milliseconds(clock, searches(store, queries, Restriction(parse(text))))
        figures[f"a search with a filter that {keeps}"] = f"{took:.2f}"
    figures["a facet"] = f"{milliseconds(clock, [lambda: store.facet('shop')] * QUERIES):.2f}"
    store.close()
    return figures


def measure(items: int, dim: int, top: Path, server: Server, shards: Sequence[Server]) -> str:
    """Fill the places, and return the table of their figures."""
    random = np.random.default_rng(SEED)
    directions = random.standard_normal((32, dim)).astype(np.float32)
    rows, queries = draw_vectors(random, directions, items), draw_vectors(random, directions, QUERIES)
    places: dict[str, tuple[Place, StoreType, Clock]] = {
        "folder": (place_of(top / f"index-{items}"), "edge", Clock()),
        "PostgreSQL": (place_of(f"{server.address()}#bench_{items}"), "postgresql", Clock([server])),
    }
    if shards:
        sharded = place_of(f"{server.address('sharded')}#bench_{items}")
        places[f"{len(shards)} shards"] = (sharded, "postgresql", Clock([server, *shards]))
    figures: dict[str, dict[str, str]] = {name: {} for name in places}
    for name, (place, store, clock) in places.items():
        figures[name]["filling, s"] = f"{fill(place, store, rows, clock)['filling']:.1f}"
    item = Item("00000007", None, attributes=attributes_of(8), source="x")  # type: ignore[arg-type]
    for name, (place, _, clock) in places.items():
        edits = [
            lambda place=place, n=n: edit(place, replace(item, encoding=Encoding(rows[n], None, f"new{n}")))  # type: ignore[misc]
            for n in range(EDITS)
        ]
        figures[name]["an edit of one item"] = f"{milliseconds(clock, edits):.0f}"
    for name, (place, _, clock) in places.items():
        figures[name] |= one_by_one(place, clock, queries)
    for name, (place, _, clock) in places.items():
        figures[name]["building the graph, s"] = f"{build_graph(place, clock):.1f}"
    for name, (place, _, clock) in places.items():
        figures[name] |= by_graph(place, clock, queries)
    table = f'"lookseek_bench_{items}".points_1'
    sizes = {"folder": size_on_disk(top / f"index-{items}")}
    for name, (_, _, clock) in list(places.items())[1:]:
        having = shards if name != "PostgreSQL" else clock.servers
        sizes[name] = sum(one.query(f"SELECT pg_total_relation_size('{table}')")[0][0] for one in having)
    for name, size in sizes.items():
        figures[name]["bytes an item, with the graph"] = f"{size / items:,.0f}"
    lines = [
        f"| {items:,} items x {dim}, ms of processor time | {' | '.join(places)} |",
        "|---" * (len(places) + 1) + "|",
    ]
    lines += [f"| {what} | {' | '.join(figures[name][what] for name in places)} |" for what in figures["folder"]]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and with ``--write`` put the tables into the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, nargs="+", default=[10_000, 50_000])
    options.add_argument("--dim", type=int, default=384)
    options.add_argument("--shards", type=int, default=0)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    servers = Servers()
    try:
        server, shards = servers.start(), [servers.start() for _ in range(chosen.shards)]
        if shards:
            server.query("CREATE DATABASE sharded")
            set_up_shards(server, "sharded", shards)
        with tempfile.TemporaryDirectory() as folder:
            tables = []
            for items in chosen.items:
                tables.append(measure(items, chosen.dim, Path(folder), server, shards))
                print(tables[-1], flush=True)
    finally:
        servers.stop()
    if chosen.write:
        replace_part(BEGIN, END, "\n\n".join(tables))


if __name__ == "__main__":
    main()
