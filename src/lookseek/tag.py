"""The classes of a photo, by a model's head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import images
from .encode import Model, load_model
from .errors import ModelError, QueryError
from .index.folder import PUBLISHED
from .index.manifest import read_manifest
from .types import Photo

__all__ = ["Tag", "model_of", "tag"]


@dataclass(frozen=True, slots=True)
class Tag:
    """A class and how likely it is.

    Args:
        name: of the class.
        probability: 0 to 1; those of all classes sum to 1.
    """

    name: str
    probability: float


def model_of(index_or_model: str) -> Model:
    """The model to tag with: a shipped one by its name, a model folder, or the one that made an index.

    Raises:
        ModelError: no such model, or a damaged one; it is not checked to be as it was when it made the index, since
            tagging compares no vectors.
    """
    manifest = read_manifest(Path(index_or_model) / PUBLISHED)
    return load_model(manifest.recipe.model_path or manifest.recipe.model if manifest else index_or_model, single=True)


def tag(model: Model, photo: Photo, k: int = 5) -> tuple[Tag, ...]:
    """The likeliest classes of a photo.

    Args:
        model: with a head.
        photo: a file, or its bytes.
        k: how many at the most, >= 1.

    Returns:
        By falling probability.

    Raises:
        ModelError: the model has no head.
        ImageError: the photo can't be used.
        QueryError: k is below 1.
    """
    if k < 1:
        raise QueryError(f"k is {k}: ask for 1 class or more")
    if not model.classes:
        raise ModelError(
            f"the model {model.name} gives vectors and names no classes: give a model folder that lookseek export "
            "made of a training, or an index made with one"
        )
    pixels = images.decode(photo, model.image.min_side)
    (probabilities,) = model.classify(model.image.encode([model.image.prepare(pixels)]))
    best = np.argsort(-probabilities, kind="stable")[:k]
    return tuple(Tag(model.classes[place], float(probabilities[place])) for place in best)
