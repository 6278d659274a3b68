"""The steps of a training, as ``job.py`` takes them: stage 1, features, stage 2, figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from ...evaluate.result import Result, read_result
from ...progress import Progress
from ..openclip.clip import Clip
from ..trainer.curves import draw_curves
from ..trainer.launch import SilentProgress
from ..trainer.loop import Validation, fit
from ..trainer.results import write_result
from .combiner import Combiner
from .exam import Compose, Exam
from .join import composed, joining
from .run import COMBINER, TUNE, CombinerRun
from .settings import CombinerSettings
from .towers import Known, Towers, known
from .triplets import Triplets
from .tune import load_tuned, plain_sum, tuning

__all__ = ["FIGURES", "features", "figures_of", "join", "measure", "tune"]

FIGURES = tuple(
    f"{prefix}{exam}" for exam in ("val", "drawn.val", "test", "drawn.test") for prefix in ("sum.", "", "units.")
)
"""Files of results in a run folder, without their ending."""

NAMES = {"sum.": "sum", "": COMBINER, "units.": f"{COMBINER} of vectors of length 1"}
"""Prefix of a file to what composed."""


def tune(
    fabric: Fabric, clip: Clip, triplets: Triplets, run: CombinerRun, out: Path, workers: int, progress: Progress
) -> None:
    """Stage 1: the CLIP ends with the weights of its best epoch."""
    shown, vals = triplets.shown(), triplets.vals()
    ids = [id for exam in vals.values() for id in exam.ids()]
    changes = [change for exam in vals.values() for change in exam.changes()]

    def validate() -> Validation:
        return _judged(vals, known(clip, shown, ids, {}, changes, SilentProgress(), keep=False), plain_sum)

    stage = tuning(clip, triplets.train, triplets.lots(run.settings), shown, run.settings, workers, validate)
    fit(fabric, stage, out / TUNE, progress)
    draw_curves(out / TUNE, f"stage 1 of {run.model}, {run.settings.tune}", "val", triplets.chosen_by())
    load_tuned(clip, out / TUNE)


def features(towers: Towers, triplets: Triplets, settings: CombinerSettings, progress: Progress) -> Known:
    """Of all photos and texts that stage 2 and the measuring need."""
    examples = triplets.examples(settings)
    ids = [id for e in examples for id in (e.reference, e.target)]
    texts = [text for e in examples for text in e.texts]
    for exam in triplets.exams.values():
        ids += exam.ids()
        texts += exam.changes()
    ids, texts = list(dict.fromkeys(ids)), list(dict.fromkeys(texts))
    return known(towers, triplets.shown(), ids, triplets.captions, texts, progress)


def join(
    fabric: Fabric, triplets: Triplets, found: Known, run: CombinerRun, out: Path, progress: Progress
) -> tuple[Combiner, int]:
    """Stage 2: the Combiner of its best epoch, and which that was."""
    vals, settings = triplets.vals(), run.settings
    torch.manual_seed(settings.seed)
    combiner = Combiner(run.dim, settings)
    own = [found.of([e.reference for e in triplets.train]), found.said([e.texts[0] for e in triplets.train])]
    combiner.lengths.copy_(torch.tensor([float(np.linalg.norm(rows, axis=1).mean()) for rows in own]))

    def validate() -> Validation:
        return _judged(vals, found, lambda photos, texts: composed(combiner, photos, texts))

    lots = [(made, share) for made, share in triplets.lots(settings) if share]
    stage = joining(combiner, found, triplets.train, lots, settings, validate)
    state = fit(fabric, stage, out / COMBINER, progress)
    draw_curves(out / COMBINER, f"Combiner on {run.model}, tuned: {settings.tune}", "val", triplets.chosen_by())
    best = run.combiner(out)
    fabric.to_device(best)
    return best, state.best_epoch


def measure(
    triplets: Triplets,
    found: Known,
    ways: Mapping[str, Compose],
    run: CombinerRun,
    out: Path,
    progress: Progress,
) -> dict[str, Result]:
    """Each figure once, at the end; ``ways`` are what composes, by the prefix of their files."""
    for split, exam in triplets.exams.items():
        for prefix, way in ways.items():
            path = out / f"{prefix}{split}.json"
            if not path.is_file():
                info = _info(run, NAMES[prefix])
                write_result(exam.take(found, way, info, progress), path)
    return figures_of(out)


def _judged(vals: Mapping[str, Exam], found: Known, compose: Compose) -> Validation:
    """What chooses the epoch: the mean of the exams' figures, each the mean of its judged metrics."""
    figures: list[float] = []
    said: dict[str, float] = {}
    for name, exam in vals.items():
        metrics = exam.judging().take(found, compose, {"name": "training"}, SilentProgress()).result.metrics
        own = {f"{name} {metric}": metrics[metric].value for metric in exam.judged}
        figures.append(float(np.mean(list(own.values()))))
        said |= own
    figure = float(np.mean(figures))
    return Validation((figure,), {"val": figure, **said})


def _info(run: CombinerRun, composer: str) -> dict[str, str | float]:
    """What stands beside every figure of the run."""
    return {
        "name": f"{composer} on {Path(run.model).name if Path(run.model).is_absolute() else run.model}",
        "composer": composer,
        "preset": run.preset,
        "tuned": run.settings.tune,
        "first_weights": run.weights,
        "trained_on": f"{run.triplets['train']} triplets of {Path(run.data).name}, {run.kind}",
        "content": run.content[:12],
        "seed_of_training": run.settings.seed,
    }


def figures_of(out: Path) -> dict[str, Result]:
    """The figures that a run folder holds so far."""
    return {name: read_result(out / f"{name}.json") for name in FIGURES if (out / f"{name}.json").is_file()}
