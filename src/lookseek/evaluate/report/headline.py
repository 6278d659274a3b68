"""The headline of a benchmark: the outcomes and the metric that a report shows first."""

from __future__ import annotations

import math

from ..outcome import Evaluation, Outcome
from ..result import Figure, Result

__all__ = ["first_metric", "headline", "headline_outcomes", "part_figures", "shown_outcome"]


def headline(result: Result) -> dict[str, Figure]:
    """Return the headline figures: those whose name has no slash."""
    return {name: figure for name, figure in result.metrics.items() if "/" not in name}


def part_figures(result: Result, metric: str) -> dict[str, Figure]:
    """Return a metric's figures for parts of the queries, by part: "vi" for ``recall@10/vi``. NaN is left out."""
    split = [(*name.partition("/"), figure) for name, figure in result.metrics.items()]
    return {
        part: figure for bare, slash, part, figure in split if slash and bare == metric and math.isfinite(figure.value)
    }


def headline_outcomes(evaluation: Evaluation) -> list[Outcome]:
    """Return the outcomes whose mean is the first headline figure; [] where there is none."""
    asked = _asked(evaluation)
    head = [outcome for outcome in asked if not outcome.task.name] or asked[:1]
    return [outcome for outcome in head if next(iter(head[0].values)) in outcome.values]


def first_metric(evaluation: Evaluation) -> str:
    """Return the metric that charts of parts show: the headline's first that has a figure; "" where none has."""
    figures = dict.fromkeys(name.partition("/")[0] for name in evaluation.result.metrics)
    measured = [name for outcome in headline_outcomes(evaluation) for name in outcome.values if name in figures]
    return next(iter([*measured, *figures]), "")


def shown_outcome(evaluation: Evaluation) -> Outcome | None:
    """Return the outcome whose queries are shown with their answers: the headline's first that ranks photos."""
    head = [*headline_outcomes(evaluation), *(outcome for outcome in _asked(evaluation) if not outcome.task.name)]
    return next((outcome for outcome in head if outcome.task.classes is None), None)


def _asked(evaluation: Evaluation) -> list[Outcome]:
    return [outcome for outcome in evaluation.outcomes if outcome.task.queries and outcome.values]
