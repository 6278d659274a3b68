"""From a benchmark and a system to figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import CatalogueError
from ..progress import Progress
from ..types import Metric, Vectors
from .figures import figures, gallery_hash
from .metrics import WHOLE, measure, parse
from .outcome import KEPT, Evaluation, Outcome
from .rank import CELLS, Block, Scorer, rank
from .result import Result, source_commit
from .routed import ROUTING, Route, Routing, routings
from .runs import DEEPEST
from .score import compared, milliseconds, neighbours, voted
from .system import Embedded, System
from .task import Benchmark, Options, Task

__all__ = ["Written", "evaluate"]

TIMED = "query_ms@"
"""Metric: how long one question takes alone, milliseconds."""

CURVE = 100
"""Ranks that the recall curve goes to at the least."""

Written: TypeAlias = Callable[[Task, Block], None]
"""Is given every block of answers, e.g. to write them into a run file."""


def evaluate(
    benchmark: Benchmark,
    options: Options,
    system: System,
    progress: Progress,
    *,
    written: Written | None = None,
    shuffle: bool = False,
    route: Route | None = None,
) -> Evaluation:
    """Measure a system on a benchmark.

    Args:
        benchmark: which.
        options: where its data are, which split and protocol.
        system: what is measured.
        progress: is told how it goes.
        written: is given every block of answers, ``runs.DEEPEST`` of each question.
        shuffle: True deals the gallery's scores out anew for each question: the figures are then those of chance.
        route: a router between questions and gallery; None compares with all of it.

    Returns:
        The figures, and the answers for pictures of them.

    Raises:
        CatalogueError: data that can't be read, or of which no photo can be had.
        ModelError: a system that can't answer such questions.
        QueryError: a route through a benchmark that has nothing for a router to learn from.
    """
    began = time.perf_counter()
    progress.phase("reading", None)
    loaded = benchmark.load(options)
    photos = loaded.photo_ids()
    embedded = system.embed(loaded, photos, loaded.questions(), progress)
    gone = {id for id in photos if id not in embedded.rows}
    if len(gone) == len(photos):
        raise CatalogueError(
            f"none of the {len(photos):,} photos that {benchmark.name} names can be had from {options.data}, e.g. "
            f"{photos[0]!r}: put them there ({benchmark.needs}), or give --model a file of vectors"
        )
    missing = tuple(sorted({*loaded.missing, *gone}))
    loaded = replace(loaded, missing=missing, tasks=tuple(_usable(loaded.tasks, gone)))
    progress.phase("ranking", sum(len(task.questions) for task in loaded.tasks))
    chance = np.random.default_rng(options.seed) if shuffle else None
    head = [task for task in loaded.tasks if not task.name]
    if not head:
        raise CatalogueError(
            f"{benchmark.name} has no question left to ask of {options.data}: {len(missing):,} photos are missing"
            f"{f', e.g. {missing[0]}' if missing else ''}. Check the folder, the split {options.split!r} and --model"
        )
    routes = {} if route is None else routings(benchmark, options, route, system, embedded, loaded.tasks, progress)
    if route is not None:
        progress.phase("ranking", sum(len(task.questions) for task in loaded.tasks))
    ranking = _Ranking(embedded, system.metric, loaded.tasks, chance, routes)
    outcomes = tuple(_measured(task, ranking, progress, written) for task in loaded.tasks)
    galleries = {task.gallery for task in head}
    result = Result(
        benchmark=benchmark.name,
        protocol=f"{options.protocol} by {options.by}" if options.by else options.protocol,
        split=loaded.split or options.split,
        gallery_size=sum(map(len, galleries)),
        gallery_hash=gallery_hash(head),
        queries=sum(map(len, {task.questions for task in head})),
        missing=missing,
        metrics=figures(outcomes, options.seed),
        model={**system.info, **embedded.remarks, **(route.said(routes) if route is not None else {})},
        seed=options.seed,
        commit=source_commit(),
        took_s=round(time.perf_counter() - began, 3),
    )
    return Evaluation(result, loaded, outcomes, system.seen)


def _usable(tasks: Sequence[Task], gone: set[str]) -> list[Task]:
    """The tasks without the photos that could not be had, and without questions that nothing can answer any more."""
    usable = []
    for task in tasks:
        left = task.without(gone)
        if left is not task and left.questions and left.gallery:
            step = max(1, CELLS // len(left.gallery))
            starts = range(0, len(left.questions), step)
            answerable = np.concatenate([(left.truth.grades(slice(s, s + step)) > 0).any(axis=1) for s in starts])
            left = left.only(np.flatnonzero(answerable), np.arange(len(left.gallery)))
        if left.questions and left.gallery:
            usable.append(left)
    return usable


class _Ranking:
    """How each task is scored; of tasks that rank classes in one gallery the neighbours are looked for once."""

    def __init__(
        self,
        embedded: Embedded,
        metric: Metric,
        tasks: Sequence[Task],
        chance: np.random.Generator | None,
        routes: Mapping[str, Routing],
    ) -> None:
        self._embedded, self._metric, self._chance, self._routes = embedded, metric, chance, routes
        self._asked: dict[tuple[str, ...], dict[str, int]] = {}
        for task in tasks:
            if task.classes is not None:
                keys = self._asked.setdefault(task.gallery, {})
                for question in task.questions:
                    keys.setdefault(question.key, len(keys))
        self._nearest: dict[tuple[str, ...], NDArray[np.int64]] = {}

    def vectors(self, task: Task, keys: Iterable[str]) -> tuple[Vectors, Vectors]:
        """Of the keys, and of the task's gallery."""
        rows, vectors = self._embedded.rows, self._embedded.vectors
        return vectors[[rows[key] for key in keys]], vectors[[rows[photo] for photo in task.gallery]]

    def _photos(self, task: Task, keys: Iterable[str]) -> Scorer:
        """Scores of the task's gallery for the keys."""
        scorer, chance = compared(*self.vectors(task, keys), self._metric), self._chance
        return scorer if chance is None else lambda rows: chance.permuted(scorer(rows), axis=1)

    def scorer(self, task: Task) -> tuple[Scorer, tuple[str, ...]]:
        """Scores of what the task ranks, and what that is called."""
        if task.classes is None:
            scorer = self._photos(task, (question.key for question in task.questions))
            return (scorer if (routing := self._routes.get(task.name)) is None else routing.only(scorer)), task.gallery
        keys = self._asked[task.gallery]
        if task.gallery not in self._nearest:
            place = {photo: row for row, photo in enumerate(task.gallery)}
            own = np.array([place.get(key, -1) for key in keys], np.int64)
            self._nearest[task.gallery] = neighbours(self._photos(task, keys), own, task.gallery)
        rows = [keys[question.key] for question in task.questions]
        return voted(self._nearest[task.gallery][rows], task.classes), task.class_names

    def milliseconds(self, task: Task, depths: Sequence[int]) -> list[NDArray[np.float64]]:
        """See ``score.milliseconds``."""
        vectors = self.vectors(task, (q.key for q in task.questions))
        routing = self._routes.get(task.name)
        return milliseconds(*vectors, self._metric, depths, None if routing is None else routing.rows)

    def routed(self, task: Task) -> dict[str, NDArray[np.float64]]:
        """What a router kept of the exact answers, and what it visited; all where there is none."""
        routing = self._routes.get(task.name)
        if routing is None:
            return {name: np.ones(len(task.questions)) for name in ROUTING}
        exact = self._photos(task, (question.key for question in task.questions))
        return routing.measured(task, exact)


