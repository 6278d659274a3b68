"""The photos of a training, where they are still there when it is exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ....errors import CatalogueError, TrainError
from ....progress import Progress
from ...labelled import Example, read_labelled
from ..run import ClassifierRun

__all__ = ["TrainingPhotos", "find_photos", "shuffled"]


@dataclass(frozen=True, slots=True)
class TrainingPhotos:
    """What of a training's photos is there at the time of export.

    Args:
        splits: split to its examples; empty where the data is gone.
        note: what the card must say of them beyond their numbers, a sentence; "" if nothing.
    """

    splits: Mapping[str, tuple[Example, ...]]
    note: str = ""


def find_photos(run: ClassifierRun, progress: Progress) -> TrainingPhotos:
    """Read the photos of a training again from where it read them; none where that is gone."""
    try:
        data = read_labelled(run.data, run.label, progress)
    except (CatalogueError, TrainError, OSError):
        return TrainingPhotos({}, "The training's data was not there when this was exported.")
    if data.classes != run.classes:
        return TrainingPhotos({}, "The training's data has other classes today than it had then, so it was not used.")
    if data.content != run.content:
        return TrainingPhotos(data.splits, "The training's data has changed since: photos of today were used.")
    return TrainingPhotos(data.splits)


def shuffled(examples: Sequence[Example], seed: int) -> list[Example]:
    """Return examples in an order that follows from the seed alone: the first of it are a sample of all classes."""
    return [examples[place] for place in np.random.default_rng(seed).permutation(len(examples))]
