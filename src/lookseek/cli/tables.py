"""Formats figures of evaluations, benchmarks and training recipes as tables and lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from ..evaluate.compare import Comparison
from ..evaluate.registry import BENCHMARKS
from ..evaluate.result import Figure, Result, short_commit

__all__ = [
    "benchmark_lines",
    "comparison_table",
    "headline_table",
    "model_lines",
    "parts_table",
    "protocol_lines",
    "recipe_lines",
]

MOST_PARTS = 40
"""Most rows of the table of parts; the result file has all."""

MOST_COLUMNS = 6
"""Most columns of a table of metrics, so that it fits a terminal."""


def protocol_lines(result: Result) -> Iterator[str]:
    """Yield two lines: benchmark, protocol, split, numbers of queries and items; model, seed and commit."""
    yield (
        f"{result.benchmark} · {result.protocol} · split {result.split} · {result.queries:,} queries · "
        f"gallery {result.gallery_size:,} ({result.gallery_hash[:12]})"
    )
    model = dict(result.model)
    name, checksum = model.pop("name", "?"), str(model.pop("checksum", ""))[:12]
    rest = ", ".join(f"{key} {value}" for key, value in model.items())
    yield f"{name} {checksum} ({rest}) · seed {result.seed} · commit {short_commit(result.commit)}"


def headline_table(result: Result) -> Table:
    """Return a table of the headline figures with their intervals."""
    table = _table("metric", "value", "95 % interval")
    for name, figure in result.metrics.items():
        if "/" not in name:
            _add(
                table,
                name,
                format_figure(name, figure.value),
                f"{format_figure(name, figure.low)} to {format_figure(name, figure.high)}",
            )
    return table


def parts_table(result: Result) -> Table | None:
    """Return a table of figures named ``metric/part``, a row a part, a column a metric; None without such figures."""
    rows: dict[str, dict[str, Figure]] = {}
    for name, figure in result.metrics.items():
        metric, slash, part = name.partition("/")
        if slash:
            rows.setdefault(part, {})[metric] = figure
    if not rows:
        return None
    metrics = list(dict.fromkeys(metric for row in rows.values() for metric in row))
    columns = metrics[:MOST_COLUMNS]
    table = _table("part", *columns)
    for part, row in list(rows.items())[:MOST_PARTS]:
        _add(table, f"/{part}", *(format_figure(name, row[name].value) if name in row else "" for name in columns))
    left = len(rows) - MOST_PARTS
    hidden = [*([f"{left} more parts"] if left > 0 else []), *metrics[MOST_COLUMNS:]]
    if hidden:
        table.caption = Text(f"in the result file too: {', '.join(hidden)}")
        table.caption_justify = "left"
    return table


def comparison_table(comparison: Comparison) -> Table:
    """Return a table of several results, numbered in order: each figure and its difference from the first result's."""
    table = _table("metric", "", "value", "difference", "95 % interval", "p")
    for metric, figures in comparison.metrics.items():
        if "/" in metric:
            continue
        _add(table, metric, "1", format_figure(metric, figures[0].value))
        differences = comparison.differences.get(metric, (None,) * (len(figures) - 1))
        for place, (figure, d) in enumerate(zip(figures[1:], differences, strict=True), 2):
            cells = (f"{d.by:+.3f}", f"{d.low:+.3f} to {d.high:+.3f}", _p(d.p)) if d else ()
            _add(table, "", str(place), format_figure(metric, figure.value), *cells)
    return table


def model_lines(comparison: Comparison) -> Iterator[str]:
    """Yield a line for each compared model."""
    for place, result in enumerate(comparison.results, 1):
        model = result.model
        extra = [str(model[key]) for key in ("metric",) if model.get(key) not in (None, "cosine")]
        extra += [f"colour weight {model['colour_weight']}"] if "colour_weight" in model else []
        if "route" in model:
            extra.append(" ".join(str(model[key]) for key in ("route", "route_mode", "route_preset") if key in model))
        extra += [str(model["rerank"])] if "rerank" in model else []
        yield " ".join([f"{place}:", str(model.get("name", "?")), str(model.get("checksum", ""))[:12], *extra])


def benchmark_lines() -> Iterator[str]:
    """Yield the lines of ``evaluate --list``: each benchmark's task, size, protocols and files."""
    words = {
        "photo": "",
        "words": "; a model that reads words",
        "change": "; a model that reads words, or photos alone",
    }
    for benchmark in BENCHMARKS.values():
        yield f"[bold]{benchmark.name}[/]"
        yield f"  {benchmark.about}"
        yield f"  {benchmark.split}: {benchmark.size}"
        yield f"  protocols: {', '.join(benchmark.protocols)}"
        yield f"  needs: {benchmark.needs}{words[benchmark.query_type]}"
    yield "[bold]garments[/]"
    yield "  a parser finds the garments in street photos: the kind of each pixel, and boxes; --model is a parser"
    yield "  test: 120 photos with masks"
    yield "  protocols: masks"
    yield "  needs: items.csv, labels.txt, images/ and masks/ (the folder ccp)"
    yield "[bold]drawn-copied[/]"
    yield "  a design in a photo to its copies with 0, 1 and 2 changed regions; --model is a model of regions"
    yield "  test: 300 queries, gallery 1,800"
    yield "  protocols: copies"
    yield "  needs: nothing, it is drawn"
    yield "[bold]myntra-copied[/]"
    yield "  the same of a shop's photos, synthetic: regions are pasted from others; --model is a model of regions"
    yield "  test: 300 queries, gallery 1,800"
    yield "  protocols: copies"
    yield "  needs: catalogue.parquet (the folder myntra)"


def recipe_lines() -> Iterator[str]:
    """Yield the lines of the list of recipes: what each trains, the data that it needs, the settings of its presets."""
    from ..train.recipes import RECIPES, find_recipe

    recipes = [find_recipe(name) for name in RECIPES]
    for recipe in recipes:
        yield f"{recipe.name}\n  {recipe.about}\n  needs: {recipe.needs}"
    for recipe in recipes:
        for name, settings in recipe.presets.items():
            values = ", ".join(f"{key} {value}" for key, value in asdict(settings).items())
            yield f"preset {name} of {recipe.name}\n  {values}"


def format_figure(metric: str, value: float) -> str:
    """Return a figure as text: shares with three digits, times in milliseconds."""
    return f"{value:.2f} ms" if metric.startswith("query_ms") else f"{value:.3f}"


def _p(p: float) -> str:
    stars = "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""
    return f"{'< 0.001' if p < 0.001 else f'{p:.3f}'} {stars}".strip()


def _add(table: Table, *cells: str) -> None:
    """Add a row of plain text: cells come from data, so markup in them is not interpreted."""
    table.add_row(*map(Text, cells))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        table.add_column(Text(name), justify="left" if place == 0 else "default", overflow="fold", no_wrap=place == 0)
    return table
