"""Times of routers, and of searches with and without them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.speed.routers import SHOWN, K
from benchmarks.speed.routing_trade_off import Posteriors
from lookseek.route.router import Router, directions, select_keys
from lookseek.store import Restriction, RoutingFilter, Store, VectorSpec, create_store
from lookseek.types import Point, RouteMode

__all__ = ["QUERIES", "ROUNDS", "costs", "searches"]

QUERIES, ROUNDS = 40, 3
"""Queries of a time, and rounds in which all calls take turns."""

NOISE = 0.1
"""Length of the noise of repeated items, whose own length is 1."""


def costs(made: dict[str, tuple[Router, float]], data: dict) -> list[str]:
    """A router's own time for one query."""
    queries = data["test"][0][:QUERIES]
    ms = _timed(
        {n: (lambda q, r=r: select_keys(r.posterior(q[None]), "soft", 0.9)) for n, (r, _) in made.items()}, queries
    )
    estimator = made[SHOWN[-1]][0].estimator
    ms |= _timed({f"{SHOWN[-1]}, by scikit-learn": lambda q: estimator.predict_proba(q[None])}, queries)
    return [
        "| router | its own ms a query |",
        "|---|---|",
        *(f"| {name} | {value:.3f} |" for name, value in ms.items()),
    ]


def searches(posteriors: dict[str, Posteriors], best: dict[str, np.ndarray], count: int, work: Path) -> list[str]:
    """End to end, router included: numpy and the store, plain and routed."""
    base, random = posteriors[SHOWN[0]].data["test"][0], np.random.default_rng(0)
    place = np.arange(len(base))
    rows = base
    if count > len(base):
        place = random.integers(len(base), size=count)
        noise = random.standard_normal((count, base.shape[1]), np.float32)
        rows = directions(base[place] + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True))
    folder = work / f"store-{len(rows)}"
    shutil.rmtree(folder, ignore_errors=True)
    store = create_store("edge", folder, {"look": VectorSpec(rows.shape[1], "cosine")})
    for at in range(0, len(rows), 500):
        store.add([Point(f"{n}", {"look": rows[n]}) for n in range(at, min(at + 500, len(rows)))])
    lines = [f"| {len(rows):,} items | numpy ms | against plain | store ms | against plain |", "|---|---|---|---|---|"]
    queries = directions(base[random.permutation(len(base))[:QUERIES]])
    calls: dict[str, Callable[[np.ndarray], object]] = {
        "numpy": lambda q: np.argpartition(-(rows @ q), K)[:K],
        "store": lambda q: store.search("look", q, K),
    }
    measured = {"plain": tuple(_timed(calls, queries).values())}
    for name in SHOWN:
        choice = posteriors[name].choice(best)
        router = posteriors[name].router.tuned(choice.temperature, choice.probability_mass)
        of = posteriors[name].keys("test")[place]  # of a repeated row that of the row
        began = time.perf_counter()
        store.set_keys(router.kind, {f"{n}": router.keys[key] for n, key in enumerate(of)})
        took = time.perf_counter() - began
        whole = Restriction(within=RoutingFilter(router.kind, router.keys))
        every = _timed({"all": lambda q, whole=whole: store.search("look", q, K, whole)}, queries)
        measured[f"{name}, every key as a condition (keyed in {took:.1f} s)"] = (np.nan, every["all"])
        for mode in ("soft", "hard"):
            measured[f"{name}, {mode}"] = tuple(_timed(_routed_calls(router, mode, rows, of, store), queries).values())
    store.close()
    for name, pair in measured.items():
        both = zip(pair, measured["plain"], strict=True)
        cells = [" | " if np.isnan(ms) else f"{ms:.2f} | {ms / whole:.2f}" for ms, whole in both]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    print(*lines, sep="\n", flush=True)
    return lines


def _routed_calls(
    router: Router, mode: RouteMode, rows: np.ndarray, of: np.ndarray, store: Store
) -> dict[str, Callable[[np.ndarray], object]]:
    """The same two searches within what the router picks; in numpy the rows of a key lie side by side."""
    parts = [np.ascontiguousarray(rows[of == key]) for key in range(len(router.keys))]

    def by_numpy(q: np.ndarray) -> object:
        scores = np.concatenate([parts[k] @ q for k in np.flatnonzero(router.select(q[None], mode)[0])])
        return np.argpartition(-scores, K)[:K] if len(scores) > K else scores

    def by_store(q: np.ndarray) -> object:
        keys = [router.keys[k] for k in np.flatnonzero(router.select(q[None], mode)[0])]
        within = None if len(keys) == len(router.keys) else RoutingFilter(router.kind, keys)
        return store.search("look", q, K, Restriction(within=within))

    return {"numpy": by_numpy, "store": by_store}


def _timed(calls: dict[str, Callable[[np.ndarray], object]], queries: np.ndarray) -> dict[str, float]:
    """Milliseconds a query, the median over queries and interleaved rounds."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            for query in queries:
                began = time.perf_counter()
                call(query)
                taken[name].append((time.perf_counter() - began) * 1000)
    return {name: median(some) for name, some in taken.items()}
