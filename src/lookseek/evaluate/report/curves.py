"""How soon the first right answer comes: the recall curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..outcome import Evaluation
from .headline import headline_outcomes
from .style import Chart, fitted, points
from .themes import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LINES", "Curves", "curve_chart", "curves"]

Shares = NDArray[np.float64]

POINTS = 160
"""Ranks that a curve is drawn through at the most: one every few pixels of its logarithmic axis."""

LINES = 8
"""Lines that have a colour and a name: more can't be told apart."""

_MARKS = tuple(step * 10**power for power in range(7) for step in (1, 2, 5))
"""Ranks that are written along the axis and stand in the table: 1, 2, 5, 10, 20 ..."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Share of queries whose first right answer is at a rank or before it.

    Args:
        ranks: ascending from 1 to where the answers are known, int64 (ranks,).
        mean: over strata, or over all queries where there is but one, (ranks,).
        lines: name to shares, (ranks,), of each stratum or part; those of most queries first.
    """

    ranks: NDArray[np.int64]
    mean: Shares
    lines: Mapping[str, Shares]

    def at(self, wanted: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return the wanted ranks that were measured, and the last, each with its place in ``ranks``."""
        last = int(self.ranks[-1])
        ranks = sorted({rank for rank in wanted if rank <= last} | {last})
        return [(rank, int(np.searchsorted(self.ranks, rank, side="right")) - 1) for rank in ranks]


def curves(evaluation: Evaluation) -> Curves | None:
    """Return the recall curves of the headline outcomes; None without queries, or where one answer is all."""
    outcomes = headline_outcomes(evaluation)
    depth = max((max(o.first.max(), (o.best >= 0).sum(axis=1).max()) for o in outcomes), default=1)
    if depth < 2:
        return None
    spread = np.geomspace(1, depth, POINTS).round().astype(np.int64)
    ranks = np.unique([*spread, *(rank for rank in _MARKS if rank <= depth)])
    if len(outcomes) > 1:
        firsts = {o.task.stratum or f"task {number}": o.first for number, o in enumerate(outcomes, 1)}
    else:
        firsts = {part: outcomes[0].first[rows] for part, rows in outcomes[0].task.parts.items() if len(rows)}
    largest = sorted(firsts, key=lambda name: -len(firsts[name]))
    mean = np.mean([_shares(outcome.first, ranks) for outcome in outcomes], axis=0)
    return Curves(ranks, mean, {name: _shares(firsts[name], ranks) for name in largest})


def _shares(first: NDArray[np.int64], ranks: NDArray[np.int64]) -> Shares:
    found = np.sort(first[first > 0])
    return np.searchsorted(found, ranks, side="right") / len(first)


def curve_chart(curves: Curves) -> Chart:
    """Return a chart with a line for each stratum or part, and the mean."""
    ends = ", ".join(f"{curves.mean[place]:.2f} at rank {rank:,}" for rank, place in curves.at((1, 10)))
    each = f" {len(curves.lines)} thinner lines show its parts." if curves.lines else ""
    alt = f"Line chart: the share of queries with a right answer at each rank or before it. It is {ends}.{each}"
    named = min(len(curves.lines), LINES + 1) + 1 if curves.lines else 0

    def height(theme: Theme) -> int:
        return 270 + 20 * -(-named // 2) if theme.narrow else 390 + 24 * -(-named // 5)

    return Chart("recall-curve", alt, height, partial(_paint, curves))


def _paint(curves: Curves, figure: Figure, theme: Theme) -> None:
    axes = figure.subplots()
    named, ranks = list(curves.lines.items()), curves.ranks
    shown = []
    for _, shares in named[LINES:]:
        axes.plot(ranks, shares, color=theme.grey, linewidth=points(1))
    for place, (name, shares) in enumerate(named[:LINES]):
        turn, colour = divmod(place, len(theme.lines))
        (line,) = axes.plot(ranks, shares, "--" if turn else "-", color=theme.lines[colour], linewidth=points(2))
        shown.append((line, fitted(name, 110 if theme.narrow else 150, theme)))
    (line,) = axes.plot(ranks, curves.mean, color=theme.ink, linewidth=points(3.4))
    shown.insert(0, (line, "mean"))
    if len(named) > LINES:
        shown.append((axes.plot([], [], color=theme.grey)[0], f"{len(named) - LINES} more"))
    if named:
        handles, labels = zip(*shown, strict=True)
        figure.legend(handles, labels, loc="outside lower left", ncols=2 if theme.narrow else 5)
    last = int(ranks[-1])
    marks = [rank for rank in _MARKS if rank <= last]
    axes.set_xscale("log")
    axes.set_xlim(1, last)
    axes.set_xticks(marks if len(marks) <= 9 else [mark for mark in marks if str(mark).startswith("1")])
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(0, 1.02)
    axes.grid(axis="y")
    axes.set_xlabel("rank, best answer first")
    axes.set_ylabel("share of queries")
