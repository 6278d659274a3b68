"""The recipe ``weak``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, WeakSettings

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
    """Train; see ``Recipe.run`` and ``train_weak``.

    Args:
        model: whose vectors are learned from, a shipped model or a model folder. Without it the model that ships.
    """
    from ...encode.model import DEFAULT
    from .job import train_weak

    return train_weak(
        data, out, preset=preset, changes=changes, model=model or DEFAULT, devices=devices, progress=progress
    )


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_weak``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_weak

    if int8:
        raise TrainError("8 bits are judged by a photo's class, which words are not: leave --int8 out")
    return export_weak(folder, target, progress=progress)


RECIPE = Recipe(
    name="weak",
    about="an embedding and words for photos, from a shop's own titles and descriptions without any label",
    needs="myntra (catalogue.parquet, details.parquet), or any table with titles or descriptions",
    settings=WeakSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
