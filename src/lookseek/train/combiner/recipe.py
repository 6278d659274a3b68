"""The recipe ``combiner``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, CombinerSettings

__all__ = ["RECIPE"]


def run(  # noqa: D417  the others are those of every recipe
    data: str,
    out: Path,
    *,
    preset: str,
    changes: Mapping[str, Any],
    devices: Devices,
    progress: Progress,
    model: str = "",
    weights: str = "local",
    val_only: bool = False,
    ablation: bool = False,
) -> Trained:
    """Train; see ``Recipe.run``, ``train_combiner`` and ``run_ablation``.

    Args:
        model: whose features are joined: a model folder, or a CLIP of open_clip, e.g. open_clip/RN50. Without it the
            model that ships.
        weights: the first ones of a CLIP: local (published ones where this machine has them), published (fetched if
            need be), random, a tag of open_clip, or a file (.safetensors, .pt).
        val_only: leave test unread, as long as settings are being chosen; the same command without it reads test.
        ablation: train and measure sum and Combiner with none, one and both towers tuned, as a table.
    """
    from ...encode.model import DEFAULT
    from .ablation import run_ablation
    from .job import train_combiner

    train = run_ablation if ablation else train_combiner
    return train(
        data,
        out,
        preset=preset,
        changes=changes,
        model=model or DEFAULT,
        weights=weights,
        val_only=val_only,
        devices=devices,
        progress=progress,
    )


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_combiner``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_combiner

    if int8:
        raise TrainError("a Combiner is small and its model has its own precision: leave --int8 out")
    return export_combiner(folder, target, progress=progress)


RECIPE = Recipe(
    name="combiner",
    about="a Combiner, or attention over a photo's cells: joins a photo and a change in words into one vector, on a "
    "model's features or on a tuned CLIP's",
    needs="triplets in FashionIQ's layout (captions/, image_splits/) with photos, catalogue.parquet or image_captions/",
    settings=CombinerSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
