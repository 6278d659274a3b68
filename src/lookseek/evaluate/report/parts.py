"""What is found well and what badly: bars of one metric's parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..outcome import Evaluation
from ..result import Figure as Measured
from .headline import part_figures
from .markup import counted
from .strengths import CLEAN, STRENGTH
from .style import Chart, ceiling, fitted, points
from .themes import Theme
from .words import number, one_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["BARS", "Parts", "bars_chart", "parts"]

BARS = 40
"""Bars of a chart; of more parts the best and the worst are shown."""

CHARTS = 6
"""Charts of a page: tasks whose parts are shown."""

_BAR = 24
"""Height of a bar with its gap, pixels of the page."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of what was asked, or of one of the tasks that stand beside.

    Args:
        name: of the task; "" for what the benchmark is about.
        overall: its figure; None where there is none.
        figures: part to figure, the best first, at least one.
    """

    name: str
    overall: Measured | None
    figures: Mapping[str, Measured]


def parts(evaluation: Evaluation, metric: str) -> list[Parts]:
    """Return the parts of a metric, grouped by task, without those that the charts of strengths show."""
    result = evaluation.result
    found = part_figures(result, metric)
    strong = {part for part in found if STRENGTH.fullmatch(part)}
    left = {part: figure for part, figure in found.items() if part not in strong | ({CLEAN} if strong else set())}
    beside = []
    for name in dict.fromkeys(outcome.task.name for outcome in evaluation.outcomes if outcome.task.name):
        tasks = [outcome.task for outcome in evaluation.outcomes if outcome.task.name == name]
        names = {f"{name}-{part}": part for task in tasks for part in filter(None, (task.stratum, *task.parts))}
        own = {part: left.pop(full) for full, part in names.items() if full in left}
        if own:
            beside.append(Parts(name, left.pop(name, None), _sorted(own)))
    bare = result.metrics.get(metric)
    overall = bare if bare is not None and math.isfinite(bare.value) else None
    return [*([Parts("", overall, _sorted(left))] if left else []), *beside][:CHARTS]


def _sorted(figures: Mapping[str, Measured]) -> dict[str, Measured]:
    return {part: figures[part] for part in sorted(figures, key=lambda part: (-figures[part].value, part))}


def bars_chart(parts: Parts, metric: str, name: str) -> Chart:
    """Return a chart with a bar and an interval for each part, and a dashed line for all queries."""
    bars = list(parts.figures.items())
    if len(bars) > BARS:
        bars = [*bars[: BARS // 2], *bars[-BARS // 2 :]]
    ends = [f"{one_line(part)} with {number(measured.value)}" for part, measured in (bars[0], bars[-1])]
    alt = f"Bar chart of {metric}, {counted(len(bars), 'part')}, from {ends[0]} down to {ends[1]}."
    if len(bars) == 1:
        alt = f"Bar chart of {metric}, one part, {ends[0]}."
    return Chart(name, alt, lambda theme: 64 + _BAR * len(bars), partial(_paint, bars, parts.overall))


def _paint(bars: list[tuple[str, Measured]], overall: Measured | None, figure: Figure, theme: Theme) -> None:
    axes = figure.subplots()
    places = np.arange(len(bars))
    values = np.array([measured.value for _, measured in bars])
    whiskers = np.array([_whiskers(measured) for _, measured in bars]).T
    axes.barh(places, values, 0.6, color=theme.bar, linewidth=0)
    axes.errorbar(
        values, places, xerr=whiskers, fmt="none", ecolor=theme.ink, elinewidth=points(1.4), capsize=points(3)
    )
    ends = values + whiskers[1]
    limit = max(ceiling(float(ends.max())), 1.12 * float(ends.max()))
    for place, end in enumerate(ends):
        axes.annotate(
            number(values[place]), (end, place), (4, 0), "data", "offset points", va="center", color=theme.faint
        )
    if overall is not None:
        axes.axvline(overall.value, color=theme.ink, linestyle=(0, (4, 3)), linewidth=points(1.2))
        axes.set_title(f"all {number(overall.value)}", x=overall.value / limit, fontsize="medium", color=theme.ink)
    axes.set_xlim(0, limit)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_yticks(places, [fitted(part, 110 if theme.narrow else 240, theme) for part, _ in bars])
    axes.tick_params(axis="y", length=0, labelcolor=theme.ink)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def _whiskers(measured: Measured) -> tuple[float, float]:
    """Return the distances from the value to the bounds of its interval; zeros without an interval."""
    down, up = measured.value - measured.low, measured.high - measured.value
    return max(0.0, float(np.nan_to_num(down))), max(0.0, float(np.nan_to_num(up)))
