"""How a metric falls the more photos are changed: parts that are called ``name=number``, such as ``blur=0.5``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..result import Figure as Measured
from ..result import Result
from .headline import part_figures
from .style import Chart, ceiling, fitted, points
from .themes import Theme
from .words import number, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CLEAN", "STRENGTH", "Strengths", "strengths", "strengths_chart"]

STRENGTH = re.compile(r"(?P<change>.*[^=])=(?P<strength>[+-]?(?:\d+(?:\.\d*)?|\.\d+))", re.ASCII)
"""What such a part is called."""

CLEAN = "clean"
"""The part where nothing was changed."""

PANELS, CHARTS = 24, 6
"""Changes that a chart shows, and metrics that have one."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """One metric where photos were changed.

    Args:
        metric: its name.
        clean: its figure where nothing was changed; None where nobody measured that.
        lines: name of each change to (strength, figure), ascending by strength; at least one.
    """

    metric: str
    clean: Measured | None
    lines: Mapping[str, tuple[tuple[float, Measured], ...]]


def strengths(result: Result) -> list[Strengths]:
    """Return the metrics by strength of distortion; [] where no part is named by one."""
    metrics = dict.fromkeys(name.partition("/")[0] for name in result.metrics)
    return [found for metric in metrics if (found := _strengths(metric, part_figures(result, metric)))][:CHARTS]


def _strengths(metric: str, found: Mapping[str, Measured]) -> Strengths | None:
    lines: dict[str, list[tuple[float, Measured]]] = {}
    for part, measured in found.items():
        if match := STRENGTH.fullmatch(part):
            lines.setdefault(match["change"], []).append((float(match["strength"]), measured))
    if not lines:
        return None
    ascending = {
        change: tuple(sorted(line, key=lambda entry: entry[0])) for change, line in list(lines.items())[:PANELS]
    }
    return Strengths(metric, found.get(CLEAN), ascending)


def strengths_chart(strengths: Strengths, name: str) -> Chart:
    """Return a chart with a panel for each distortion, as their strengths have different scales."""
    lowest = [
        f"{one_line(change)} down to {number(min(measured.value for _, measured in line))}"
        for change, line in strengths.lines.items()
    ]
    clean = f" Without change it is {number(strengths.clean.value)}." if strengths.clean else ""
    alt = f"{len(lowest)} line charts of {strengths.metric} against how strongly photos were changed: "

    def height(theme: Theme) -> int:
        return 16 + (150 if theme.narrow else 220) * -(-len(lowest) // _columns(strengths, theme))

    return Chart(name, f"{alt}{'; '.join(lowest)}.{clean}", height, partial(_paint, strengths))


def _columns(strengths: Strengths, theme: Theme) -> int:
    return min(len(strengths.lines), 2 if theme.narrow else 4)


def _paint(strengths: Strengths, figure: Figure, theme: Theme) -> None:
    columns = _columns(strengths, theme)
    rows = -(-len(strengths.lines) // columns)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    figures = [measured for line in strengths.lines.values() for _, measured in line]
    top = ceiling(max(measured.value for measured in (*figures, *filter(None, [strengths.clean]))))
    for panel, (change, line) in zip(panels, strengths.lines.items(), strict=False):
        _panel(panel, line, strengths.clean, theme)
        panel.set_title(
            fitted(change, 140 if theme.narrow else 220, theme),
            loc="left",
            fontsize="medium",
            color=theme.ink,
            fontweight="bold",
        )
        panel.set_ylim(0, top * 1.02)
    for panel in panels[len(strengths.lines) :]:
        panel.set_visible(False)


def _panel(panel: Axes, line: tuple[tuple[float, Measured], ...], clean: Measured | None, theme: Theme) -> None:
    along = [strength for strength, _ in line]
    panel.fill_between(along, [m.low for _, m in line], [m.high for _, m in line], color=theme.accent, alpha=0.2, lw=0)
    panel.plot(along, [m.value for _, m in line], "o-", color=theme.accent, linewidth=points(2.4), markersize=points(6))
    if clean is not None:
        panel.axhline(clean.value, color=theme.ink, linestyle=(0, (4, 3)), linewidth=points(1.2))
    panel.margins(x=0.08)
    panel.set_xticks(_spaced_ticks(along))
    panel.xaxis.set_major_formatter(lambda strength, _: f"{strength:g}")
    panel.grid(axis="y")


def _spaced_ticks(along: list[float]) -> list[float]:
    """Return the strengths that fit as labels below the axis, the last among them."""
    least = (along[-1] - along[0]) * 0.16
    written = along[-1:]
    for strength in reversed(along[:-1]):
        if written[-1] - strength >= least > 0:
            written.append(strength)
    return written[::-1]
