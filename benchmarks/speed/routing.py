"""What routing spares and what it loses: the trade-off, a router's own cost, and where plain search wins.

    python -m benchmarks.speed.routing [--data FOLDER] [--work FOLDER] [--write]

Vectors are of ``myntra`` by the shipped model: routers learn from train, masses are chosen on val, test has the
queries and is the gallery, leave-one-out, of its 20 largest article types. For 50,000 items those of test are repeated
with noise of a tenth of their length. One thread: OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.paths import DATA, PAGES
from benchmarks.progress import Stages
from lookseek.encode import load_model
from lookseek.encode.model import PLAIN
from lookseek.evaluate.benchmarks.myntra_class import BENCHMARK
from lookseek.evaluate.cache import cache_key, embed_photos
from lookseek.evaluate.task import Options
from lookseek.route import files, fit
from lookseek.route.fit import fit_kmeans, fit_svm
from lookseek.route.inference import estimator_scores
from lookseek.route.probability_mass import KEPT, Choice, choose
from lookseek.route.router import Router, directions, select_keys, softmax
from lookseek.store import Restriction, RoutingFilter, Store, VectorSpec, create_store
from lookseek.types import Point, RouteMode

K, QUERIES, ROUNDS, MANY, NOISE = 10, 40, 3, 50_000, 0.1
LEVELS = (0.9, 0.95, 0.98, KEPT, 0.995, 0.999)
SPLITS = ("train", "val", "test")


def read(folder: Path) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Split to unit vectors and types, of the 20 types that are the largest in test."""
    model, read = load_model(PLAIN), {}
    for split in SPLITS:
        training_set = BENCHMARK.training_set(Options(folder, "test", BENCHMARK.protocols[0]), split)
        labels = training_set.labels["types"]
        vectors, rows = embed_photos(training_set.photos, list(labels), {cache_key(model): model.image}, Stages())
        read[split] = directions(vectors["look"]), [labels[id] for id in rows]
    return read


def nearest(rows: np.ndarray) -> np.ndarray:
    """The exact top 10 of each row among the others."""
    best = np.empty((len(rows), K), np.intp)
    for start in range(0, len(rows), 500):
        scores = rows[start : start + 500] @ rows.T
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -2
        best[start : start + 500] = np.argpartition(-scores, K, axis=1)[:, :K]
    return best


def distilled(teacher: Router, rows: np.ndarray) -> Router:
    """A linear router with the teacher's probabilities: cross entropy with its probabilities, by L-BFGS.

    Source: G. Hinton, O. Vinyals, J. Dean, Distilling the Knowledge in a Neural Network, 2015, section 2.
    """
    from scipy.optimize import minimize
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    wanted = teacher.posterior(rows).astype(np.float64)
    scaler = StandardScaler().fit(rows)
    scaled = scaler.transform(rows).astype(np.float32)
    shape = wanted.shape[1], scaled.shape[1] + 1

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        found = softmax((scaled @ weights[:, :-1].T.astype(np.float32)) + weights[:, -1], 1.0).astype(np.float64)
        wrong = found - wanted
        slope = np.column_stack([wrong.T.astype(np.float32) @ scaled, wrong.sum(axis=0)]).astype(np.float64)
        slope[:, :-1] += weights[:, :-1] / fit.STRENGTH
        cost = -(wanted * np.log(np.maximum(found, 1e-12))).sum() + (weights[:, :-1] ** 2).sum() / (2 * fit.STRENGTH)
        return float(cost) / len(wanted), slope.ravel() / len(wanted)

    weights = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    weights = weights.reshape(shape)
    model = LogisticRegression()
    model.classes_ = np.array(teacher.keys)
    model.coef_, model.intercept_ = weights[:, :-1], weights[:, -1]
    estimator = make_pipeline(scaler, model)
    return Router("svm", teacher.by, "distilled", teacher.keys, rows.shape[1], estimator_scores(estimator), estimator)


