"""Nearest neighbours: our store against numpy argsort and FAISS, in one run, on clustered vectors.

    python -m benchmarks.speed.search [--rows 50k,200k,1m] [--work FOLDER] [--write]

Needs the extra ``bench``. Built stores are kept in --work and used again; --write puts the table into
docs/benchmarks/search.md. Unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE where a machine sets them: the script
does it by itself, before numpy is loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.paths import PAGES

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import faiss  # noqa: E402
import numpy as np  # noqa: E402

from lookseek.filters.parser import parse  # noqa: E402
from lookseek.store import Restriction, VectorSpec, create_store, open_store  # noqa: E402
from lookseek.types import Point  # noqa: E402

ROWS = {"50k": (50_000, 1280), "200k": (200_000, 256), "1m": (1_000_000, 256)}
QUERIES, K, CLUSTERS, SEED, ROUNDS = 100, 10, 2_000, 0, 5
EXACT = Restriction(exact=True)
KEEP = 10
"""One in so many items passes the filter."""


def vectors(count: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Clustered unit vectors, as features of a catalogue are, and queries from the same clusters."""
    random = np.random.default_rng(SEED)
    centres = random.standard_normal((CLUSTERS, dim), dtype=np.float32)

    def drawn(n: int) -> np.ndarray:
        made = centres[random.integers(CLUSTERS, size=n)]
        made += 0.8 * random.standard_normal((n, dim), dtype=np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    return drawn(count), drawn(QUERIES)


def built(folder: Path, rows: np.ndarray) -> dict[str, float]:
    """Make the store once; the seconds that it took are kept beside it."""
    notes = folder.with_suffix(".json")
    if notes.is_file():
        return json.loads(notes.read_text())
    began = time.perf_counter()
    store = create_store("edge", folder, layout(rows))
    for at in range(0, len(rows), 500):
        batch = range(at, min(at + 500, len(rows)))
        store.add([Point(f"{n:07d}", {"look": rows[n]}, {"shop": f"s{n % KEEP}"}) for n in batch])
    store.declare({"shop": "words"})
    added = time.perf_counter() - began
    flat = store_times(store, rows[:QUERIES])
    began = time.perf_counter()
    store.optimise(graph=True)
    graph = time.perf_counter() - began
    store.close()
    kept = {"add_s": added, "graph_s": graph, "exact_before_graph_ms": flat}
    notes.write_text(json.dumps(kept))
    return kept


def store_times(store: Any, queries: np.ndarray) -> float:
    """Median of exact queries."""
    return milliseconds([lambda q=q: store.search("look", q, K, EXACT) for q in queries[:30]])


def layout(rows: np.ndarray) -> dict[str, VectorSpec]:
    """One named vector."""
    return {"look": VectorSpec(rows.shape[1], "cosine")}


def milliseconds(calls: Sequence[Callable[[], object]]) -> float:
    """Median over calls."""
    taken = []
    for call in calls:
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def recall(found: Sequence[Sequence[int]], truth: np.ndarray) -> float:
    """Share of the true k nearest that were found."""
    return float(np.mean([len(set(a) & set(b)) / K for a, b in zip(found, truth.tolist(), strict=True)]))


def memory(folder: Path, dim: int) -> float:
    """MB that a process takes for an open store that has answered every query once, beyond its imports."""
    code = (
        "import sys, resource, numpy as np\n"
        "from pathlib import Path\n"
        "from lookseek.store import Restriction, VectorSpec, open_store\n"
        "import qdrant_edge\n"
        "def rss(): return int(next(l for l in open('/proc/self/status') if l.startswith('VmRSS')).split()[1]) / 1024\n"
        f"before = rss(); s = open_store('edge', Path({str(folder)!r}), {{'look': VectorSpec({dim}, 'cosine')}})\n"
        f"r = np.random.default_rng(1)\n"
        f"for _ in range({QUERIES}): s.search('look', r.standard_normal({dim}).astype('f4'), 10)\n"
        "print(rss() - before)\n"
    )
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def disk(folder: Path) -> float:
    """MB on disk, holes left out."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*")) / 1e6


def faiss_hnsw(rows: np.ndarray, queries: np.ndarray, truth: np.ndarray, aim: float, cache: Path) -> dict[str, float]:
    """FAISS HNSW at the smallest breadth that reaches a recall."""
    seconds = 0.0
    if cache.is_file():
        index = faiss.read_index(str(cache))
    else:
        index = faiss.IndexHNSWFlat(rows.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 128
        began = time.perf_counter()
        index.add(rows)
        seconds = time.perf_counter() - began
        faiss.write_index(index, str(cache))
        cache.with_suffix(".txt").write_text(str(seconds))
    seconds = float(cache.with_suffix(".txt").read_text())
    for breadth in (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512):
        index.hnsw.efSearch = breadth
        reached = recall(index.search(queries, K)[1].tolist(), truth)
        if reached >= aim:
            break
    ms = median(milliseconds([lambda q=q: index.search(q[None], K) for q in queries]) for _ in range(ROUNDS))
    return {"ms": ms, "recall": reached, "ef": breadth, "build_s": seconds}


def measure(name: str, work: Path) -> list[dict[str, Any]]:
    """All rows of the table for one size."""
    count, dim = ROWS[name]
    rows, queries = vectors(count, dim)
    folder = work / f"edge-{name}"
    notes = built(folder, rows)
    store = open_store("edge", folder, layout(rows))
    flat = faiss.IndexFlatIP(dim)
    flat.add(rows)
    mask = np.arange(count) % KEEP == 3
    kept = rows[mask]
    condition = parse("shop = s3")
    selected = faiss.SearchParameters(sel=faiss.IDSelectorBatch(np.flatnonzero(mask)))
    truth = flat.search(queries, K)[1]
    truth_kept = flat.search(queries, K, params=selected)[1]

    def ids(hits: Sequence[Any]) -> list[int]:
        return [int(hit.id) for hit in hits]

    calls: dict[str, Callable[[np.ndarray], object]] = {
        "numpy argsort": lambda q: np.argsort(-(rows @ q))[:K],
        "numpy argpartition": lambda q: np.argpartition(-(rows @ q), K)[:K],
        "FAISS Flat": lambda q: flat.search(q[None], K),
        "lookseek exact": lambda q: store.search("look", q, K, EXACT),
        "lookseek HNSW": lambda q: store.search("look", q, K),
        "numpy argsort, filter": lambda q: np.argsort(-(kept @ q))[:K],
        "FAISS Flat, filter": lambda q: flat.search(q[None], K, params=selected),
        "lookseek exact, filter": lambda q: store.search("look", q, K, Restriction(condition, exact=True)),
        "lookseek HNSW, filter": lambda q: store.search("look", q, K, Restriction(condition)),
    }
    times: dict[str, list[float]] = {label: [] for label in calls}
    for _ in range(ROUNDS):  # interleaved, so that a slow spell of the machine hits all alike
        for label, call in calls.items():
            some = queries[:20] if "numpy" in label or "Flat" in label or "exact" in label else queries
            times[label].append(milliseconds([lambda q=q, c=call: c(q) for q in some]))
    recalls = {
        "lookseek exact": recall([ids(store.search("look", q, K, EXACT)) for q in queries], truth),
        "lookseek HNSW": recall([ids(store.search("look", q, K)) for q in queries], truth),
        "lookseek exact, filter": recall(
            [ids(store.search("look", q, K, Restriction(condition, exact=True))) for q in queries], truth_kept
        ),
        "lookseek HNSW, filter": recall(
            [ids(store.search("look", q, K, Restriction(condition))) for q in queries], truth_kept
        ),
    }
    store.close()
    hnsw = faiss_hnsw(rows, queries, truth, recalls["lookseek HNSW"], work / f"faiss-{name}.index")
    table = [
        {"size": f"{count:,} x {dim}", "what": label, "ms": median(times[label]), "recall": recalls.get(label, 1.0)}
        for label in calls
    ]
    place = next(n for n, row in enumerate(table) if row["what"] == "lookseek HNSW")
    faiss_row = {
        "size": f"{count:,} x {dim}",
        "what": f"FAISS HNSW (M 16, ef {hnsw['ef']:.0f}: same recall)",
        "ms": hnsw["ms"],
        "recall": hnsw["recall"],
        "build_s": hnsw["build_s"],
    }
    table.insert(place, faiss_row)
    mine = next(row for row in table if row["what"] == "lookseek HNSW")
    mine |= {"build_s": notes["add_s"] + notes["graph_s"], "disk_mb": disk(folder), "memory_mb": memory(folder, dim)}
    first = next(row for row in table if row["what"] == "FAISS Flat")
    first |= {"memory_mb": rows.nbytes / 1e6, "disk_mb": rows.nbytes / 1e6}
    exact = next(row for row in table if row["what"] == "lookseek exact")
    exact |= {"build_s": notes["add_s"]}
    for row in table:
        print(row, flush=True)
    return table


def report(rows: Sequence[dict[str, Any]]) -> str:
    """The table as Markdown."""
    lines = [
        "| vectors | what | ms a query | recall@10 | build s | memory MB | disk MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [row["size"], row["what"], f"{row['ms']:.2f}", f"{row['recall']:.3f}"]
        cells += [f"{row[key]:,.0f}" if key in row else "" for key in ("build_s", "memory_mb", "disk_mb")]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        "| vectors | exact / FAISS Flat | HNSW / FAISS HNSW at the same recall | argsort / HNSW |",
        "|---|---|---|---|",
    ]
    for size in dict.fromkeys(row["size"] for row in rows):
        ms = {row["what"].partition(" (")[0]: row["ms"] for row in rows if row["size"] == size}
        exact = ms["lookseek exact"] / ms["FAISS Flat"]
        graph = ms["lookseek HNSW"] / ms["FAISS HNSW"]
        lines.append(f"| {size} | {exact:.2f} | {graph:.2f} | {ms['numpy argsort'] / ms['lookseek HNSW']:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print; with --write, replace the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", default="50k,200k,1m")
    options.add_argument("--work", type=Path, default=Path("/tmp/lookseek-bench"))
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    rows = [row for name in chosen.rows.split(",") for row in measure(name, chosen.work)]
    text = report(rows)
    print(text)
    if chosen.write:
        page = PAGES / "search.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        head = (
            "# Search\n\n"
            f"Medians of {ROUNDS} interleaved rounds, {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, "
            f"{os.cpu_count()} cores. {QUERIES} queries; vectors and queries drawn around {CLUSTERS:,} centres "
            f"(seed {SEED}); the filter keeps {100 // KEEP} % of the items. FAISS HNSW runs at the smallest breadth "
            "that reaches our recall. The time of lookseek is that of `Store.search`, ids and tie order included.\n\n"
            f"`python -m benchmarks.speed.search --rows {chosen.rows} --write`\n\n"
        )
        page.write_text(head + text + "\n")


if __name__ == "__main__":
    main()
