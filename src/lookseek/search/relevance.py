"""Relevance thresholds of an index: how near its own items are to each other, and how near words come by chance.

Cosines mean something else in every model and index, so a fixed limit would be wrong in most. Both limits are measured
on the index itself, without labels, in about a second (docs/decisions/serve.md, benchmarks/choices/background.py).
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

__all__ = ["UNRELATED", "Relevance", "measure_relevance"]

_SAMPLE, _NEIGHBOURS = 256, 96
"""Items that stand for the index, and those of them whose neighbours are looked up."""

_AS_NEAR, _NEIGHBOUR = 0.05, 10
"""A photo's hit is relevant if it is nearer than this share of the items have their tenth neighbour: the first ones are
often the same garment from another side, and a photo of another garment need not come as near."""

_BY_CHANCE = 0.9
"""A hit of words is relevant if it stands out more than the best hits of this share of unrelated words do."""

UNRELATED = (
    "volcano", "parliament", "trombone", "algebra", "diesel engine", "noodle soup", "thunderstorm", "tax return",
    "kitchen sink", "satellite", "football match", "tiger", "motorway", "pneumonia", "chess opening", "rice field",
    "telescope", "bank loan", "submarine", "broccoli", "philosophy", "printer cable", "waterfall", "railway station",
    "núi lửa", "bài toán", "xe máy cũ", "nồi cơm điện", "đường cao tốc", "con voi", "bánh mì", "thời tiết",
)  # fmt: skip
"""Words that have nothing to do with clothes, in both languages."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """Thresholds that hits of one index must reach to count as relevant.

    Args:
        sample: float32 (n, dim), rows of length 1: items that stand for all.
        photo_threshold: the cosine that a relevant hit of a photo reaches.
        text_margin: by how much the cosine of a relevant hit of words lies above the mean of all items; None where the
            model reads no words.
    """

    sample: Vectors
    photo_threshold: float
    text_margin: float | None

    def relevant_count(self, query: Query, look: Vector, cosines: Sequence[float]) -> int | None:
        """Return how many hits are relevant; None for sums, changes, examples and distances, which have no threshold.

        Args:
            query: what was searched for.
            look: its vector, float32 (dim,).
            cosines: of the hits with it, best first.
        """
        if query.metric != "cosine":
            return None
        if query.photo_alone:
            return sum(cosine >= self.photo_threshold for cosine in cosines)
        words_alone = bool(query.text) and not (query.pictured or query.summed or query.like or query.unlike)
        if self.text_margin is None or not words_alone:
            return None
        mean = _mean(self.sample, look)
        return sum(cosine - mean >= self.text_margin for cosine in cosines)


def measure_relevance(store: Store, model: Model) -> Relevance | None:
    """Measure an index; None where it holds too few items.

    Args:
        store: its points.
        model: the one that it was made with.
    """
    ids = [point.id for point in store.scan()]
    if len(ids) <= _NEIGHBOUR:
        return None
    some = random.Random(0).sample(sorted(ids), min(_SAMPLE, len(ids)))  # noqa: S311  a sample, no secret
    vectors = {point.id: point.vectors[LOOK] for point in store.get(some)}
    sample = unit(np.stack(list(vectors.values())))
    nearby = [_neighbour(store, vectors, id_) for id_ in list(vectors)[:_NEIGHBOURS]]
    text_margin = None
    if model.text is not None:
        words = model.text.encode(UNRELATED)
        best = [store.search(LOOK, word, 1)[0].score - _mean(sample, word) for word in words]
        text_margin = float(np.quantile(best, _BY_CHANCE))
    return Relevance(sample, float(np.quantile(nearby, _AS_NEAR)), text_margin)


def _neighbour(store: Store, vectors: Mapping[str, Vector], id_: str) -> float:
    """Return the cosine of an item's tenth neighbour."""
    return store.search(LOOK, vectors[id_], _NEIGHBOUR + 1)[-1].score


def _mean(sample: Vectors, vector: Vector) -> float:
    return float((sample @ vector).mean() / np.linalg.norm(vector))
