"""Whether an index has anything close to a query: how near its items are to each other, and words come by chance.

Cosines mean something else in every model and index, so a fixed limit would be wrong in most. The limits are measured
on the index itself, without labels, in about a second (docs/decisions/closeness.md, benchmarks/choices/background.py).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..encode import Model
from ..query import Query
from ..store import Store
from ..store.schema import LOOK
from ..types import Vector, Vectors
from ..vectors import unit

__all__ = ["NEARBY", "UNRELATED", "Limits", "Relevance", "measure_relevance"]

_SAMPLE, _NEIGHBOURS = 256, 96
"""Items that stand for the index, and those of them whose neighbours are looked up."""

NEARBY = 10
"""Which nearest item says whether the index has such things: a shop without watches has a few bracelets that come near
a watch, and no ten. The first ones tell absent from present photos far worse (docs/decisions/closeness.md)."""

_AS_NEAR, _TWIN = 0.05, 0.9
"""A photo is close to an index if its tenth neighbour is nearer than that of this share of the items, or its first
nearer than the first of that share: then the very thing is there, if once."""

_BY_CHANCE, _BEYOND, _FAR_BEYOND = 0.9, 1.25, 1.5
"""Words are close to an index if their tenth item stands out so many times as far as that of this share of unrelated
words does, or their first so many times as far as those words' first."""

UNRELATED = (
    "volcano", "parliament", "trombone", "algebra", "diesel engine", "noodle soup", "thunderstorm", "tax return",
    "kitchen sink", "satellite", "football match", "tiger", "motorway", "pneumonia", "chess opening", "rice field",
    "telescope", "bank loan", "submarine", "broccoli", "philosophy", "printer cable", "waterfall", "railway station",
    "núi lửa", "bài toán", "xe máy cũ", "nồi cơm điện", "đường cao tốc", "con voi", "bánh mì", "thời tiết",
)  # fmt: skip
"""Words that have nothing to do with clothes, in both languages."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the nearest items of a query reach where an index has what is asked for.

    Args:
        tenth: the ``NEARBY``-th nearest; a hit that reaches it counts as relevant.
        first: the nearest, where there are not so many.
    """

    tenth: float
    first: float

    def count(self, hits: Sequence[float], nearest: Sequence[float]) -> int:
        """Return how many hits are relevant; none where nothing is close.

        Args:
            hits: their values.
            nearest: those of the nearest items, in any order; the first ``NEARBY``, or all that there are.

        >>> Limits(0.5, 0.9).count([0.8, 0.6, 0.4], [0.8, 0.6, 0.4])
        0
        >>> Limits(0.5, 0.9).count([0.95, 0.6, 0.4], [0.95, 0.6, 0.4])
        2
        """
        ordered = sorted(nearest, reverse=True)[:NEARBY]
        if not ordered or (ordered[-1] < self.tenth and ordered[0] < self.first):
            return 0
        return sum(value >= self.tenth for value in hits)


@dataclass(frozen=True, slots=True)
class Relevance:
    """Limits that tell whether an index has anything close to a query.

    Args:
        sample: float32 (n, dim), rows of length 1: items that stand for all.
        photo: cosines.
        text: by how much a cosine lies above the mean of all items; None where the model reads no words.
    """

    sample: Vectors
    photo: Limits
    text: Limits | None

    def relevant_count(self, query: Query, look: Vector, hits: Sequence[float], nearest: Sequence[float]) -> int | None:
        """Return how many hits are relevant; None for sums, changes, examples and distances, which have no limits.

        Args:
            query: what was searched for.
            look: its vector, float32 (dim,).
            hits: their cosines with it.
            nearest: cosines of the nearest items, at least ``NEARBY`` where there are as many.
        """
        if query.metric != "cosine":
            return None
        if query.photo_alone:
            return self.photo.count(hits, nearest)
        words_alone = bool(query.text) and not (query.pictured or query.summed or query.like or query.unlike)
        if self.text is None or not words_alone:
            return None
        mean = _mean(self.sample, look)
        return self.text.count([cosine - mean for cosine in hits], [cosine - mean for cosine in nearest])


def measure_relevance(store: Store, model: Model) -> Relevance | None:
    """Measure an index; None where it holds too few items.

    Args:
        store: its points.
        model: the one that it was made with.
    """
    ids = [point.id for point in store.scan()]
    if len(ids) <= NEARBY:
        return None
    some = random.Random(0).sample(sorted(ids), min(_SAMPLE, len(ids)))  # noqa: S311  a sample, no secret
    vectors = {point.id: point.vectors[LOOK] for point in store.get(some)}
    sample = unit(np.stack(list(vectors.values())))
    near = np.array([_neighbours(store, vectors, id_) for id_ in list(vectors)[:_NEIGHBOURS]])
    photo = Limits(float(np.quantile(near[:, -1], _AS_NEAR)), float(np.quantile(near[:, 0], _TWIN)))
    return Relevance(sample, photo, _text_limits(store, model, sample))


def _text_limits(store: Store, model: Model, sample: Vectors) -> Limits | None:
    if model.text is None:
        return None
    found = [
        [hit.score - _mean(sample, word) for hit in store.search(LOOK, word, NEARBY)]
        for word in model.text.encode(UNRELATED)
    ]
    tenth, first = (float(np.quantile([far[place] for far in found], _BY_CHANCE)) for place in (-1, 0))
    return Limits(_BEYOND * tenth, _FAR_BEYOND * first)


def _neighbours(store: Store, vectors: Mapping[str, Vector], id_: str) -> tuple[float, float]:
    """Return the cosines of an item's nearest and ``NEARBY``-th neighbour: the item itself comes first."""
    found = store.search(LOOK, vectors[id_], NEARBY + 1)
    return found[1].score, found[-1].score


def _mean(sample: Vectors, vector: Vector) -> float:
    return float((sample @ vector).mean() / np.linalg.norm(vector))
