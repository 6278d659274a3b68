"""What a benchmark is about: the outcomes and the metric that a report looks at first."""

from __future__ import annotations

import math

from ..outcome import Evaluation, Outcome
from ..result import Figure, Result

__all__ = ["behind", "first_metric", "headline", "lead", "shown_outcome"]


def headline(result: Result) -> dict[str, Figure]:
    """The headline figures: those whose name has no part."""
    return {name: figure for name, figure in result.metrics.items() if "/" not in name}


def behind(result: Result, metric: str) -> dict[str, Figure]:
    """The figures of a metric behind the slash, by what stands there; those that are no number are left out."""
    split = [(*name.partition("/"), figure) for name, figure in result.metrics.items()]
    return {
        part: figure for bare, slash, part, figure in split if slash and bare == metric and math.isfinite(figure.value)
    }


def lead(evaluation: Evaluation) -> list[Outcome]:
    """The outcomes that the first headline figure is the mean of; [] where nothing was asked."""
    asked = _asked(evaluation)
    head = [outcome for outcome in asked if not outcome.task.name] or asked[:1]
    return [outcome for outcome in head if next(iter(head[0].values)) in outcome.values]


def first_metric(evaluation: Evaluation) -> str:
    """The metric that charts of parts show: the first of the lead that has a figure; "" where there are no figures."""
    figures = dict.fromkeys(name.partition("/")[0] for name in evaluation.result.metrics)
    measured = [name for outcome in lead(evaluation) for name in outcome.values if name in figures]
    return next(iter([*measured, *figures]), "")


def shown_outcome(evaluation: Evaluation) -> Outcome | None:
    """The outcome whose questions are shown with their answers: the first of the headline that ranks photos."""
    head = [*lead(evaluation), *(outcome for outcome in _asked(evaluation) if not outcome.task.name)]
    return next((outcome for outcome in head if outcome.task.classes is None), None)


def _asked(evaluation: Evaluation) -> list[Outcome]:
    return [outcome for outcome in evaluation.outcomes if outcome.task.questions and outcome.values]
