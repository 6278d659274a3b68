"""The recipe ``align``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, AlignSettings

__all__ = ["RECIPE"]


def run(
    data: str, out: Path, *, preset: str, changes: Mapping[str, Any], devices: Devices, progress: Progress
) -> Trained:
    """Train; see ``Recipe.run`` and ``train_align``."""
    from .job import train_align

    return train_align(data, out, preset=preset, changes=changes, devices=devices, progress=progress)


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_align``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_align

    if int8:
        raise TrainError("a joint space has no classes to judge 8 bits by: leave --int8 out")
    return export_align(folder, target, progress=progress)


RECIPE = Recipe(
    name="align",
    about="a joint space of photos and words in English and Vietnamese: an image tower and a text head",
    needs="a folder with myntra/ (catalogue.parquet: photos, titles, types, colours), clothing/ (items.csv), or both",
    settings=AlignSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
