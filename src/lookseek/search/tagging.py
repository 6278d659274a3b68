"""The classes of a photo: by a model's head, or by how near the photo is to the classes' words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import images
from ..encode import Model, load_model
from ..encode.reading import text_model_name
from ..errors import ModelError, QueryError
from ..index.address import place_of
from ..types import Photo, Vectors
from ..vectors import unit

__all__ = ["MAX_CLASSES", "SCALE", "Tag", "model_of", "tag", "tag_by_words"]

SCALE = 100.0
"""What cosines are multiplied by before softmax. Source: CLIP, A. Radford et al., arXiv 2103.00020, section 2.3: the
learned scale is held to 100 at the most, and the published models have reached it."""

MAX_CLASSES = 1_000
"""Classes given in words: each is read, some 10 ms."""

_SAY = "it reads words, so name the classes to choose among (--classes 'dress,shirt'), or "


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
    """Return the model to tag with: a shipped one by its name, a model folder, or the one that made an index.

    Raises:
        ModelError: no such model, or a damaged one; it is not checked to be as it was when it made the index, since
            tagging compares no vectors.
    """
    manifest = place_of(index_or_model).published()
    return load_model(manifest.spec.model_path or manifest.spec.model if manifest else index_or_model, single=True)


def tag(model: Model, photo: Photo, k: int = 5) -> tuple[Tag, ...]:
    """Return the likeliest classes of a photo.

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
            f"the model {model.name} gives vectors and names no classes: {_SAY if model.text else ''}give a model "
            "folder that lookseek export made of a training, or an index made with one"
        )
    (probabilities,) = model.classify(_look(model, photo))
    return _likeliest(model.classes, probabilities, k)


def tag_by_words(model: Model, photo: Photo, classes: Sequence[str], k: int = 5) -> tuple[Tag, ...]:
    """Return the classes, given in words, that are nearest to a photo in the joint space, without training.

    Args:
        model: that reads words.
        photo: a file, or its bytes.
        classes: 2 to ``MAX_CLASSES`` different names, in any language that the model reads; each is read as it stands.
        k: how many at the most, >= 1.

    Returns:
        By falling probability: softmax over these classes of ``SCALE`` x the cosine of photo and name.

    Raises:
        ModelError: the model reads no words.
        ImageError: the photo can't be used.
        QueryError: fewer than two classes, too many, a name that says nothing, or k below 1.
    """
    names = tuple(dict.fromkeys(classes))
    if k < 1:
        raise QueryError(f"k is {k}: ask for 1 class or more")
    if not 2 <= len(names) <= MAX_CLASSES:
        raise QueryError(
            f"{len(names):,} different names of classes are given, a choice needs 2 to {MAX_CLASSES:,}: give e.g. "
            "'dress,shirt,skirt'"
        )
    if model.text is None:
        there = text_model_name()
        remedy = f"give {there}" if there else "give a model folder that reads words"
        remedy += ", or leave out the names for the classes that it was trained on" if model.classes else ""
        raise ModelError(f"the model {model.name} reads no words, so it can't tell classes by their names: {remedy}")
    look, words = (unit(rows, out=np.float64) for rows in (_look(model, photo), model.text.encode(names)))
    scores = SCALE * (words @ look[0])
    likely = np.exp(scores - scores.max())
    return _likeliest(names, likely / likely.sum(), k)


def _look(model: Model, photo: Photo) -> Vectors:
    pixels = images.decode(photo, model.image.min_side)
    return model.image.encode([model.image.prepare(pixels)])


def _likeliest(names: Sequence[str], probabilities: NDArray[np.floating], k: int) -> tuple[Tag, ...]:
    best = np.argsort(-probabilities, kind="stable")[:k]
    return tuple(Tag(names[place], float(probabilities[place])) for place in best)
