"""The figures of a report: the main ones large, then all of them as a table, and what they mean."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

from ..result import Figure, Result
from .headline import headline
from .markup import counted, scrolling
from .words import brief, escaped, interval, is_share, legend, number

__all__ = ["FIGURES", "cards", "meanings", "table"]

FIGURES = "figures.csv"
"""File of all figures where the page can't show them all: metric, part, value, low, high."""

CARDS = 12
"""Figures that are shown large."""

ROWS, CELLS = 500, 4_000
"""Of the table at the most, so that the page opens at once."""


def cards(result: Result) -> str:
    """Return the main figures, large, with their intervals; "" where there is none."""
    shown = [(name, figure) for name, figure in headline(result).items() if number(figure.value)][:CARDS]
    return f'<ul class="cards">{"".join(_card(name, figure) for name, figure in shown)}</ul>' if shown else ""


def _card(name: str, figure: Figure) -> str:
    between = interval(figure)
    said = f'<span class="said">{escaped(brief(name))}</span>' if brief(name) else ""
    certain = f'<span class="interval">95 % interval <b>{between}</b></span>' if between else ""
    return (
        f'<li><span class="name">{escaped(name)}</span><strong>{number(figure.value)}</strong>'
        f"{_track(figure) if is_share(name) else ''}{certain}{said}</li>"
    )


def _track(figure: Figure) -> str:
    """Return a line from 0 to 1 with the interval on it."""
    ends = (figure.low, figure.high) if interval(figure) else (figure.value, figure.value)
    if not 0 <= min(ends) <= max(ends) <= 1:
        return ""
    left, wide = min(ends) * 100, (max(ends) - min(ends)) * 100
    place = f"left:min({left:.1f}%,100% - .375rem);width:{wide:.1f}%"
    return f'<span class="track" aria-hidden="true"><i style="{place}"></i></span>'


def table(result: Result, folder: Path) -> str:
    """Return all figures: a row for each part, a column for each metric, with intervals.

    Writes the file of all figures where the table would be too long.
    """
    rows: dict[str, dict[str, Figure]] = {"": {}}
    for name, figure in result.metrics.items():
        metric, _, part = name.partition("/")
        rows.setdefault(part, {})[metric] = figure
    metrics = list(dict.fromkeys(name.partition("/")[0] for name in result.metrics))
    most = min(ROWS, max(1, CELLS // max(1, len(metrics))))
    shown = {part: row for part, row in rows.items() if row}
    more = ""
    if len(shown) > most:
        _write(result, folder / FIGURES)
        rest = counted(len(shown) - most, "more part")
        more = f'<p class="quiet">And {rest}: <a href="{FIGURES}">{FIGURES}</a> has all figures.</p>'
    columns = "".join(f'<th scope="col">{escaped(metric)}</th>' for metric in metrics)
    lines = "".join(_row(part, row, metrics) for part, row in list(shown.items())[:most])
    said = (
        f'<p class="quiet">{counted(len(shown), "line")}: the mean over queries and, small, its 95 % bootstrap '
        "interval.</p>"
    )
    body = f'<table><thead><tr><th scope="col">Part</th>{columns}</tr></thead><tbody>{lines}</tbody></table>'
    return said + scrolling("All figures", body) + more


def _row(part: str, row: Mapping[str, Figure], metrics: list[str]) -> str:
    cells = "".join(_cell(row.get(metric)) for metric in metrics)
    return f'<tr{"" if part else " class=all"}><th scope="row">{escaped(part) or "all"}</th>{cells}</tr>'


def _cell(figure: Figure | None) -> str:
    if figure is None or not math.isfinite(figure.value):
        return "<td></td>"
    between = interval(figure)
    return f"<td>{number(figure.value)}<small>{between}</small></td>" if between else f"<td>{number(figure.value)}</td>"


def _write(result: Result, path: Path) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["metric", "part", "value", "low", "high"])
        for name, figure in result.metrics.items():
            metric, _, part = name.partition("/")
            lines.writerow([metric, part, figure.value, figure.low, figure.high])


def meanings(result: Result) -> str:
    """Return a sentence for each kind of metric; "" where none is known."""
    said = legend(dict.fromkeys(name.partition("/")[0] for name in result.metrics))
    lines = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(meaning, 500)}</dd>" for name, meaning in said)
    return f'<h3>What the figures mean</h3><dl class="legend">{lines}</dl>' if lines else ""
