"""The study of ``train metric``: category and item losses, relaxation, pooling, batch norm, losses, frozen models.

    lookseek train study MYNTRA RUN --most 600
    python -m benchmarks.choices.study RUN [--cost RUN_OF_ONE_EPOCH] [--write]

A cell is one way of training, run with two seeds on small copies of at most 600 photos of each split (96 pixels, whole
designs, four epochs); figures are recall@1 of a design's other photos. Val chose the epoch, test was read once at the
end. The interval is of the spread of seeds, pooled over all cells. Minutes are the processor's, of all cores; --cost
takes them from a second study of the same cells with fewer epochs, times the epochs, for a RUN whose own are of another
machine or version. --write puts table and plot into docs/benchmarks/study.md and docs/images/study.png.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from benchmarks.paths import PAGES
from lookseek.train.study.grid import CELLS
from lookseek.train.study.outcome import Trial, draw_gains, gains_table, outcomes_of


def trials_of(run: Path) -> list[Trial]:
    """Return what the trainings of a study came to, in the order of the table."""
    found = [Trial(**json.loads(path.read_bytes())) for path in sorted(run.glob("cells/*/trial.json"))]
    order = {cell.name: place for place, cell in enumerate(CELLS)}
    return sorted(found, key=lambda trial: (order[trial.cell], trial.seed))


def epochs_of(run: Path) -> int:
    """Return the epochs of a study's trainings."""
    return int(json.loads((run / "run.json").read_bytes())["settings"]["epochs"])


def costing(trials: list[Trial], cost: Path, epochs: int) -> list[Trial]:
    """Return trainings with the seconds of another study's, times the epochs."""
    times = epochs / epochs_of(cost)
    seconds: dict[str, list[float]] = {}
    for trial in trials_of(cost):
        seconds.setdefault(trial.cell, []).append(trial.seconds * times)
    return [replace(trial, seconds=fmean(seconds[trial.cell])) for trial in trials]


def main() -> None:
    """Print or write the table and the plot."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("run", type=Path)
    options.add_argument("--cost", type=Path)
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    trials = trials_of(given.run)
    if given.cost is not None:
        trials = costing(trials, given.cost, epochs_of(given.run))
    outcomes = outcomes_of(trials)
    text = gains_table(outcomes)
    print(text)
    images = PAGES.parent / "images" if given.write else Path(tempfile.mkdtemp())
    draw_gains(outcomes, images / "study.png")
    print(f"plot: {images / 'study.png'}")
    if given.write:
        head = f"# A study of similarity learning\n\n```\n{(__doc__ or '').strip()}\n```\n"
        made = (
            f"{len(trials)} trainings, {datetime.now(UTC):%Y-%m-%d}; [what it says](../decisions/metric.md#which-loss)."
        )
        plot = "![Gain of recall@1 on test over item similarity alone, against minutes](../images/study.png)"
        (PAGES / "study.md").write_text(f"{head}\n{text}\n{plot}\n\n{made}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