def routers(rows: np.ndarray, labels: list[str], work: Path) -> dict[str, tuple[Router, float]]:
    """Name to router and the seconds that fitting took; what was fitted before is read from the folder."""
    made: dict[str, tuple[Router, float]] = {}

    def make(name: str, call: Callable[[], Router]) -> None:
        file = work / f"{name}.skops"
        if not file.exists():
            began = time.perf_counter()
            router = call()
            file.with_suffix(".json").write_text(
                json.dumps([router.kind, router.by, router.preset, router.keys, time.perf_counter() - began])
            )
            file.write_bytes(files.dump(router)[0])
        kind, by, preset, keys, took = json.loads(file.with_suffix(".json").read_text())
        known = files.unread_router(kind, by, preset, keys, rows.shape[1])
        made[name] = files.load_estimator(file.read_bytes(), str(file), known), took
        print(f"{name}: fitted in {took:.0f} s", flush=True)

    def svm(most: int) -> Router:
        fit.SVM_ROWS = most
        return fit_svm(rows, labels, "type")

    def linear(strength: float) -> Router:
        fit.STRENGTH = strength
        return fit_svm(rows, labels, "type", "linear")

    for count in (50, 20, 100):
        make(f"k-means, {count} cells", lambda count=count: fit_kmeans(rows, count))
    for strength in (0.01, 0.001):
        make(f"linear, C = {strength:g}", lambda strength=strength: linear(strength))
    for most in (1000, 3000, 6000):
        make(f"SVM on {most:,} rows", lambda most=most: svm(most))
    make("linear, distilled from the SVM", lambda: distilled(made["SVM on 6,000 rows"][0], rows))
    return made


def timed(calls: dict[str, Callable[[np.ndarray], object]], queries: np.ndarray) -> dict[str, float]:
    """Milliseconds a query, the median over queries and interleaved rounds."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            for query in queries:
                began = time.perf_counter()
                call(query)
                taken[name].append((time.perf_counter() - began) * 1000)
    return {name: median(some) for name, some in taken.items()}


class Posteriors:
    """A router's scores of val and test, computed once: an SVM takes milliseconds a row."""

    def __init__(self, router: Router, data: dict) -> None:
        self.router, self.data = router, data
        self.scores = {split: router.scores(data[split][0]) for split in ("val", "test")}

    def keys(self, split: str, own: bool = False) -> np.ndarray:
        """Each row's key: the one predicted, or its own label where it is a key."""
        keys = self.scores[split].argmax(axis=1)
        place = {key: column for column, key in enumerate(self.router.keys)}
        labels = self.data[split][1]
        return np.array([place.get(label, key) for label, key in zip(labels, keys, strict=True)]) if own else keys

    def choice(self, best: dict[str, np.ndarray], least: float = KEPT, own: bool = False) -> Choice:
        """What val chooses."""
        keys = self.keys("val", own)
        sizes = np.bincount(keys, minlength=len(self.router.keys))
        return choose(self.scores["val"], keys[best["val"]], sizes, least=least)

    def shares(self, mode: RouteMode, choice: Choice, best: dict[str, np.ndarray], own: bool = False) -> tuple:
        """(kept of the exact top 10, visited) on test."""
        taken = select_keys(softmax(self.scores["test"], choice.temperature), mode, choice.probability_mass)
        keys = self.keys("test", own)
        sizes = np.bincount(keys, minlength=taken.shape[1])
        kept = np.take_along_axis(taken, keys[best["test"]], axis=1).mean()
        return float(kept), float((taken @ sizes).mean() / len(keys))


