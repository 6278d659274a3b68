"""k-means search: the share of the exact nearest that it finds, and its time, by cells that are searched.

    python -m benchmarks.speed.kmeans [--rows 200000] [--cells 50] [--work FOLDER] [--write]

deep-fashion-retrieval searches the one cell of 50 whose centre is nearest and never measured what that loses. Here the
1, 2, 4, 8 and 16 nearest cells are searched exactly, on the clustered vectors of ``benchmarks.speed.search``, beside
comparing with all, lookseek's own graph and FAISS's at several breadths. Needs the extra ``bench``.
Built stores are kept in --work; --write puts table and curve into docs/benchmarks/kmeans.md and docs/images/kmeans.png.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.paths import PAGES, ROOT
from benchmarks.speed.search import CLUSTERS, QUERIES, SEED, built, layout, milliseconds, recall, vectors

import faiss  # isort: skip  after benchmarks.speed.search, which sets what numpy reads when it is loaded
import numpy as np  # isort: skip

from lookseek.route.fit import fit_kmeans
from lookseek.store import Restriction, open_store

DIM, K, ROUNDS = 256, 10, 5
PROBES = (1, 2, 4, 8, 16)
BREADTHS = (16, 48, 128)
PICTURE = ROOT / "docs" / "images" / "kmeans.png"


@dataclass(frozen=True, slots=True)
class Way:
    """A way of searching: what it is, one query to the places of its nearest, and the share of vectors it compares."""

    name: str
    ask: Callable[[np.ndarray], list[int]]
    visited: float | None = None


@dataclass(frozen=True, slots=True)
class Cells:
    """Vectors by cell: one block each, so that a cell's products are one call."""

    centres: np.ndarray
    blocks: list[np.ndarray]
    places: list[np.ndarray]

    def nearest(self, query: np.ndarray) -> np.ndarray:
        """The cells, that with the nearest centre first."""
        return np.argsort((self.centres**2).sum(1) - 2 * (self.centres @ query), kind="stable")

    def search(self, query: np.ndarray, probes: int) -> list[int]:
        """The places of the nearest in the cells with the nearest centres."""
        chosen = self.nearest(query)[:probes]
        scores = np.concatenate([self.blocks[cell] @ query for cell in chosen])
        places = np.concatenate([self.places[cell] for cell in chosen])
        return places[best_of(scores)].tolist()  # type: ignore[no-any-return]


def best_of(scores: np.ndarray) -> np.ndarray:
    """The places of the greatest scores, the greatest first."""
    best = np.argpartition(-scores, min(K, len(scores)) - 1)[:K]
    return best[np.argsort(-scores[best])]


def cells_of(rows: np.ndarray, cells: int) -> tuple[Cells, float]:
    """The cells, and the seconds that they took."""
    began = time.perf_counter()
    router = fit_kmeans(rows, cells, SEED)
    assert router.estimator is not None
    centres = router.estimator.cluster_centers_.astype(np.float32)
    own = router.estimator.predict(rows)
    places = [np.flatnonzero(own == cell) for cell in range(len(centres))]
    return Cells(centres, [rows[some] for some in places], places), time.perf_counter() - began


