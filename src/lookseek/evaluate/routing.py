"""A router between queries and gallery: fitted on train, tuned on val, measured on the split of the queries.

    train ──fit──> router ──val's exact answers──> temperature, mass ──> keys of the gallery, keys of each query

A photo whose key a query does not search is not found: its score is -inf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..progress import Progress
from ..route.fit import CELLS, Preset, fit_kmeans, fit_svm
from ..route.probability_mass import TOP, choose
from ..route.router import Router, directions
from ..types import RouteMode, RouterType, Vectors
from .rank import by_id, nearest
from .retrieval import Scorer, similarities
from .system import Embedded, System
from .task import Benchmark, Loaded, Options, Task, TrainingSet

__all__ = ["ROUTING", "Route", "Routing", "routings"]

EXACT = f"exact@{TOP}"
"""Metric: share of the first ``TOP`` answers of a search of all that the routed one finds; 1 without a router."""

VISITED = "visited"
"""Metric: share of the gallery that a query is compared with; 1 without a router."""

ROUTING = (EXACT, VISITED)

FITTED_ON, TUNED_ON = "train", "val"
"""Splits that a router is fitted on, and that its mass is chosen on."""

_FITTED: dict[bytes, Router] = {}
"""Routers of this process by what they were fitted on: hard and soft measure the same one. At most ``_MOST``."""
_MOST = 8


@dataclass(frozen=True, slots=True)
class Route:
    """Which router stands between queries and gallery.

    Args:
        kind: "svm" learns the labels that a task judges by; "kmeans" needs none.
        mode: "soft" or "hard".
        preset: of an SVM.
        cells: of k-means.
    """

    kind: RouterType
    mode: RouteMode = "soft"
    preset: Preset = "baseline"
    cells: int = CELLS

    def info(self, routings: Mapping[str, Routing]) -> dict[str, str | float]:
        """Return what the result file holds of it."""
        info: dict[str, str | float] = {"route": self.kind, "route_mode": self.mode}
        info["route_preset"] = self.preset if self.kind == "svm" else f"{self.cells} cells"
        if self.mode == "soft":
            for name, routing in routings.items():
                where = f"/{name}" if name else ""
                info[f"route_mass{where}"] = round(routing.router.probability_mass, 6)
                info[f"route_temperature{where}"] = routing.router.temperature
        return info


@dataclass(frozen=True, eq=False)
class Routing:
    """One task's router, the keys of its gallery and those that its queries search.

    Args:
        router: fitted and tuned.
        mode: soft or hard.
        keys: of the gallery's photos, rows of the router's keys, (gallery,).
        queries: what the router goes by, float32 (queries, dim).
        selected: which keys each query searches, bool (queries, keys).
    """

    router: Router
    mode: RouteMode
    keys: NDArray[np.int64]
    queries: Vectors
    selected: NDArray[np.bool_]

    @classmethod
    def of(cls, router: Router, mode: RouteMode, gallery: Vectors, queries: Vectors) -> Routing:
        """Key the gallery, and choose each query's keys as a search for ``TOP`` results does."""
        keys = router.likeliest(gallery)
        return cls(router, mode, keys, queries, router.select(queries, mode, _sizes(keys, router), TOP))

    def masked(self, scorer: Scorer) -> Scorer:
        """Return the same scores, -inf for what is not searched."""
        return lambda rows: np.where(self.selected[rows][:, self.keys], scorer(rows), np.float32(-np.inf))

    def measured(self, task: Task, exact: Scorer) -> dict[str, NDArray[np.float64]]:
        """Return the metrics ``ROUTING`` of each query, float64 (queries,)."""
        best = _first(task, exact)
        there = best >= 0
        found = np.take_along_axis(self.selected, self.keys[np.maximum(best, 0)], axis=1) & there
        return {
            EXACT: found.sum(axis=1) / np.maximum(1, there.sum(axis=1)),
            VISITED: self.selected @ self._sizes / len(self.keys),
        }

    def rows(self, query: int) -> Sequence[NDArray[np.intp]]:
        """Return the gallery's rows of each key that a query searches; computes the keys anew, so it can be timed."""
        taken = self.router.select(self.queries[query : query + 1], self.mode, self._sizes, TOP)[0]
        return [self._rows[key] for key in np.flatnonzero(taken)]

    @cached_property
    def _sizes(self) -> NDArray[np.int64]:
        return _sizes(self.keys, self.router)

    @cached_property
    def _rows(self) -> list[NDArray[np.intp]]:
        return [np.flatnonzero(self.keys == key) for key in range(len(self.router.keys))]


