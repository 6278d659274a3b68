"""What is taken for what: the true class or label of each query against that of its first answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..outcome import Evaluation, Outcome
from .headline import headline_outcomes
from .style import Chart, breadth, fitted, points
from .themes import LIGHT, Theme, text_colour

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CLASSES", "OTHER", "Confusion", "confusion_chart", "confusions"]

CLASSES = 30
"""Classes that one picture shows: more can't be read."""

PICTURES = 6
"""Confusions that a page shows: some benchmarks have a task for each attribute."""

OTHER = "(other)"
"""Column of answers that are none of the classes shown."""

_STEP = 2_000
"""Queries whose grades are held at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often each true class was answered with each class.

    Args:
        title: of the task; "" for the headline's.
        true: classes asked for, those of most queries first.
        given: classes answered: the same first, in the same order, then those that were only answered, then perhaps
            ``OTHER``.
        counts: queries, int64 (true, given).
        left_out: queries of classes that are not shown.
        labels: True where these are labels of photos, False where classes were ranked.
    """

    title: str
    true: tuple[str, ...]
    given: tuple[str, ...]
    counts: NDArray[np.int64]
    left_out: int
    labels: bool

    def mistakes(self, most: int) -> list[tuple[str, str, int, int]]:
        """Return the commonest wrong answers: true class, answered class, how often, of how many queries."""
        wrong = [(-n, row, column) for (row, column), n in np.ndenumerate(self.counts) if n and row != column]
        return [(self.true[r], self.given[c], int(-n), int(self.counts[r].sum())) for n, r, c in sorted(wrong)[:most]]


def confusions(evaluation: Evaluation) -> list[Confusion]:
    """Return the confusions of tasks that rank classes, then of the headline queries' labels and the labels found."""
    found = []
    for outcome in evaluation.outcomes:
        if outcome.task.classes is not None:
            title = " ".join(filter(None, (outcome.task.name, outcome.task.stratum)))
            found.append(_confusion(title, _classes(outcome), labels=False))
    ranked = [outcome for outcome in headline_outcomes(evaluation) if outcome.task.classes is None]
    pairs = [pair for outcome in ranked for pair in _labels(outcome, evaluation.loaded.labels)]
    if _kinds(pairs):
        found.append(_confusion("", pairs, labels=True))
    return [confusion for confusion in found if confusion is not None][:PICTURES]


def _classes(outcome: Outcome) -> list[tuple[str, str]]:
    """True and answered class of each query; of several true ones the one answered, else the first."""
    task, pairs = outcome.task, []
    for start in range(0, len(task.queries), _STEP):
        right = task.truth.grades(slice(start, start + _STEP)) > 0
        for row, given in zip(right, outcome.best[start : start + _STEP, 0].tolist(), strict=True):
            if row.any():
                true = given if given >= 0 and row[given] else int(row.argmax())
                pairs.append((task.class_names[true], task.class_names[given] if given >= 0 else OTHER))
    return pairs


def _labels(outcome: Outcome, labels: Mapping[str, str]) -> list[tuple[str, str]]:
    task, pairs = outcome.task, []
    for query, given in zip(task.queries, outcome.best[:, 0].tolist(), strict=True):
        true, shown = labels.get(query.photo), labels.get(task.gallery[given]) if given >= 0 else OTHER
        if true is not None and shown is not None:
            pairs.append((true, shown))
    return pairs


def _kinds(pairs: list[tuple[str, str]]) -> bool:
    """Return whether labels are classes: several, each of two queries or more, rather than names of photos."""
    asked, answered_query = ({pair[side] for pair in pairs} for side in (0, 1))
    return len(asked | answered_query) >= 2 and 2 * len(asked) <= len(pairs)


def _confusion(title: str, pairs: list[tuple[str, str]], *, labels: bool) -> Confusion | None:
    counted = Counter(pairs)
    asked, answered_query = Counter(true for true, _ in pairs), Counter(given for _, given in pairs)
    ordered = [name for some in (asked, answered_query) for name in sorted(some, key=lambda name: (-some[name], name))]
    given = tuple(name for name in dict.fromkeys(ordered) if name != OTHER)[:CLASSES]
    true = tuple(name for name in given if asked[name])
    if not true:
        return None
    counts = np.array([[counted[row, column] for column in given] for row in true], np.int64)
    others = np.array([asked[row] for row in true]) - counts.sum(axis=1)
    if others.any():
        given, counts = (*given, OTHER), np.column_stack([counts, others])
    return Confusion(title, true, given, counts, len(pairs) - int(counts.sum()), labels)


def confusion_chart(confusion: Confusion, name: str) -> Chart:
    """Heat map: true classes down, answered classes across, shaded by the share of the row, with counts."""
    rows, columns = confusion.counts.shape
    wide, high = _cell(columns)
    longest = max(breadth(fitted(label, _NAME, LIGHT), LIGHT) for label in (*confusion.true, *confusion.given))
    agree = int(np.trace(confusion.counts))
    alt = (
        f"Heat map of {rows} true classes against what they were taken for: of {int(confusion.counts.sum()):,} "
        f"queries, {agree:,} lie on the diagonal, where both agree."
    )
    width, height = round(60 + longest + wide * columns), round(50 + 0.75 * longest + high * rows)
    return Chart(name, alt, lambda theme: height, partial(_paint, confusion), width)


_NAME = 150
"""Width of a class's name beside the map, pixels of the page."""


def _cell(columns: int) -> tuple[int, int]:
    """Width and height of a cell, pixels of the page: 31 columns are as wide as the page."""
    sizes = ((8, (72, 40)), (16, (48, 32)), (24, (36, 28)))
    return next((size for most, size in sizes if columns <= most), (28, 26))


def _paint(confusion: Confusion, figure: Figure, theme: Theme) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    axes = figure.subplots()
    columns = confusion.counts.shape[1]
    shares = confusion.counts / confusion.counts.sum(axis=1, keepdims=True)
    shades = LinearSegmentedColormap.from_list("share", [theme.paper, theme.accent])
    size = points(min(13, 1.3 * _cell(columns)[0] / len(str(confusion.counts.max()))))
    axes.pcolormesh(shares, cmap=shades, vmin=0, vmax=1, edgecolors=theme.grid, linewidth=points(1))
    for (row, column), count in np.ndenumerate(confusion.counts):
        if count:
            colour = text_colour(shades(shares[row, column]), theme)
            weight = "bold" if row == column else "normal"
            middle = (column + 0.5, row + 0.5)
            axes.text(*middle, f"{count}", ha="center", va="center", color=colour, weight=weight, size=size)
    for axis, names in ((axes.yaxis, confusion.true), (axes.xaxis, confusion.given)):
        axis.set_ticks(np.arange(len(names)) + 0.5, [fitted(name, _NAME, theme) for name in names])
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", labelrotation=45)
    for label in axes.get_xticklabels():
        label.set(ha="left", rotation_mode="anchor")
    axes.tick_params(length=0, labelcolor=theme.ink)
    axes.invert_yaxis()
    axes.set_ylabel("true")
    axes.set_xlabel("taken for")
    axes.xaxis.set_label_position("top")
    for spine in axes.spines.values():
        spine.set_visible(False)
