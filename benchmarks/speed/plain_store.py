"""The numpy store: a query of all items, and under filters that keep a tenth to nine tenths of them.

    python -m benchmarks.speed.plain_store [--items 50000] [--dim 384]

Prints a Markdown table: the first query with a filter makes its columns, later ones read them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from lookseek.filters import parse
from lookseek.store import Restriction, VectorSpec, create_store
from lookseek.types import Point

QUERIES, ROUNDS, K, SEED = 20, 5, 10, 0
FILTERS = ("", "shop = s3", "price < 10", "price < 33", "shop != s3", "shop in (s1, s2) and not price >= 50")


def measure(items: int, dim: int, folder: Path) -> str:
    """Fill a store, and return the table of its times."""
    random = np.random.default_rng(SEED)
    rows, queries = random.standard_normal((items, dim), np.float32), random.standard_normal((QUERIES, dim), np.float32)
    store = create_store("numpy", folder, {"look": VectorSpec(dim, "cosine")})
    for at in range(0, items, 5_000):
        batch = range(at, min(at + 5_000, items))
        store.add([Point(f"{n:07d}", {"look": rows[n]}, {"shop": f"s{n % 10}", "price": n % 100 + 0.5}) for n in batch])
    store.search("look", queries[0], K)
    first: dict[str, float] = {}
    times: dict[str, list[float]] = {text: [] for text in FILTERS}
    for _ in range(ROUNDS):  # interleaved, so that a slow spell of the machine hits all alike
        for text in FILTERS:
            restriction, taken = Restriction(parse(text) if text else None), []
            for query in queries:
                began = time.perf_counter()
                store.search("look", query, K, restriction)
                taken.append((time.perf_counter() - began) * 1000)
            first.setdefault(text, taken[0])
            times[text].append(median(taken))
    lines = [f"| filter, numpy store of {items:,} x {dim} | ms, the first query | ms a query |", "|---|---|---|"]
    lines += [f"| {text or 'none'} | {first[text]:.1f} | {median(times[text]):.1f} |" for text in FILTERS]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, default=50_000)
    options.add_argument("--dim", type=int, default=384)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(measure(chosen.items, chosen.dim, Path(folder) / "store"))


if __name__ == "__main__":
    main()
