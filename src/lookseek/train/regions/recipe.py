"""The recipe ``regions``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, RegionsSettings

__all__ = ["RECIPE"]


def run(
    data: str, out: Path, *, preset: str, changes: Mapping[str, Any], devices: Devices, progress: Progress
) -> Trained:
    """Train; see ``Recipe.run`` and ``train_regions``."""
    from .job import train_regions

    return train_regions(data, out, preset=preset, changes=changes, devices=devices, progress=progress)


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a folder of a model of regions; see ``Recipe.export`` and ``export_regions``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_regions

    if int8:
        raise TrainError("a model of regions has no classes to judge 8 bits by: leave --int8 out")
    return export_regions(folder, target, progress=progress)


RECIPE = Recipe(
    name="regions",
    about="a model that compares garments region by region: collar, chest, waist, sleeves; finds copied designs",
    needs='the word "drawn": it learns from drawn garments, whose landmarks and changed regions are known',
    settings=RegionsSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
