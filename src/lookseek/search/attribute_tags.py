"""The attributes of a photo in words, and those of all items of an index, by a model's attribute head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from .. import images
from ..encode import Model
from ..encode.attribute_head import WORD, AttributeHead
from ..errors import ModelError, QueryError
from ..index.open_index import open_index
from ..progress import Progress
from ..store.schema import LOOK
from ..types import Photo

__all__ = ["AttributeTag", "tag_attributes", "tag_index"]

HALF = 0.5
"""Share of a word's probability from which on a pair with it takes its place."""

_PAGE = 256
"""Points read at a time."""


@dataclass(frozen=True, slots=True)
class AttributeTag:
    """A value of an attribute and how likely it is.

    Args:
        attribute: e.g. "Sleeve Length".
        value: e.g. "Short Sleeves".
        probability: 0 to 1, calibrated on the photos that the training held out.
        sure: whether it reaches its threshold: values so written were right as often as the model's card says.
    """

    attribute: str
    value: str
    probability: float
    sure: bool


def tag_attributes(model: Model, photo: Photo, count: int = 8) -> tuple[AttributeTag, ...]:
    """Return the likeliest values of a photo, of each attribute at the most one, of words any number.

    Args:
        model: with an attribute head.
        photo: a file, or its bytes.
        count: how many at the most, >= 1.

    Returns:
        By falling probability.

    Raises:
        ModelError: the model has no such head.
        ImageError: the photo can't be used.
        QueryError: count is below 1.
    """
    if count < 1:
        raise QueryError(f"words is {count}: ask for 1 word or more")
    head = _head(model)
    pixels = images.decode(photo, model.image.min_side)
    (row,) = head.probabilities(model.image.encode([model.image.prepare(pixels)]))
    return tuple(islice(_best(head, row), count))


def tag_index(index: str, model: Model, progress: Progress) -> Iterator[tuple[str, AttributeTag]]:
    """Yield the id of each item with each of its values that reaches its threshold, of an attribute the likeliest.

    Of words all that reach theirs.

    Args:
        index: its folder or address; its stored vectors are used, no photo is read.
        model: with an attribute head; the one that made the index, or a copy of it with another head.
        progress: notified of every item.

    Raises:
        ModelError: the model has no such head, or did not make the index.
        IndexFolderError: the index can't be opened.
    """
    head = _head(model)
    opened = open_index(index)
    try:
        spec = opened.manifest.spec
        if spec.checksum != model.checksum:
            raise ModelError(
                f"{opened.address} was made by the model {spec.model}, not by {model.name}: index it again with "
                f"--model {model.folder}, or give a head that was trained on {spec.model}"
            )
        progress.phase("tagging", opened.store.count())
        points = opened.store.scan(vectors=True)
        while page := list(islice(points, _PAGE)):
            rows = head.probabilities(np.stack([point.vectors[LOOK] for point in page]))
            for point, row in zip(page, rows, strict=True):
                yield from ((point.id, tag) for tag in _best(head, row) if tag.sure)
            progress.advance(len(page))
    finally:
        opened.store.close()


def _head(model: Model) -> AttributeHead:
    if model.tags is None:
        raise ModelError(
            f"the model {model.name} names no attributes: give a model folder that lookseek export made of a training "
            "by lookseek train tags or weak"
        )
    return model.tags


def _best(head: AttributeHead, row: np.ndarray) -> Iterator[AttributeTag]:
    """The likeliest value of each attribute, and words, by falling probability."""
    seen, within = set(), _within_pairs(head, row)
    for place in np.argsort(-row, kind="stable"):
        value = head.values[place]
        if value.attribute not in seen and not (value.attribute == WORD and value.value in within):
            if value.attribute != WORD:
                seen.add(value.attribute)
            probability = float(row[place])
            sure = value.threshold is not None and probability >= value.threshold
            yield AttributeTag(value.attribute, value.value, probability, sure)


def _within_pairs(head: AttributeHead, row: np.ndarray) -> frozenset[str]:
    """Single words that a pair says better: "round" and "neck" where "round neck" is at least half as likely."""
    likely = {value.value: p for value, p in zip(head.values, row.tolist(), strict=True) if value.attribute == WORD}
    pairs = ((word, p) for pair, p in likely.items() if " " in pair for word in pair.split())
    return frozenset(word for word, p in pairs if p >= HALF * likely.get(word, 1.0))
