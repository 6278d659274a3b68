"""The recipe ``garments``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, GarmentsSettings

__all__ = ["RECIPE"]


def run(
    data: str, out: Path, *, preset: str, changes: Mapping[str, Any], devices: Devices, progress: Progress
) -> Trained:
    """Train; see ``Recipe.run`` and ``train_garments``."""
    from .job import train_garments

    return train_garments(data, out, preset=preset, changes=changes, devices=devices, progress=progress)


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a parser's folder; see ``Recipe.export`` and ``export_garments``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_garments

    if int8:
        raise TrainError("a parser has no classes to judge 8 bits by: leave --int8 out")
    return export_garments(folder, target, progress=progress)


RECIPE = Recipe(
    name="garments",
    about="a parser that finds the garments in a photo: a kind for each pixel, a box and a kind for each garment",
    needs="a folder with ccp/ (photos and masks), and clothing/ (phone photos with a kind) where there is one",
    settings=GarmentsSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
