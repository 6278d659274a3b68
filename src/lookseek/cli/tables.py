"""Figures of evaluations and trainings as tables and lines; ``evaluating.py`` and ``training.py`` print them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..evaluate.compare import Comparison
from ..evaluate.registry import BENCHMARKS
from ..evaluate.result import Figure, Result, short_commit

if TYPE_CHECKING:
    from ..train.align.job import Aligned
    from ..train.classifier.job import Trained
    from ..train.combiner.ablation import Ablation
    from ..train.combiner.job import TrainedCombiner

__all__ = [
    "ablation_said",
    "aligned_said",
    "benchmark_lines",
    "combiner_said",
    "comparison_table",
    "headline_table",
    "model_lines",
    "parts_table",
    "protocol_lines",
    "recipes_listed",
    "trained_said",
]

MOST_PARTS = 40
"""Rows of the table of parts; all are in the result file."""

MOST_COLUMNS = 6
"""Columns of a table of metrics, so that it fits a terminal."""


def protocol_lines(result: Result) -> Iterator[str]:
    """Yield what every figure needs beside it: protocol, split, gallery, number of queries; and the model."""
    yield (
        f"{result.benchmark} · {result.protocol} · split {result.split} · {result.queries:,} questions · "
        f"gallery {result.gallery_size:,} ({result.gallery_hash[:12]})"
    )
    model = dict(result.model)
    name, checksum = model.pop("name", "?"), str(model.pop("checksum", ""))[:12]
    rest = ", ".join(f"{key} {value}" for key, value in model.items())
    yield f"{name} {checksum} ({rest}) · seed {result.seed} · commit {short_commit(result.commit)}"


def headline_table(result: Result) -> Table:
    """Return the figures of the whole benchmark with their intervals."""
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
    """Return the figures of parts (``metric/part``), a row a part and a column a metric; None if there are none."""
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
    """Return results side by side, numbered in their order: each figure, and its difference from the first result's."""
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
    """Yield all benchmarks: what they measure, their size, protocols and needs."""
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


def recipes_listed() -> Iterator[str]:
    """All recipes and presets: what comes out, what they need, what they set."""
    from ..train.align.settings import PRESETS as ALIGNS
    from ..train.classifier.settings import PRESETS
    from ..train.combiner.settings import PRESETS as COMBINERS
    from ..train.recipes import RECIPES

    for recipe in RECIPES.values():
        yield f"{recipe.name}\n  {recipe.about}\n  needs: {recipe.needs}"
    for of, presets in (("", PRESETS), (" of align", ALIGNS), (" of combiner", COMBINERS)):
        for name, settings in presets.items():
            said = ", ".join(f"{key} {value}" for key, value in asdict(settings).items())
            yield f"preset {name}{of}\n  {said}"


def aligned_said(aligned: Aligned, out: Path) -> Iterator[str]:
    """What a joint space came to."""
    run = aligned.run
    yield (
        f"{run.photos['train']:,} photos and {run.texts['train']:,} texts · preset {run.preset} · first weights: "
        f"{run.weights} · seed {run.settings.seed}"
    )
    yield f"best epoch {aligned.best_epoch} of {run.settings.epochs}, chosen on val: {aligned.figure:.3f}"
    yield f"go on with: lookseek export {out} MODEL; {out / 'cache'} can be removed"


def trained_said(trained: Trained) -> Iterator[str]:
    """What a training came to; the first weights stand beside the figures."""
    run, test = trained.run, trained.test
    yield (
        f"{run.settings.backbone} · preset {run.preset} · first weights: {run.weights} · seed {run.settings.seed} · "
        f"{run.photos['train']:,} photos of {', '.join(run.classes[:5])}{' ...' if len(run.classes) > 5 else ''}"
    )
    best = f"best epoch {trained.best_epoch} of {run.settings.epochs}, chosen by its accuracy on val"
    yield f"{best}: {trained.val_accuracy:.3f} ({run.photos['val']:,} photos)"
    if test is not None:
        parts = {name.partition("/")[2]: f.value for name, f in test.metrics.items() if "/" in name}
        said = ", ".join(f"{part} {value:.3f}" for part, value in list(parts.items())[:MOST_COLUMNS])
        figure = test.metrics["accuracy"]
        interval = f"95 % interval {figure.low:.3f} to {figure.high:.3f}"
        yield f"accuracy on test {figure.value:.3f} ({test.queries:,} photos, {interval}): {said}"
    else:
        yield "accuracy on test: the data has no test photos"


def combiner_said(trained: TrainedCombiner) -> Iterator[str]:
    """What the training of a Combiner came to: its figures beside those of the plain sum."""
    run = trained.run
    yield (
        f"Combiner on {run.model} · preset {run.preset} · tuned: {run.settings.tune} · seed {run.settings.seed} · "
        f"{run.triplets['train']:,} triplets of {run.kind}"
    )
    yield f"best epoch {trained.best_epoch} of {run.settings.epochs}, chosen by the {trained.chosen_by}"
    for exam, judged in trained.judged.items():
        both = trained.figures[f"sum.{exam}"], trained.figures[exam]
        yield f"{both[1].benchmark} · {both[1].protocol} · split {both[1].split} · {both[1].queries:,} questions"
        for name, result in zip(("sum", "combiner"), both, strict=True):
            yield f"  {name:<9}" + ", ".join(f"{metric} {result.metrics[metric].value:.3f}" for metric in judged)


def ablation_said(ablation: Ablation) -> Table:
    """A row a composer and tuning, a column a metric, its part below it; all metrics stand in ablation.json."""
    metrics = list(dict.fromkeys(metric for row in ablation.rows for metric in row.figures))
    shown = [metric for metric in metrics if "/" not in metric] + [metric for metric in metrics if "/" in metric]
    shown = shown[:MOST_COLUMNS]
    table = _table("composer", "tuned", *(metric.replace("/", "\n") for metric in shown))
    table.columns[1].no_wrap = True
    for row in ablation.rows:
        _add(table, row.composer, row.tune, *(f"{row.figures[metric]:.3f}" for metric in shown))
    return table


def format_figure(metric: str, value: float) -> str:
    """Return a figure as it is printed: shares with three digits, times in milliseconds."""
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
