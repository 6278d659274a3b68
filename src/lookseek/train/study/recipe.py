"""The recipe ``study``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...progress import Progress
from ..recipe import Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, StudySettings

__all__ = ["RECIPE"]


def run(  # noqa: D417  the others are those of every recipe
    data: str,
    out: Path,
    *,
    preset: str,
    changes: Mapping[str, Any],
    devices: Devices,
    progress: Progress,
    by: str = "",
    label: str = "",
    weights: str = "local",
) -> Trained:
    """Run the study; see ``Recipe.run`` and ``run_study``.

    Args:
        by: the column that says which item a photo shows. Without it item, item_id, product_id, product or design.
        label: the column of the class; category if none is named.
        weights: the first ones of a backbone: local (published ones where this machine has them), published (fetched
            if need be), random, or a file (.safetensors, .pth).
    """
    from .job import run_study

    return run_study(
        data,
        out,
        preset=preset,
        changes=changes,
        by=by,
        label=label,
        weights=weights,
        devices=devices,
        progress=progress,
    )


RECIPE = Recipe(
    name="study",
    about="a grid of trainings by metric, losses, pooling, relaxation, backbones, as a table and a plot",
    needs="photos with items and classes: DeepFashion's folders, a table with both, myntra, or drawn:DESIGNS",
    settings=StudySettings,
    presets=PRESETS,
    run=run,
)