def routings(
    benchmark: Benchmark,
    options: Options,
    route: Route,
    system: System,
    embedded: Embedded,
    tasks: Sequence[Task],
    progress: Progress,
) -> dict[str, Routing]:
    """Fit and tune the router of each task, by its name.

    Raises:
        QueryError: the benchmark has nothing to learn from, or train itself asks.
    """
    if benchmark.training_set is None or options.split == FITTED_ON:
        raise QueryError(
            f"{benchmark.name} can't be routed on the split {options.split!r}: a router learns from {FITTED_ON}, which "
            "a benchmark must have beside the split that asks"
        )
    fitting, tuning = (
        _split(benchmark.training_set(options, split), system, progress) for split in (FITTED_ON, TUNED_ON)
    )
    made: dict[str, Routing] = {}
    for task in tasks:
        progress.phase(f"router{f' of {task.name}' if task.name else ''}", None)
        router = _tuned(_fitted(route, *fitting.of(task.name)), tuning.of(task.name)[0], system)
        gallery = embedded.routed[[embedded.rows[photo] for photo in task.gallery]]
        queries = embedded.routed[[embedded.rows[query.key] for query in task.queries]]
        made[task.name] = Routing.of(router, route.mode, gallery, queries)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """A split's vectors and its labels for each task."""

    labels: Mapping[str, Mapping[str, str]]
    vectors: Vectors
    places: Mapping[str, int]

    def of(self, task: str) -> tuple[Vectors, list[str]]:
        """Of the photos that could stand in a task's gallery."""
        ids = [id for id in self.labels[task] if id in self.places]
        return self.vectors[[self.places[id] for id in ids]], [self.labels[task][id] for id in ids]


def _split(training_set: TrainingSet, system: System, progress: Progress) -> _Split:
    ids = list(dict.fromkeys(id for labels in training_set.labels.values() for id in labels))
    embedded = system.embed(Loaded((), training_set.photos), ids, [], progress)
    return _Split(training_set.labels, embedded.routed, embedded.rows)


def _fitted(route: Route, vectors: Vectors, labels: list[str]) -> Router:
    digest = blake2b(repr((replace(route, mode="soft"), labels)).encode() + vectors.tobytes()).digest()
    if digest not in _FITTED:
        if len(_FITTED) >= _MOST:
            _FITTED.pop(next(iter(_FITTED)))
        _FITTED[digest] = (
            fit_kmeans(vectors, route.cells)
            if route.kind == "kmeans"
            else fit_svm(vectors, labels, "the task's label", route.preset)
        )
    return _FITTED[digest]


def _tuned(router: Router, vectors: Vectors, system: System) -> Router:
    """Return the router with the probability mass that keeps the exact neighbours of val's photos."""
    keys = router.likeliest(vectors)
    scorer = similarities(vectors, vectors, system.metric)
    own = np.arange(len(vectors))
    order = np.arange(len(vectors), dtype=np.int64)
    best = nearest(scorer, own, order, min(TOP, max(1, len(vectors) - 1)))
    choice = choose(
        router.scores(directions(vectors)),
        np.where(best >= 0, keys[np.maximum(best, 0)], -1),
        _sizes(keys, router),
    )
    return router.tuned(choice.temperature, choice.probability_mass)


def _sizes(keys: NDArray[np.int64], router: Router) -> NDArray[np.int64]:
    """Return how many photos have each key."""
    return np.bincount(keys, minlength=len(router.keys)).astype(np.int64)


def _first(task: Task, scorer: Scorer) -> NDArray[np.int64]:
    """Return rows of the exact answers of each query, its own photo excluded, (queries, at most TOP)."""
    place = {photo: row for row, photo in enumerate(task.gallery)}
    own = np.array([place.get(query.photo, -1) for query in task.queries], np.int64)
    return nearest(scorer, own, by_id(task.gallery), min(TOP, len(task.gallery)))