def _measured(task: Task, ranking: _Ranking, progress: Progress, written: Written | None) -> Outcome:
    scorer, columns = ranking.scorer(task)
    timed = [name for name in task.metrics if name.startswith(TIMED)]
    spared = [name for name in task.metrics if name in ROUTING]
    names = [name for name in task.metrics if name not in (*timed, *spared)]
    best, scores, grades, first, values = [], [], [], [], []
    for block in rank(task, columns, scorer, _depth(names, CURVE if written is None else DEEPEST)):
        values.append(measure(names, block.ranked))
        best.append(_first(block.order, -1))
        scores.append(_first(block.scores, np.nan))
        grades.append(_first(block.ranked.grades, 0))
        right = block.ranked.grades > 0
        first.append(np.where(right.any(axis=1), right.argmax(axis=1) + 1, 0))
        if written is not None:
            written(task, block)
        progress.advance(block.rows.stop - block.rows.start)
    measured = {name: np.concatenate([value[name] for value in values]) for name in names}
    if spared:
        measured |= ranking.routed(task)
    depths = [int(name.removeprefix(TIMED)) for name in timed]
    measured |= dict(zip(timed, ranking.milliseconds(task, depths) if timed else (), strict=True))
    return Outcome(task, measured, *map(np.concatenate, (best, scores, grades, first)))


def _depth(names: Sequence[str], least: int) -> int | None:
    """How many answers the metrics look at; None for all."""
    reach = [parse(name)[1] for name in names]
    return None if WHOLE in reach else max([least, *reach])


def _first(array: NDArray[Any], fill: float) -> NDArray[Any]:
    """The first ``KEPT`` columns, filled up where there are fewer."""
    kept = array[:, :KEPT]
    return np.pad(kept, ((0, 0), (0, KEPT - kept.shape[1])), constant_values=fill)
