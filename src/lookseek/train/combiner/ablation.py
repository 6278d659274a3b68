"""Eight rows: the sum and the Combiner, on towers of which none, one or both learned.

Each tuning is a run of its own, which measures the sum before it trains the Combiner: two rows. What is finished is
not done again, so the command may be stopped and given again at any time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from ...atomic import write_text
from ...encode.model import DEFAULT
from ...evaluate.result import Result
from ...progress import Progress
from ..openclip.clip import PREFIX
from ..trainer.devices import Devices
from .job import train_combiner
from .settings import Tune

__all__ = ["ABLATION", "Ablation", "Row", "run_ablation"]

ABLATION = "ablation.json"

MAX_COLUMNS = 6
"""Metrics of the table; ablation.json has them all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Args:
        composer: ``sum``, ``combiner`` or ``attention``.
        tune: which towers learned.
        split: that was measured.
        figures: metric to value.
    """

    composer: str
    tune: str
    split: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Ablation:
    """The rows, and what a reader must know of them.

    Args:
        folder: of the runs.
        rows: sums first.
        about: benchmark, protocol, split, gallery and queries.
        notes: a sentence each.
    """

    folder: Path
    rows: tuple[Row, ...]
    about: str
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return a table, a row a composer and tuning, a column a metric, its part below it."""
        metrics = list(dict.fromkeys(metric for row in self.rows for metric in row.figures))
        columns = sorted(metrics, key=lambda metric: "/" in metric)[:MAX_COLUMNS]
        names = [metric.partition("/")[::2] for metric in columns]
        table = [
            ["composer", "tuned", *(name for name, _ in names)],
            ["", "", *(part for _, part in names)],
            *([row.composer, row.tune, *(f"{row.figures[name]:.3f}" for name in columns)] for row in self.rows),
        ]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        padded = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in table]
        lines = [line.rstrip() for line in padded]
        return [self.about, *filter(None, lines), f"all figures with their intervals: {self.folder / ABLATION}"]


def run_ablation(
    data: str,
    out: Path,
    *,
    preset: str = "clip4cir",
    changes: Mapping[str, Any],
    model: str = DEFAULT,
    weights: str = "local",
    val_only: bool = False,
    devices: Devices,
    progress: Progress,
) -> Ablation:
    """Train and measure all rows, each tuning in a folder of its own below ``out``; see ``train_combiner``.

    A model folder's towers can't learn: of it there are the two rows without tuning.
    """
    tunes = get_args(Tune) if model.startswith(PREFIX) else ("none",)
    out.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, str], Result] = {}
    notes: tuple[str, ...] = ()
    for tune in tunes:
        done = train_combiner(
            data,
            out / f"tune-{tune}",
            preset=preset,
            changes={**changes, "tune": tune},
            model=model,
            weights=weights,
            val_only=val_only,
            devices=devices,
            progress=progress,
        )
        split = "test" if "test" in done.figures else "val"
        found[tune, "sum"], found[tune, done.run.settings.composer] = done.figures[f"sum.{split}"], done.figures[split]
        notes = done.notes
        _write(found, out / ABLATION)
    return Ablation(out, _rows(found), _about(next(iter(found.values()))), notes)


def _rows(found: Mapping[tuple[str, str], Result]) -> tuple[Row, ...]:
    return tuple(
        Row(composer, tune, result.split, {name: figure.value for name, figure in result.metrics.items()})
        for plain in (True, False)
        for (tune, composer), result in found.items()
        if (composer == "sum") == plain
    )


def _about(result: Result) -> str:
    return (
        f"{result.benchmark} · {result.protocol} · split {result.split} · {result.queries:,} queries · gallery "
        f"{result.gallery_size:,} ({result.gallery_hash[:12]})"
    )


def _write(found: Mapping[tuple[str, str], Result], path: Path) -> None:
    """Whole or not at all, after each tuning."""
    rows = [
        {"composer": composer, "tune": tune, **json.loads(result.to_json())}
        for (tune, composer), result in found.items()
    ]
    write_text(path, json.dumps({"rows": rows}, ensure_ascii=False, indent=1) + "\n")
