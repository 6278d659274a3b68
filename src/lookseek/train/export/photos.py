"""The photos that an export looks at: the training's own where they are still there, drawn garments else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ... import images
from ...catalogue.drawn import DrawnCatalogue
from ...encode.prepare import Preprocessing, fit, min_side
from ...errors import CatalogueError, ItemError, TrainError
from ...progress import Progress
from ...types import Photo, Skipped
from ..classifier.run import ClassifierRun
from ..labelled import Example, read_labelled

__all__ = ["Found", "drawn", "find", "shuffled", "some"]

DESIGNS = 8
"""Drawn garments, in eight views each: 64 photos."""


@dataclass(frozen=True, slots=True)
class Found:
    """What of a training's photos is there at the time of export.

    Args:
        splits: split to its examples; empty where the data is gone.
        said: what the card must say of them beyond their numbers, a sentence; "" if nothing.
    """

    splits: Mapping[str, tuple[Example, ...]]
    said: str = ""


def find(run: ClassifierRun, progress: Progress) -> Found:
    """The photos of a training, read again from where it read them; nothing where that is gone."""
    try:
        data = read_labelled(run.data, run.label, progress)
    except (CatalogueError, TrainError, OSError):
        return Found({}, "The training's data was not there when this was exported.")
    if data.classes != run.classes:
        return Found({}, "The training's data has other classes today than it had then, so it was not used.")
    if data.content != run.content:
        return Found(data.splits, "The training's data has changed since: photos of today were used.")
    return Found(data.splits)


def shuffled(examples: Sequence[Example], seed: int) -> list[Example]:
    """In an order that follows from the seed alone: the first of it are a sample of all classes."""
    return [examples[place] for place in np.random.default_rng(seed).permutation(len(examples))]


def some(photos: Iterable[Photo], how: Preprocessing, most: int, progress: Progress) -> NDArray[np.uint8]:
    """The first photos that can be used, as the tower takes them.

    Args:
        photos: any number; those that are missing or broken are reported and left out.
        how: the tower's settings.
        most: how many are wanted.
        progress: told of what is left out.

    Returns:
        uint8 (n, height, width, 3), n <= most.
    """

    def usable() -> Iterable[NDArray[np.uint8]]:
        for photo in photos:
            try:
                yield fit(images.decode(photo, min_side(how)), how)
            except ItemError as error:
                name = "a photo" if isinstance(photo, bytes) else photo.name
                progress.skipped(Skipped(name, "unusable photo", str(error)))

    rows = list(islice(usable(), most))
    return np.stack(rows) if rows else np.empty((0, how.height, how.width, 3), np.uint8)


def drawn(count: int) -> list[Photo]:
    """Photos of drawn garments, the same every time, up to 64."""
    return [item.image for item in islice(DrawnCatalogue(DESIGNS, 8), count) if item.image is not None]
