"""The recipe ``metric``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, MetricSettings

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
    street: str = "",
) -> Trained:
    """Train; see ``Recipe.run`` and ``train_metric``.

    Args:
        by: the column that says which item a photo shows, or photo: each photo is an item of its own, known by its
            views. Without it item, item_id, product_id, product or design; a table without any: photo.
        label: the column of the class; category if none is named.
        weights: the first ones of a backbone: local (published ones where this machine has them), published (fetched
            if need be), random, or a file (.safetensors, .pth).
        street: a folder of photos that the view street puts behind garments; without it drawn rooms are.
    """
    from .job import train_metric

    return train_metric(
        data,
        out,
        preset=preset,
        changes=changes,
        by=by,
        label=label,
        weights=weights,
        street=street,
        devices=devices,
        progress=progress,
    )


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_metric``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_metric

    if int8:
        raise TrainError("8 bits are judged by a photo's class, which an embedding is not made for: leave --int8 out")
    return export_metric(folder, target, progress=progress)


RECIPE = Recipe(
    name="metric",
    about="an embedding in which photos of one item are near each other",
    needs="DeepFashion's folders, a table with a column of items (or --by photo), clothing, myntra, or drawn:DESIGNS",
    settings=MetricSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
