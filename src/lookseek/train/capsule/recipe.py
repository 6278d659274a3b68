"""The recipe ``capsule``, as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainError
from ...progress import Progress
from ..recipe import Exported, Recipe, Trained
from ..trainer.devices import Devices
from .settings import PRESETS, CapsuleSettings

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
    street: str = "",
) -> Trained:
    """Train; see ``Recipe.run`` and ``train_capsule``.

    Args:
        by: the column that says which item a photo shows, or photo: each photo is an item of its own, known by its
            views. Without it item, item_id, product_id, product or design; a table without any: photo.
        label: the column of the class; category if none is named.
        street: a folder of photos that the view street puts behind garments; without it drawn rooms are.
    """
    from .job import train_capsule

    return train_capsule(
        data,
        out,
        preset=preset,
        changes=changes,
        by=by,
        label=label,
        street=street,
        devices=devices,
        progress=progress,
    )


def export(folder: Path, target: Path, *, int8: bool, progress: Progress) -> Exported:
    """Make a model folder; see ``Recipe.export`` and ``export_capsule``.

    Raises:
        TrainError: 8 bits are wanted.
    """
    from .export import export_capsule

    if int8:
        raise TrainError("8 bits are judged by a photo's class, which an embedding is not made for: leave --int8 out")
    return export_capsule(folder, target, progress=progress)


RECIPE = Recipe(
    name="capsule",
    about="capsules of classes whose directions tell items of a class apart, trained from random numbers",
    needs="photos with items and classes: DeepFashion's In-shop, a table with both, myntra, or drawn:DESIGNS",
    settings=CapsuleSettings,
    presets=PRESETS,
    run=run,
    export=export,
)
