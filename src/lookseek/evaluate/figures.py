"""From the values of single queries to figures with intervals, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from .bootstrap import intervals
from .outcome import Outcome
from .rank import CELLS
from .result import Figure
from .task import Task

__all__ = ["figures", "gallery_hash"]


def figures(outcomes: Sequence[Outcome], seed: int) -> dict[str, Figure]:
    """Return all figures: the bare ones first, then strata, parts, and the tasks that stand beside."""
    by_metric: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        for metric in outcome.values:
            by_metric.setdefault((outcome.task.name, metric), []).append(outcome)
    # metrics of the same tasks share their resamples, so they are computed together
    alike: dict[tuple[str, tuple[int, ...]], tuple[list[str], list[Outcome]]] = {}
    for (name, metric), group in by_metric.items():
        alike.setdefault((name, tuple(map(id, group))), ([], group))[0].append(metric)
    tables: list[tuple[str, list[str], list[NDArray[np.float64]], list[list[str]]]] = []
    for (name, _), (metrics, group) in alike.items():
        stacked = [np.stack([outcome.values[metric] for metric in metrics], axis=1) for outcome in group]
        units = [[query.unit for query in outcome.task.queries] for outcome in group]
        tables.append((name, metrics, stacked, units))
        for outcome, table, some in zip(group, stacked, units, strict=True):
            if outcome.task.stratum:
                tables.append((_joined(name, outcome.task.stratum), metrics, [table], [some]))
            for part, rows in outcome.task.parts.items():
                tables.append((_joined(name, part), metrics, [table[rows]], [[some[row] for row in rows]]))
    named: dict[str, Figure] = {}
    for name, metrics, strata, units in sorted(tables, key=lambda entry: entry[0] != ""):
        measured = intervals(strata, units=units, seed=seed).tolist()
        for metric, (value, low, high) in zip(metrics, measured, strict=True):
            named[f"{metric}/{name}" if name else metric] = Figure(value, low, high)
    return named


def _joined(name: str, part: str) -> str:
    return f"{name}-{part}" if name else part


def gallery_hash(tasks: Sequence[Task]) -> str:
    """SHA-256 of the galleries, the queries and what is right; the order of ids and tasks does not matter."""
    return sha256("".join(sorted({_hash(task) for task in tasks})).encode()).hexdigest()


def _hash(task: Task) -> str:
    columns = task.class_names or task.gallery
    order = sorted(range(len(columns)), key=columns.__getitem__)
    asked: list[tuple[str, bytes]] = []
    step = max(1, CELLS // max(1, len(columns)))
    for start in range(0, len(task.queries), step):
        grades = task.truth.grades(slice(start, start + step))[:, order]
        some = task.queries[start : start + step]
        asked += [(query.id, sha256(row.tobytes()).digest()) for query, row in zip(some, grades, strict=True)]
    digest = sha256("\n".join([*sorted(task.gallery), "", *task.class_names]).encode())
    for id, row in sorted(asked):
        digest.update(id.encode() + row)
    return digest.hexdigest()
