"""The recipe ``phrases``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, PhraseSettings

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
    """Train; see ``Recipe.run`` and ``train_phrases``.

    Args:
        model: whose words learn, a shipped model or a model folder. Without it the model that ships.
    """
    from ...encode.model import DEFAULT
    from .job import train_phrases

    return train_phrases(data, out, preset=preset, changes=changes, model=model or DEFAULT, progress=progress)


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_phrases``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_phrases

    if int8:
        raise TrainError("phrases are no graph, and their model has its own precision: leave --int8 out")
    return export_phrases(folder, target, progress=progress)


RECIPE = Recipe(
    name="phrases",
    about="what single phrases mean (round neck, tay dài), beside a model's words: no steps, some minutes",
    needs="a folder with myntra/ (details.parquet), clothing/ or ccp/, as adapt takes it",
    settings=PhraseSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
