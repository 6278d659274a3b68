"""What the cells of a study came to: means over seeds, intervals, gains, as a table and a plot."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from math import sqrt
from pathlib import Path
from statistics import NormalDist, fmean, variance
from typing import TYPE_CHECKING

from .grid import FIRST

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

__all__ = ["Outcome", "Trial", "draw_gains", "gains_table", "outcomes_of", "student_quantile", "trials_csv"]


_PLACES = ((5, 0), (5, 7), (5, -7), (-5, 0), (-5, 7), (-5, -7), (5, 14), (5, -14), (-5, 14), (-5, -14), (5, 21))
"""Of a name beside its point, in points; the last one is taken whatever stands there."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One training.

    Args:
        cell: its name.
        about: what it is.
        seed: of it.
        val: recall@1 on val of the best epoch, which was chosen by it.
        test: recall@1 on test; None where the data has none.
        seconds: that it took: of the processor, all cores, or of the clock where it learned on an accelerator.
    """

    cell: str
    about: str
    seed: int
    val: float
    test: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One cell.

    Args:
        cell: its name.
        about: what it is.
        val: mean of recall@1 on val over seeds.
        test: the same on test; None where the data has none.
        half: half of the 95 % interval of ``val``, of ``test`` where there is one.
        minutes: mean of a training.
        gain: ``val`` less that of the first cell; None where that was not run.
    """

    cell: str
    about: str
    val: float
    test: float | None
    half: float
    minutes: float
    gain: float | None


def outcomes_of(trials: Sequence[Trial]) -> list[Outcome]:
    """Return the cells in the order of their first trial.

    The interval is Student's, of the spread of seeds pooled over all cells: two seeds of one cell say little of it.

    Args:
        trials: >= 2 of each cell.
    """
    cells: dict[str, list[Trial]] = {}
    for trial in trials:
        cells.setdefault(trial.cell, []).append(trial)
    tested = all(trial.test is not None for trial in trials)
    figures = {name: [_figure(trial, tested) for trial in some] for name, some in cells.items()}
    freedom = sum(len(some) - 1 for some in figures.values())
    pooled = sqrt(sum(variance(some) * (len(some) - 1) for some in figures.values()) / freedom)
    first = fmean(trial.val for trial in cells[FIRST]) if FIRST in cells else None
    found = []
    for name, some in cells.items():
        val = fmean(trial.val for trial in some)
        found.append(
            Outcome(
                cell=name,
                about=some[0].about,
                val=val,
                test=fmean(figures[name]) if tested else None,
                half=student_quantile(0.975, freedom) * pooled / sqrt(len(some)),
                minutes=fmean(trial.seconds for trial in some) / 60,
                gain=None if first is None else val - first,
            )
        )
    return found


def _figure(trial: Trial, tested: bool) -> float:
    return trial.test if tested and trial.test is not None else trial.val


def student_quantile(probability: float, freedom: int) -> float:
    """Return a quantile of Student's distribution. Source: Abramowitz and Stegun, 26.7.5, an expansion in 1/freedom.

    >>> round(student_quantile(0.975, 10), 2), round(student_quantile(0.975, 1000), 2)
    (2.23, 1.96)
    """
    z = NormalDist().inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))


def gains_table(outcomes: Sequence[Outcome]) -> str:
    """Return the cells as Markdown."""
    lines = [
        "| cell | what | val R@1 | gain on val | test R@1 | 95 % | minutes |",
        "|---|---|---|---|---|---|---|",
    ]
    for o in outcomes:
        gain = "" if o.gain is None else f"{o.gain:+.3f}"
        test = "" if o.test is None else f"{o.test:.3f}"
        lines.append(f"| {o.cell} | {o.about} | {o.val:.3f} | {gain} | {test} | ± {o.half:.3f} | {o.minutes:.1f} |")
    return "\n".join(lines) + "\n"


def trials_csv(trials: Sequence[Trial]) -> str:
    """Return every training as a line."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("cell", "seed", "val_recall@1", "test_recall@1", "seconds"))
    for t in trials:
        rows.writerow((t.cell, t.seed, f"{t.val:.4f}", "" if t.test is None else f"{t.test:.4f}", f"{t.seconds:.1f}"))
    return text.getvalue()


def draw_gains(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw recall@1 against minutes, as the gain over the first cell where that was run: of test, where there is one.

    Bars are each cell's own 95 % interval.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    split = "val" if any(o.test is None for o in outcomes) else "test"
    figures = {o.cell: o.val if o.test is None or split == "val" else o.test for o in outcomes}
    base = figures.get(FIRST, 0.0)
    for o in outcomes:
        height = figures[o.cell] - base
        axes.errorbar(o.minutes, height, yerr=o.half, fmt="o", ms=5, color="#1f6feb", ecolor="#8a94a640")
    what = f"gain of recall@1 on {split} over {FIRST}" if FIRST in figures else f"recall@1 on {split}"
    axes.set(xlabel="minutes of a training", ylabel=what)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.2)
    figure.draw_without_rendering()  # sets the scales, which the places of the names hang on
    _name(axes, {o.cell: (o.minutes, figures[o.cell] - base) for o in outcomes})
    figure.savefig(path, dpi=110)


def _name(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write the name of each point beside it, where no other name stands if there is such a place."""
    taken: list[Bbox] = []
    for name, point in sorted(points.items(), key=lambda each: (-each[1][1], each[1][0])):
        for place in _PLACES:
            side = "left" if place[0] > 0 else "right"
            text = axes.annotate(
                name, point, fontsize=7, xytext=place, textcoords="offset points", ha=side, va="center"
            )
            box = text.get_window_extent()
            if place == _PLACES[-1] or not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()
