"""The recipe ``tags``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, TagsSettings

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
) -> Trained:
    """Train; see ``Recipe.run`` and ``train_tags``.

    Args:
        model: whose vectors are learned from, a shipped model or a model folder. Without it the model that ships.
    """
    from ...encode.model import DEFAULT
    from .job import train_tags

    return train_tags(
        data, out, preset=preset, changes=changes, model=model or DEFAULT, devices=devices, progress=progress
    )


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_tags``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_tags

    if int8:
        raise TrainError("an attribute head is small and its model has its own precision: leave --int8 out")
    return export_tags(folder, target, progress=progress)


RECIPE = Recipe(
    name="tags",
    about="an attribute head: how likely each value of each attribute of a photo is, beside a model's vectors",
    needs="myntra (catalogue.parquet, details.parquet), or any table whose columns are attributes",
    settings=TagsSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
