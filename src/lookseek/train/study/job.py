"""The recipe ``study``: all cells by all seeds, one after the other; what is finished is not run again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...atomic import write_text
from ...progress import Progress
from ..metric.items import read_items
from ..metric.job import train_metric
from ..metric.settings import PRESETS as METRIC
from ..metric.settings import MetricSettings
from ..trainer.devices import Devices
from ..trainer.run_folder import RUN, RunFolder, source_address
from .cached import cache_photos
from .grid import Cell, chosen_cells
from .outcome import Outcome, Trial, draw_gains, gains_table, outcomes_of, trials_csv
from .settings import StudySettings, settings_of

__all__ = ["Studied", "StudyRun", "run_study"]

CELLS, SECONDS, TRIAL = "cells", "seconds.txt", "trial.json"
TABLE, ROWS, PLOT = "study.md", "study.csv", "study.png"


@dataclass(frozen=True, slots=True)
class StudyRun:
    """What makes a study the same study.

    Args:
        recipe: ``study``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the source of the photos, as it was given, absolute.
        content: hex, of ids, items, classes and splits.
        weights: the first ones of a backbone, as they were given.
    """

    recipe: str
    preset: str
    settings: StudySettings
    data: str
    content: str
    weights: str


@dataclass(frozen=True, slots=True)
class Studied:
    """What a study came to.

    Args:
        folder: of the study.
        outcomes: of the cells.
        notes: what a reader of the figures must know.
    """

    folder: Path
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        best = max(self.outcomes, key=lambda o: o.val)
        return [
            *gains_table(self.outcomes).splitlines(),
            f"best on val: {best.cell}, {best.about}: recall@1 {best.val:.3f}",
            f"table, trainings and plot: {self.folder / TABLE}, {self.folder / ROWS}, {self.folder / PLOT}",
            f"each training is a run of metric: lookseek export {self.folder / CELLS / best.cell}-SEED MODEL",
        ]


def run_study(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    by: str = "",
    label: str = "",
    weights: str = "local",
    devices: Devices,
    progress: Progress,
) -> Studied:
    """Run all trainings of a study that the folder does not hold yet, and write its table and plot.

    Args:
        data: the photos, as ``metric.items.read_items`` takes them.
        out: the folder; made where it does not exist.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        by: the column of the item; "" for the usual ones.
        label: the column of the class; "" for category.
        weights: the first ones of a backbone, as ``backbones.build_backbone`` takes them.
        devices: what it runs on, one device.
        progress: notified of every photo.

    Raises:
        TrainError: data or settings that can't be used, or a folder that holds another study.
        CatalogueError: the source can't be read.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    settings = settings_of(preset, changes)
    cells = chosen_cells(settings.cells)
    found = read_items(data, by, label, METRIC["modern"])
    out.mkdir(parents=True, exist_ok=True)
    source = source_address(data)
    RunFolder(out, "study", StudyRun).begin(StudyRun("study", preset, settings, source, found.content, weights))
    table = cache_photos(found, out, settings.most, settings.size, progress)
    trials = [
        _trial(cell, number, settings, str(table), out / CELLS / f"{cell.name}-{settings.seed + number}", weights,
               devices, progress)
        for number in range(settings.seeds)
        for cell in cells
    ]  # fmt: skip
    order = {cell.name: place for place, cell in enumerate(cells)}
    trials.sort(key=lambda trial: (order[trial.cell], trial.seed))
    outcomes = outcomes_of(trials)
    write_text(out / TABLE, gains_table(outcomes))
    write_text(out / ROWS, trials_csv(trials))
    draw_gains(outcomes, out / PLOT)
    return Studied(out, tuple(outcomes), found.notes)


def _trial(
    cell: Cell,
    number: int,
    settings: StudySettings,
    table: str,
    folder: Path,
    weights: str,
    devices: Devices,
    progress: Progress,
) -> Trial:
    """Train one cell with one seed, or return what it came to."""
    if (folder / TRIAL).is_file():
        return Trial(**json.loads((folder / TRIAL).read_bytes()))
    metric = settings.metric(cell, number)
    folder.mkdir(parents=True, exist_ok=True)
    before = float((folder / SECONDS).read_text()) if (folder / SECONDS).is_file() else 0.0
    clock = _clock(devices)
    began = clock()
    try:
        all_of_them = {field.name: getattr(metric, field.name) for field in fields(MetricSettings)}
        done = train_metric(table, folder, changes=all_of_them, weights=weights, devices=devices, progress=progress)
    finally:
        seconds = before + clock() - began
        if (folder / RUN).is_file():  # a training that is stopped goes on later, and its time counts
            write_text(folder / SECONDS, f"{seconds:.1f}")
    test = None if done.test is None else done.test.metrics["recall@1"].value
    trial = Trial(cell.name, cell.about, metric.seed, done.score, test, seconds)
    write_text(folder / TRIAL, json.dumps(asdict(trial)) + "\n")
    return trial


def _clock(devices: Devices) -> Callable[[], float]:
    """Return what a training's seconds are counted by.

    The processor's time where it learns on one, whatever else runs there; the clock where an accelerator does.
    """
    import torch

    on_processor = devices.accelerator == "cpu" or not torch.accelerator.is_available()
    return time.process_time if on_processor else time.perf_counter
