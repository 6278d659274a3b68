"""The parts of a training in the order in which ``job.py`` runs them: stage 1, features, stage 2, figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

from ...evaluate.result import Result, read_result
from ...progress import Progress
from ..openclip.clip import Clip
from ..trainer.curves import draw_curves
from ..trainer.launch import SilentProgress
from ..trainer.loop import Validation, fit
from ..trainer.results import write_result
from .combiner import Combiner
from .join import combiner_training, compose_vectors
from .reference import compute_tokens
from .run import COMBINER, TUNE, CombinerRun
from .settings import CombinerSettings
from .towers import FeatureTable, ModelTowers, Towers, compute_features
from .triplets import Triplets
from .tune import clip_training, load_tuned, plain_sum
from .validation_set import Compose, ValidationSet

__all__ = ["FIGURES", "encode_all", "measure_once", "read_figures", "train_stage_1", "train_stage_2"]

FIGURES = tuple(
    f"{prefix}{split}"
    for split in ("val", "changes.val", "drawn.val", "test", "changes.test", "drawn.test")
    for prefix in ("sum.", "", "units.")
)
"""Files of results in a run folder, without their ending."""

_SCALED = 512
"""Photos by which it is learned how large the numbers of tokens are."""


def train_stage_1(
    fabric: Fabric, clip: Clip, triplets: Triplets, run: CombinerRun, out: Path, workers: int, progress: Progress
) -> None:
    """Train the towers of a CLIP; it ends with the weights of its best epoch."""
    photos, sets = triplets.all_photos(), triplets.validation_sets()
    ids = [id for own in sets.values() for id in own.ids()]
    changes = [change for own in sets.values() for change in own.changes()]

    def validate() -> Validation:
        features = compute_features(clip, photos, ids, {}, changes, SilentProgress(), keep=False)
        return _validate(sets, features, plain_sum)

    generated = triplets.generated_sets(run.settings)
    training = clip_training(clip, triplets.train, generated, photos, run.settings, workers, validate)
    fit(fabric, training, out / TUNE, progress)
    draw_curves(out / TUNE, f"stage 1 of {run.model}, {run.settings.tune}", "val", triplets.selection_rule())
    load_tuned(clip, out / TUNE)


def encode_all(
    towers: Towers, triplets: Triplets, settings: CombinerSettings, out: Path, progress: Progress
) -> FeatureTable:
    """Return features of all photos and texts that stage 2 and the figures need, and tokens where attention sees them.

    Raises:
        ModelError: attention has no cells to see.
    """
    examples = triplets.examples(settings)
    ids = [id for e in examples for id in (e.reference, e.target)]
    texts = [text for e in examples for text in e.texts]
    for own in triplets.sets.values():
        ids += own.ids()
        texts += own.changes()
    ids, texts = list(dict.fromkeys(ids)), list(dict.fromkeys(texts))
    features = compute_features(towers, triplets.all_photos(), ids, triplets.captions, texts, progress)
    if settings.composer != "attention":
        return features
    assert isinstance(towers, ModelTowers)  # job.py refused others
    train = [e.reference for e in examples]
    wanted = [*train, *(id for own in triplets.sets.values() for id in own.references())]
    tokens = compute_tokens(towers.folder, out, triplets.all_photos(), wanted, train, progress)
    return replace(features, tokens=tokens)


def train_stage_2(
    fabric: Fabric, triplets: Triplets, features: FeatureTable, run: CombinerRun, out: Path, progress: Progress
) -> tuple[Combiner, int]:
    """Train the Combiner; return that of the best epoch, and which epoch it was."""
    sets, settings = triplets.validation_sets(), run.settings
    torch.manual_seed(settings.seed)
    combiner = Combiner(run.dim, settings, None if features.tokens is None else _tensor(features.tokens.reduction))
    if combiner.reader is not None and features.tokens is not None:
        combiner.reader.scale_to(_tensor(features.tokens.of([e.reference for e in triplets.train[:_SCALED]])))
    photos = features.photo_features([e.reference for e in triplets.train])
    texts = features.text_features([e.texts[0] for e in triplets.train])
    lengths = [float(np.linalg.norm(rows, axis=1).mean()) for rows in (photos, texts)]
    combiner.lengths.copy_(torch.tensor(lengths))

    def validate() -> Validation:
        return _validate(sets, features, partial(compose_vectors, combiner))

    generated = [(made, share) for made, share in triplets.generated_sets(settings) if share]
    training = combiner_training(combiner, features, triplets.train, generated, settings, validate)
    state = fit(fabric, training, out / COMBINER, progress)
    draw_curves(out / COMBINER, f"Combiner on {run.model}, tuned: {settings.tune}", "val", triplets.selection_rule())
    best = run.combiner(out)
    fabric.to_device(best)
    return best, state.best_epoch


def measure_once(
    triplets: Triplets,
    features: FeatureTable,
    composers: Mapping[str, Compose],
    run: CombinerRun,
    out: Path,
    progress: Progress,
) -> dict[str, Result]:
    """Measure what the run folder has no figures of; return all that it has.

    Args:
        triplets: whose validation sets are measured.
        features: of their photos and changes.
        composers: by the prefix of their files.
        run: which training it is.
        out: the run folder.
        progress: notified of every stage.
    """
    for split, own in triplets.sets.items():
        for prefix, compose in composers.items():
            path = out / f"{prefix}{split}.json"
            if not path.is_file():
                own_name = run.settings.composer
                names = {"sum.": "sum", "": own_name, "units.": f"{own_name} of vectors of length 1"}
                info = _info(run, names[prefix])
                write_result(own.evaluate(features, compose, info, progress), path)
    return read_figures(out)


def _validate(sets: Mapping[str, ValidationSet], features: FeatureTable, compose: Compose) -> Validation:
    """The mean over the sets of the mean of each one's selection metrics chooses the epoch."""
    means: list[float] = []
    figures: dict[str, float] = {}
    for name, own in sets.items():
        result = own.for_selection().evaluate(features, compose, {"name": "training"}, SilentProgress()).result
        values = {f"{name} {metric}": result.metrics[metric].value for metric in own.selection_metrics}
        means.append(float(np.mean(list(values.values()))))
        figures |= values
    score = float(np.mean(means))
    return Validation((score,), {"val": score, **figures})


def _info(run: CombinerRun, composer: str) -> dict[str, str | float]:
    """Return the model entry of the run's results."""
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


def _tensor(array: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.array(array))


def read_figures(out: Path) -> dict[str, Result]:
    """Return the figures that a run folder has so far."""
    return {name: read_result(out / f"{name}.json") for name in FIGURES if (out / f"{name}.json").is_file()}
