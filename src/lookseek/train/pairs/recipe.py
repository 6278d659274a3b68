"""The recipe ``pairs``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, PairSettings

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
    """Train; see ``Recipe.run`` and ``train_pairs``.

    Args:
        model: whose maps are compared, a shipped model or a model folder. Without it the model that ships.
    """
    from ...encode.model import DEFAULT
    from .job import train_pairs

    return train_pairs(
        data, out, preset=preset, changes=changes, model=model or DEFAULT, devices=devices, progress=progress
    )


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_pairs``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_pairs

    if int8:
        raise TrainError("a matcher is small and its model has its own precision: leave --int8 out")
    return export_pairs(folder, target, progress=progress)


RECIPE = Recipe(
    name="pairs",
    about="a matcher that compares two photos cell by cell, to re-rank the first results of a search",
    needs="a folder with myntra/ (photos of one design match), ccp/ behind them where there is one; or the word drawn",
    settings=PairSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
