"""From a benchmark and a system to figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import CatalogueError, QueryError
from ..progress import Progress
from ..rerank import Reranker
from .closeness import DECIDED, depth_of
from .figures import figures, gallery_hash
from .metrics import WHOLE, measure, parse
from .outcome import KEPT, Evaluation, Outcome
from .rank import CELLS, Block, rank
from .ranking import Ranking
from .result import Result, source_commit
from .routing import ROUTING, Route, routings
from .runs import DEEPEST
from .system import System
from .task import Benchmark, Options, Task

__all__ = ["Written", "evaluate"]

TIMED = "query_ms@"
"""Metric: how long one query takes alone, milliseconds."""

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
    reranker: Reranker | None = None,
) -> Evaluation:
    """Measure a system on a benchmark.

    Args:
        benchmark: which.
        options: where its data are, which split and protocol.
        system: what is measured.
        progress: is told how it goes.
        written: is given every block of answers, ``runs.DEEPEST`` of each query.
        shuffle: True deals the gallery's scores out anew for each query: the figures are then those of chance.
        route: a router between queries and gallery; None compares with all of it.
        reranker: scores the first candidates again, as a search does; None leaves the first scores.

    Returns:
        The figures, and the answers for pictures of them.

    Raises:
        CatalogueError: data that can't be read, or of which no photo can be had.
        ModelError: a system that can't answer such queries.
        QueryError: a route through a benchmark that has nothing for a router to learn from, or a re-ranker of
            distances.
    """
    began = time.perf_counter()
    if reranker is not None and system.metric != "cosine":
        raise QueryError(f"{reranker.name} compares by cosine only: use metric cosine, or leave out the re-ranker")
    progress.phase("reading", None)
    loaded = benchmark.load(options)
    photos = loaded.photo_ids()
    embedded = system.embed(loaded, photos, loaded.queries(), progress)
    gone = {id for id in photos if id not in embedded.rows}
    if len(gone) == len(photos):
        raise CatalogueError(
            f"none of the {len(photos):,} photos that {benchmark.name} names can be had from {options.data}, e.g. "
            f"{photos[0]!r}: put them there ({benchmark.needs}), or give --model a file of vectors"
        )
    missing = tuple(sorted({*loaded.missing, *gone}))
    loaded = replace(loaded, missing=missing, tasks=tuple(_usable(loaded.tasks, gone)))
    progress.phase("ranking", sum(len(task.queries) for task in loaded.tasks))
    chance = np.random.default_rng(options.seed) if shuffle else None
    head = [task for task in loaded.tasks if not task.name]
    if not head:
        raise CatalogueError(
            f"{benchmark.name} has no query left to ask of {options.data}: {len(missing):,} photos are missing"
            f"{f', e.g. {missing[0]}' if missing else ''}. Check the folder, the split {options.split!r} and --model"
        )
    routes = {} if route is None else routings(benchmark, options, route, system, embedded, loaded.tasks, progress)
    if route is not None:
        progress.phase("ranking", sum(len(task.queries) for task in loaded.tasks))
    ranking = Ranking(embedded, system, loaded.tasks, loaded.photos, chance=chance, routes=routes, reranker=reranker)
    outcomes = tuple(_measured(task, ranking, progress, written) for task in loaded.tasks)
    galleries = {task.gallery for task in head}
    result = Result(
        benchmark=benchmark.name,
        protocol=f"{options.protocol} by {options.by}" if options.by else options.protocol,
        split=loaded.split or options.split,
        gallery_size=sum(map(len, galleries)),
        gallery_hash=gallery_hash(head),
        queries=sum(map(len, {task.queries for task in head})),
        missing=missing,
        metrics=figures(outcomes, options.seed),
        model={
            **system.info,
            **embedded.remarks,
            **(route.info(routes) if route is not None else {}),
            **({"rerank": reranker.name} if reranker is not None else {}),
        },
        seed=options.seed,
        commit=source_commit(),
        took_s=round(time.perf_counter() - began, 3),
    )
    return Evaluation(result, loaded, outcomes, system.seen)


def _usable(tasks: Sequence[Task], gone: set[str]) -> list[Task]:
    """Return the tasks without missing photos, and without queries that lost all their right items."""
    usable = []
    for task in tasks:
        left = task.without(gone)
        if left is not task and left.queries and left.gallery and not task.answers_none:
            step = max(1, CELLS // len(left.gallery))
            starts = range(0, len(left.queries), step)
            answerable = np.concatenate([(left.truth.grades(slice(s, s + step)) > 0).any(axis=1) for s in starts])
            left = left.only(np.flatnonzero(answerable), np.arange(len(left.gallery)))
        if left.queries and left.gallery:
            usable.append(left)
    return usable


def _measured(task: Task, ranking: Ranking, progress: Progress, written: Written | None) -> Outcome:
    scorer, columns = ranking.scorer(task)
    timed = [name for name in task.metrics if name.startswith(TIMED)]
    spared = [name for name in task.metrics if name in ROUTING]
    counted = [name for name in task.metrics if name.startswith(DECIDED)]
    names = [name for name in task.metrics if name not in (*timed, *spared, *counted)]
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
    measured |= {name: ranking.decided(task, depth_of(name)) for name in counted}
    depths = [int(name.removeprefix(TIMED)) for name in timed]
    measured |= dict(zip(timed, ranking.milliseconds(task, depths) if timed else (), strict=True))
    return Outcome(task, measured, *map(np.concatenate, (best, scores, grades, first)))


def _depth(names: Sequence[str], least: int) -> int | None:
    """Return the number of answers that the metrics use; None for all."""
    reach = [parse(name)[1] for name in names]
    return None if WHOLE in reach else max([least, *reach])


def _first(array: NDArray[Any], fill: float) -> NDArray[Any]:
    """Return the first ``KEPT`` columns, filled up where there are fewer."""
    kept = array[:, :KEPT]
    return np.pad(kept, ((0, 0), (0, KEPT - kept.shape[1])), constant_values=fill)
