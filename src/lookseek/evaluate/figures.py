"""From the values of single questions to figures with intervals, and their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from .bootstrap import intervals
from .outcome import Outcome
from .result import Figure

__all__ = ["figures", "gallery_hash"]


def figures(outcomes: Sequence[Outcome], seed: int) -> dict[str, Figure]:
    """All figures: the bare ones first, then strata, parts, and the tasks that stand beside."""
    by_metric: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        for metric in outcome.values:
            by_metric.setdefault((outcome.task.name, metric), []).append(outcome)
    # metrics of the same tasks share their resamples, so they are computed together
    alike: dict[tuple[str, tuple[int, ...]], tuple[list[str], list[Outcome]]] = {}
    for (name, metric), group in by_metric.items():
        alike.setdefault((name, tuple(map(id, group))), ([], group))[0].append(metric)
    tables: list[tuple[str, list[str], list[NDArray[np.float64]]]] = []
    for (name, _), (metrics, group) in alike.items():
        stacked = [np.stack([outcome.values[metric] for metric in metrics], axis=1) for outcome in group]
        tables.append((name, metrics, stacked))
        for outcome, table in zip(group, stacked, strict=True):
            if outcome.task.stratum:
                tables.append((_joined(name, outcome.task.stratum), metrics, [table]))
            for part, rows in outcome.task.parts.items():
                tables.append((_joined(name, part), metrics, [table[rows]]))
    named: dict[str, Figure] = {}
    for name, metrics, strata in sorted(tables, key=lambda entry: entry[0] != ""):
        for metric, (value, low, high) in zip(metrics, intervals(strata, seed).tolist(), strict=True):
            named[f"{metric}/{name}" if name else metric] = Figure(value, low, high)
    return named


def _joined(name: str, part: str) -> str:
    return f"{name}-{part}" if name else part


def gallery_hash(galleries: Iterable[tuple[str, ...]]) -> str:
    """SHA-256 of what was searched; the order of ids and galleries does not matter."""
    digest = sha256()
    for gallery in sorted(sorted(ids) for ids in galleries):
        digest.update("\n".join([*gallery, "\n"]).encode())
    return digest.hexdigest()