def trade(
    made: dict[str, tuple[Router, float]], posteriors: dict[str, Posteriors], best: dict[str, np.ndarray]
) -> list[str]:
    """A row a router: chosen on val, measured on test; of two of them with items' own labels too."""
    lines = [
        "| router | items' keys | fit s | temperature, mass | val: kept, visited | test: kept, visited | fewer visited "
        "| hard on test: kept, visited |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (_, took) in made.items():
        for own in (False, True) if name in OWN else (False,):
            choice = posteriors[name].choice(best, own=own)
            soft, hard = (posteriors[name].shares(mode, choice, best, own) for mode in ("soft", "hard"))
            cells = [name, "own label" if own else "predicted", f"{took:.0f}"]
            cells += [
                f"{choice.temperature:g}, {choice.probability_mass:.6f}",
                f"{choice.kept:.4f}, {choice.visited:.3f}",
            ]
            cells += [f"{soft[0]:.4f}, {soft[1]:.3f}", f"{1 / soft[1]:.1f}x", f"{hard[0]:.3f}, {hard[1]:.3f}"]
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return lines


OWN = ("linear, C = 0.001", "SVM on 6,000 rows")
SHOWN = ("k-means, 50 cells", "linear, C = 0.001", "SVM on 6,000 rows")


def curve(posteriors: dict[str, Posteriors], best: dict[str, np.ndarray]) -> list[str]:
    """What more or less of a promise costs: the share of exact answers required on val, and the share kept on test."""
    lines = [f"| required on val | {' | '.join(SHOWN)} |", f"|---|{'---|' * len(SHOWN)}"]
    for least in LEVELS:
        cells = [f"{least:.1%}"]
        for name in SHOWN:
            kept, visited = posteriors[name].shares("soft", posteriors[name].choice(best, least), best)
            cells.append(f"keeps {kept:.4f}, visits {visited:.3f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def costs(made: dict[str, tuple[Router, float]], data: dict) -> list[str]:
    """A router's own time for one query."""
    queries = data["test"][0][:QUERIES]
    ms = timed(
        {n: (lambda q, r=r: select_keys(r.posterior(q[None]), "soft", 0.9)) for n, (r, _) in made.items()}, queries
    )
    estimator = made[SHOWN[-1]][0].estimator
    ms |= timed({f"{SHOWN[-1]}, by scikit-learn": lambda q: estimator.predict_proba(q[None])}, queries)
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
    measured = {"plain": tuple(timed(calls, queries).values())}
    for name in SHOWN:
        choice = posteriors[name].choice(best)
        router = posteriors[name].router.tuned(choice.temperature, choice.probability_mass)
        of = posteriors[name].keys("test")[place]  # of a repeated row that of the row
        began = time.perf_counter()
        store.set_keys(router.kind, {f"{n}": router.keys[key] for n, key in enumerate(of)})
        took = time.perf_counter() - began
        whole = Restriction(within=RoutingFilter(router.kind, router.keys))
        every = timed({"all": lambda q, whole=whole: store.search("look", q, K, whole)}, queries)
        measured[f"{name}, every key as a condition (keyed in {took:.1f} s)"] = (np.nan, every["all"])
        for mode in ("soft", "hard"):
            measured[f"{name}, {mode}"] = tuple(timed(routed_calls(router, mode, rows, of, store), queries).values())
    store.close()
    for name, pair in measured.items():
        both = zip(pair, measured["plain"], strict=True)
        cells = [" | " if np.isnan(ms) else f"{ms:.2f} | {ms / whole:.2f}" for ms, whole in both]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    print(*lines, sep="\n", flush=True)
    return lines


def routed_calls(
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


HEAD = """# Routing

Written by `python -m benchmarks.speed.routing --write` on {date:%Y-%m-%d}, {machine}, {cores} cores, one used{load}.
`myntra`, the 20 largest article types of test, vectors of the shipped model ({dim} numbers): {train:,} photos of train
are learnt from, {val:,} of val choose temperature and mass, {test:,} of test ask and are the gallery, leave-one-out.
"Kept" is the share of the exact top-10 that is found, "visited" the share of the gallery that is compared. Times are
medians over {queries} queries and {rounds} interleaved rounds.
"""


def main() -> None:
    """Measure and print; with --write, replace the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--work", type=Path, default=Path("/tmp/lookseek-bench"))
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    data = read(chosen.data / "myntra")
    made = routers(*data["train"], chosen.work)
    posteriors = {name: Posteriors(router, data) for name, (router, _) in made.items()}
    best = {split: nearest(data[split][0]) for split in ("val", "test")}
    busy = os.getloadavg()[0]
    lines = [
        HEAD.format(
            date=datetime.now(UTC),
            machine=platform.machine(),
            cores=os.cpu_count(),
            load=f" (others kept the machine busy: load {busy:.1f})" if busy > 1.5 else "",
            dim=data["test"][0].shape[1],
            queries=QUERIES,
            rounds=ROUNDS,
            **{split: len(rows) for split, (rows, _) in data.items()},
        ),
        "## What soft keeps and visits\n",
        *trade(made, posteriors, best),
        "\n## What a promise costs\n",
        *curve(posteriors, best),
        "\n## A router's own cost\n",
        *costs(made, data),
        "\n## End to end, the router included\n",
        *searches(posteriors, best, 0, chosen.work),
        "",
        *searches(posteriors, best, MANY, chosen.work),
        "\nBelow 1 routing wins, above 1 plain search does. For 50,000 items those of test are repeated with noise.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if chosen.write:
        page = PAGES / "routing.md"
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