def ways(rows: np.ndarray, queries: np.ndarray, cells: int, work: Path) -> tuple[list[Way], dict[str, float]]:
    """All that are compared, and the seconds that each was built in."""
    parted, seconds = cells_of(rows, cells)
    took = {f"k-means, {cells} cells": seconds}
    found = [Way("all vectors, numpy", lambda q: best_of(rows @ q).tolist(), 1.0)]
    for probes in PROBES:
        share = np.mean([_visited(parted, query, probes) for query in queries]) / len(rows)
        found.append(Way(f"k-means, {probes} of {cells}", lambda q, n=probes: parted.search(q, n), float(share)))
    folder = work / f"kmeans-{len(rows)}"
    took["lookseek HNSW"] = built(folder, rows)["graph_s"]
    store = open_store("edge", folder, layout(rows))
    plain = Restriction()
    found.append(Way("lookseek HNSW", lambda q: [int(hit.id) for hit in store.search("look", q, K, plain)]))
    graph = faiss.IndexHNSWFlat(rows.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = 128
    began = time.perf_counter()
    graph.add(rows)
    took["FAISS HNSW"] = time.perf_counter() - began
    for breadth in BREADTHS:

        def ask(query: np.ndarray, breadth: int = breadth) -> list[int]:
            graph.hnsw.efSearch = breadth
            return graph.search(query[None], K)[1][0].tolist()  # type: ignore[no-any-return]

        found.append(Way(f"FAISS HNSW, M 16, ef {breadth}", ask))
    return found, took


def _visited(parted: Cells, query: np.ndarray, probes: int) -> int:
    return sum(len(parted.places[cell]) for cell in parted.nearest(query)[:probes])


def measure(rows: np.ndarray, queries: np.ndarray, some: list[Way]) -> list[tuple[Way, float, float]]:
    """Each way with its recall of the exact nearest and its median milliseconds, over interleaved rounds."""
    truth = np.argsort(-(queries @ rows.T), axis=1, kind="stable")[:, :K]
    recalls = [recall([way.ask(query) for query in queries], truth) for way in some]
    times: list[list[float]] = [[] for _ in some]
    for _ in range(ROUNDS):
        for way, own in zip(some, times, strict=True):
            own.append(milliseconds([lambda q=q, way=way: way.ask(q) for q in queries]))
    return [(way, share, median(own)) for way, share, own in zip(some, recalls, times, strict=True)]


def table(found: list[tuple[Way, float, float]]) -> str:
    """As Markdown."""
    exact = found[0][2]
    lines = ["| search | recall@10 | compared | ms a query | times faster than all |", "|---|---|---|---|---|"]
    for way, share, ms in found:
        visited = "" if way.visited is None else f"{way.visited:.3f}"
        lines.append(f"| {way.name} | {share:.3f} | {visited} | {ms:.2f} | {exact / ms:.1f} |")
    return "\n".join(lines)


def draw(found: list[tuple[Way, float, float]], path: Path) -> None:
    """Recall against time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for name, colour in (("k-means", "#1f6feb"), ("FAISS HNSW", "#d97706"), ("lookseek HNSW", "#15803d")):
        own = [(ms, share, way.name) for way, share, ms in found if way.name.startswith(name)]
        axes.plot([ms for ms, _, _ in own], [share for _, share, _ in own], "o-", color=colour, label=name)
        for ms, share, label in own:
            axes.annotate(
                label.rpartition(", ")[2], (ms, share), fontsize=7, xytext=(4, -9), textcoords="offset points"
            )
    axes.axvline(found[0][2], color="#8a94a6", linewidth=1, label="all vectors")
    axes.set(xscale="log", xlabel="ms a query", ylabel="recall@10")
    axes.grid(alpha=0.2)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Run, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--cells", type=int, default=50)
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    rows, queries = vectors(given.rows, DIM)
    some, took = ways(rows, queries, given.cells, given.work)
    found = measure(rows, queries, some)
    busy = os.getloadavg()[1]
    made = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items())
    text = f"""# k-means search

Written by `python -m benchmarks.speed.kmeans --rows {given.rows} --cells {given.cells} --write` on
{datetime.now(UTC).date().isoformat()}, {platform.machine()}. {given.rows:,} synthetic vectors of {DIM} numbers around
{CLUSTERS:,} centres, {QUERIES} queries around the same centres (seed {SEED}), the {K} nearest; medians of
{ROUNDS} interleaved rounds, one query at a time. "Compared" is the share of the vectors whose scores are computed.
Built in: {made}. While it ran, processes wanted {busy:.0f} cores of {os.cpu_count()}: where those are
more than there are, ratios hold and milliseconds don't.

{table(found)}

![recall against time](../images/kmeans.png)

Real photos lie in cells that differ in size and share borders: [routing](routing.md) measures that, on `myntra`.
"""
    if given.write:
        (PAGES / "kmeans.md").write_text(text)
        draw(found, PICTURE)
    print(text)


if __name__ == "__main__":
    main()
