"""The recipe ``adapt``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, AdaptSettings

__all__ = ["RECIPE"]


def run(
    data: str, out: Path, *, preset: str, changes: Mapping[str, Any], devices: Devices, progress: Progress
) -> Trained:
    """Train; see ``Recipe.run`` and ``train_adapt``."""
    from .job import train_adapt

    return train_adapt(data, out, preset=preset, changes=changes, devices=devices, progress=progress)


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_adapt``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_adapt

    if int8:
        raise TrainError("new heads have no classes to judge 8 bits by: leave --int8 out")
    return export_adapt(folder, target, progress=progress)


RECIPE = Recipe(
    name="adapt",
    about="last stages and heads on the model that ships: an instance embedding, and words that reach attributes",
    needs="a folder with myntra/ (catalogue.parquet, details.parquet), clothing/ (items.csv), ccp/ (masks), or some",
    settings=AdaptSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
