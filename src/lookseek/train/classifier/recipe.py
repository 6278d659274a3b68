"""The recipe ``classifier``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, ClassifierSettings

__all__ = ["RECIPE"]


def run(  # noqa: D417  the others are those of every recipe
    data: str,
    out: Path,
    *,
    preset: str,
    changes: Mapping[str, Any],
    devices: Devices,
    progress: Progress,
    label: str = "",
    weights: str = "local",
) -> Trained:
    """Train; see ``Recipe.run`` and ``train_classifier``.

    Args:
        label: the column of the class; "category" if none is named.
        weights: the first ones: local (published ones where this machine has them), published (fetched if need be),
            random, or a file (.safetensors, .pth).
    """
    from .job import train_classifier

    return train_classifier(
        data, out, preset=preset, changes=changes, weights=weights, label=label, devices=devices, progress=progress
    )


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_classifier``."""
    from .export.job import export_classifier

    return export_classifier(folder, target, int8=int8, progress=progress)


RECIPE = Recipe(
    name="classifier",
    about="a network that names a photo's class; its pooled features are an image tower",
    needs="clothing (items.csv, images/), FashionIQ's layout (image_splits/, photos), or any catalogue with --label",
    settings=ClassifierSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
