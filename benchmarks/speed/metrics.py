"""How long metrics, TREC files and bootstrap intervals take, against pytrec_eval (``pip install pytrec-eval-terrier``).

    python -m benchmarks.speed.metrics [--write]

A million judgements, random, one right answer in twenty, grades 1 to 3; every right item is judged and twice as many
exist as are found. Both compute the same 23 values of each query. ``measure`` starts from grades in rank order, as
the harness has them; the second row starts from the same rankings and qrels in Python's dicts as pytrec_eval, which
sorts and looks up each document; pytrec_eval's own reading of the qrels is not counted. ``read_run`` checks and sorts,
``parse_run`` does neither. The ways take turns; medians of 9 runs, of files 3, one process. The largest difference of
all values is printed: the figures are the same.

Bootstrap: 95 % intervals of 20 metrics of 6,900 queries from 1,000 resamples, and the paired test from 10,000; then
intervals of 6 metrics where queries share units: 28 strata of 150 queries about the same 150 units, and 3 strata of
6,000 queries about up to 15,000 units.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytrec_eval

from benchmarks.paths import PAGES
from lookseek.evaluate.bootstrap import intervals, paired
from lookseek.evaluate.metrics import measure
from lookseek.evaluate.trec import judge, read_run, write_run

RUNS = 9
CUTS = (1, 5, 10, 50)
SAME = {
    **{"map": "map", "ndcg": "ndcg", "r-precision": "Rprec", "mrr": "recip_rank"},
    **{f"recall@{k}": f"success_{k}" for k in CUTS},
    **{f"fraction@{k}": f"recall_{k}" for k in CUTS},
    **{f"precision@{k}": f"P_{k}" for k in CUTS},
    **{f"ndcg@{k}": f"ndcg_cut_{k}" for k in CUTS},
    **{f"map@{k}": f"map_cut_{k}" for k in (1, 5, 10)},
}
"""Ours to theirs; map@k divides by min(k, R), map_cut_k by R."""


def medians(ways: Mapping[str, Callable[[], object]], runs: int = RUNS) -> dict[str, float]:
    """Milliseconds of each way, which take turns."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            took[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(times) for name, times in took.items()}


def million(queries: int, depth: int) -> tuple[dict[str, list[tuple[str, float]]], dict[str, dict[str, int]]]:
    """A run and qrels."""
    random = np.random.default_rng(0)
    run, qrels = {}, {}
    for query in range(queries):
        scores = np.sort(random.random(depth, np.float32))[::-1].tolist()
        run[f"q{query}"] = [(f"item-{rank:05}", score) for rank, score in enumerate(scores)]
        right = random.choice(2 * depth, depth // 10, replace=False).tolist()
        grades = random.integers(1, 4, len(right)).tolist()
        qrels[f"q{query}"] = {f"item-{rank:05}": grade for rank, grade in zip(right, grades, strict=True)}
    return run, qrels


def metrics(queries: int, depth: int) -> list[str]:
    """Rows of one shape."""
    run, qrels = million(queries, depth)
    scores = {query: dict(answers) for query, answers in run.items()}
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, set(SAME.values()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        write_run(path, run.items())
        ordered = read_run(path)  # equal scores as trec_eval puts them
        judged = judge(ordered, qrels)
        times = medians(
            {
                "`measure`": lambda: measure(list(SAME), judged.ranked),
                "`judge` and `measure`": lambda: measure(list(SAME), judge(ordered, qrels).ranked),
                "pytrec_eval": lambda: evaluator.evaluate(scores),
            }
        )
        files = medians(
            {
                "`write_run`": lambda: write_run(path, run.items()),
                "`read_run`": lambda: read_run(path),
                "`pytrec_eval.parse_run`": lambda: pytrec_eval.parse_run(path.read_text("utf-8").splitlines()),
            },
            runs=3,
        )
    ours, theirs = measure(list(SAME), judged.ranked), evaluator.evaluate(scores)
    right = judged.ranked.right.sum(axis=1)
    worst = 0.0
    for name, measure_name in SAME.items():
        expected = np.array([theirs[query][measure_name] for query in judged.queries])
        if name.startswith("map@"):
            expected *= right / np.minimum(int(name.partition("@")[2]), right)
        worst = max(worst, float(np.abs(ours[name] - expected).max()))
    rows = [f"\n| {queries:,} queries, {depth:,} answers each | ms | pytrec_eval takes |", "|---|---|---|"]
    for some, against in ((times, "pytrec_eval"), (files, "`pytrec_eval.parse_run`")):
        for name, ms in some.items():
            compared = "" if "write" in name else f"{some[against] / ms:.1f} times as long"
            rows.append(f"| {name} | {ms:.1f} | {compared} |")
    return [*rows, f"\nLargest difference of {len(SAME) * queries:,} values: {worst:.1e}."]


def resampling() -> list[str]:
    """Rows of the bootstrap."""
    random = np.random.default_rng(0)
    a, b = (random.random((6900, 20)) for _ in range(2))
    strata, crowds = ([random.random((size, 6)) for _ in range(count)] for count, size in ((28, 150), (3, 6000)))
    shared = [[f"{unit}" for unit in range(150)]] * len(strata)
    drawn = [[f"{unit}" for unit in random.integers(0, 15_000, 6000)] for _ in crowds]
    times = medians(
        {
            "`intervals`": lambda: intervals([a]),
            "`paired`": lambda: paired([a], [b]),
            "`intervals`, 28 strata": lambda: intervals(strata, shared),
            "`intervals`, 15,000 units": lambda: intervals(crowds, drawn),
        }
    )
    return ["\n| bootstrap | ms |", "|---|---|", *(f"| {name} | {ms:.0f} |" for name, ms in times.items())]


def main() -> None:
    """Measure and print; with --write, replace the page."""
    text = "\n".join([*metrics(10_000, 100), *metrics(1000, 1000), *resampling()])
    print(text)
    if "--write" in sys.argv:
        page = PAGES / "metrics.md"
        head = f"# Metrics\n\n```\n{(__doc__ or '').strip()}\n```\n"
        page.write_text(f"{head}{text}\n\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores.\n", encoding="utf-8")


if __name__ == "__main__":
    main()
