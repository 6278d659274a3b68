"""The sections of a report that have pictures: each draws its own into the folder and gives its HTML."""

from __future__ import annotations

from pathlib import Path

from ..outcome import Evaluation
from .confusion import Confusion, confusion_chart, confusions
from .curves import LINES, curve_chart, curves
from .headline import first_metric
from .markup import counted, scrolling, section
from .parts import BARS, bars_chart, parts
from .strengths import strengths, strengths_chart
from .style import Chart, save
from .themes import LIGHT, Theme
from .words import escaped, number

__all__ = ["confusion_section", "curve_section", "parts_section", "strengths_section"]

MISTAKES = 8
"""Mistakes that are told in words below a confusion."""

RANKS = (1, 2, 5, 10, 20, 50, 100, 1_000, 10_000)
"""Ranks of the recall curve that stand as numbers below it."""


def curve_section(evaluation: Evaluation, folder: Path) -> str:
    """Return the recall curve, and its numbers."""
    shown = curves(evaluation)
    if shown is None:
        return ""
    said = "<p>Of all queries, the share whose first right answer stands at a rank or before it.</p>"
    rows = {"mean": shown.mean, **dict(list(shown.lines.items())[:LINES])} if shown.lines else {"all": shown.mean}
    places = shown.at(RANKS)
    columns = "".join(f'<th scope="col">{rank:,}</th>' for rank, _ in places)
    lines = "".join(
        f'<tr><th scope="row">{escaped(name)}</th>{"".join(f"<td>{shares[at]:.3f}</td>" for _, at in places)}</tr>'
        for name, shares in rows.items()
    )
    table = f'<table><thead><tr><th scope="col">Rank</th>{columns}</tr></thead><tbody>{lines}</tbody></table>'
    numbers = f"<details><summary>The same in numbers</summary>{scrolling('Recall curve', table)}</details>"
    chart = _figure(curve_chart(shown), folder, numbers)
    return section("curve", "How soon the first right answer comes", said + chart)


def parts_section(evaluation: Evaluation, folder: Path) -> str:
    """Return the bars of parts, a chart for each task."""
    metric = first_metric(evaluation)
    said = (
        f"<p>{escaped(metric)} of each part, with its 95 % interval; a dashed line is the figure of all together.</p>"
    )
    charts = ""
    for place, shown in enumerate(parts(evaluation, metric), 1):
        count = len(shown.figures)
        some = f"the {BARS // 2} best and {BARS // 2} worst of {count:,} parts" if count > BARS else ""
        heading = ": ".join(filter(None, (escaped(shown.name), some)))
        chart = _figure(bars_chart(shown, metric, f"parts-{place}"), folder)
        charts += f"<h3>{heading}</h3>{chart}" if heading else chart
    return section("parts", "What is found well, what badly", said + charts if charts else "")


def confusion_section(evaluation: Evaluation, folder: Path) -> str:
    """Heat maps of what is taken for what, and the commonest mistakes."""
    maps = "".join(_confusion(one, place, folder) for place, one in enumerate(confusions(evaluation), 1))
    said = (
        "<p>A row is the truth, a column what it was taken for; numbers count queries, and the shade is the share of "
        "the row. All would stand on the diagonal if nothing were confused.</p>"
    )
    body = f'{said}<div class="maps">{maps}</div>' if maps else ""
    return section("confusion", "What is taken for what", body)


def _confusion(confusion: Confusion, place: int, folder: Path) -> str:
    what = "Label of the photo found first" if confusion.labels else "Class named first"
    heading = f"{escaped(confusion.title)}: {what.lower()}" if confusion.title else what
    mistakes = "".join(
        f"<li>{escaped(true)} taken for {escaped(given)}: {count:,} of {asked:,}</li>"
        for true, given, count, asked in confusion.mistakes(MISTAKES)
    )
    told = f"<details><summary>The commonest mistakes</summary><ol>{mistakes}</ol></details>" if mistakes else ""
    left = confusion.left_out
    rarer = f'<p class="quiet">Not shown: {counted(left, "query")} of rarer classes.</p>' if left else ""
    chart = _figure(confusion_chart(confusion, f"confusion-{place}"), folder, rarer + told)
    return f"<div><h3>{heading}</h3>{chart}</div>"


def strengths_section(evaluation: Evaluation, folder: Path) -> str:
    """Metrics against how strongly photos were changed."""
    said = "<p>A metric against how strongly the photos were changed, with its 95 % interval.</p>"
    charts = ""
    for place, shown in enumerate(strengths(evaluation.result), 1):
        clean = f", dashed: {number(shown.clean.value)} for photos as they are" if shown.clean else ""
        chart = _figure(strengths_chart(shown, f"strengths-{place}"), folder)
        charts += f"<h3>{escaped(shown.metric)}{clean}</h3>{chart}"
    return section("strengths", "How it bears changed photos", said + charts if charts else "")


def _figure(chart: Chart, folder: Path, caption: str = "") -> str:
    """Save a chart in all its themes, and return the HTML that shows the one that fits the page."""
    save(chart, folder)
    sources = "".join(
        f'<source media="{theme.media}" srcset="{chart.name}{theme.suffix}.png"{_sized(chart, theme)}>'
        for theme in chart.themes
        if theme.media
    )
    alt = f' alt="{escaped(chart.alt, 1_000)}"'
    picture = f'<picture>{sources}<img src="{chart.name}.png"{_sized(chart, LIGHT)}{alt}></picture>'
    if chart.width:
        picture = scrolling("Chart", picture)
    kind = "chart wide" if chart.width else "chart"
    return f'<figure class="{kind}">{picture}{f"<figcaption>{caption}</figcaption>" if caption else ""}</figure>'


def _sized(chart: Chart, theme: Theme) -> str:
    width, height = chart.size(theme)
    return f' width="{width}" height="{height}"'
