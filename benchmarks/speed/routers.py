"""The data and the routers that ``benchmarks.speed.routing`` compares."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.progress import Stages
from lookseek.encode import load_model
from lookseek.encode.model import PLAIN
from lookseek.evaluate.benchmarks.myntra_class import BENCHMARK
from lookseek.evaluate.cache import cache_key, embed_photos
from lookseek.evaluate.task import Options
from lookseek.route import files, fit
from lookseek.route.fit import fit_kmeans, fit_svm
from lookseek.route.inference import estimator_scores
from lookseek.route.router import Router, directions, softmax

__all__ = ["OWN", "SHOWN", "K", "nearest", "read", "routers"]

K = 10
"""Results of a query."""

SPLITS = ("train", "val", "test")

OWN = ("linear, C = 0.001", "SVM on 6,000 rows")
"""Routers that are measured with items' own labels as keys too."""

SHOWN = ("k-means, 50 cells", "linear, C = 0.001", "SVM on 6,000 rows")
"""Routers of the tables that do not show all."""


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
    make("linear, distilled from the SVM", lambda: _distilled(made["SVM on 6,000 rows"][0], rows))
    return made


def _distilled(teacher: Router, rows: np.ndarray) -> Router:
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
