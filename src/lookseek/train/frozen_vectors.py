"""Vectors of the photos of all splits by a frozen model, for recipes that learn on them; evaluations keep them too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..encode import Model
from ..errors import TrainError
from ..evaluate.cache import cache_key, embed_photos
from ..progress import Progress
from ..types import Photo
from ..vectors import unit
from .labelled import SPLITS
from .unreadable import write_unreadable

__all__ = ["centre_and_spread", "frozen_vectors", "model_address"]

_LEAST_SPREAD = 0.1
"""Share of the mean spread that each number has at the least: one that hardly varies does not become large."""


def frozen_vectors(
    model: Model, photos: Mapping[str, Photo], ids: Mapping[str, Sequence[str]], out: Path, progress: Progress
) -> tuple[dict[str, NDArray[np.intp]], dict[str, NDArray[np.float32]]]:
    """Return vectors of photos, of length 1.

    Args:
        model: that makes them.
        photos: id to photo.
        ids: ``SPLITS`` to those of its photos.
        out: the run folder, which lists photos that can't be used.
        progress: notified of every photo.

    Returns:
        By split the places in ``ids`` of the photos that can be used, and their vectors, float32 (n, dim).

    Raises:
        TrainError: none of train or val can be used.
    """
    rows: dict[str, NDArray[np.intp]] = {}
    vectors: dict[str, NDArray[np.float32]] = {}
    broken: dict[str, str] = {}
    for split in SPLITS:
        made, place = embed_photos(photos, ids[split], {cache_key(model): model.image}, progress)
        rows[split] = np.array([row for row, id in enumerate(ids[split]) if id in place], np.intp)
        broken |= {id: "can't be used" for id in ids[split] if id not in place}
        own = made[model.image.name][[place[ids[split][row]] for row in rows[split]]]
        vectors[split] = unit(own) if len(own) else np.empty((0, model.dim), np.float32)
    write_unreadable(out, broken)
    if not len(vectors["train"]) or not len(vectors["val"]):
        raise TrainError(f"none of the photos of train or val can be used, e.g. {next(iter(broken), '')}")
    return rows, vectors


def model_address(model: Model, given: str) -> str:
    """Return what run.json keeps of a model: a shipped one's name, or a folder, absolute."""
    shipped = model.folder.parent.name == "models" and given == model.name
    return given if shipped else str(model.folder.resolve())


def centre_and_spread(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return by what features are brought to a common scale: mean and standard deviation, float32 (dim,) each.

    Args:
        vectors: of train, float32 (n, dim), n >= 1.
    """
    spread = vectors.std(0)
    return vectors.mean(0), np.maximum(spread, _LEAST_SPREAD * spread.mean())
