"""Queries against a whole gallery, a block of queries at a time: the first stages of a search, by brute force.

A search gets similarities from a store, for the candidates of one query; here they come from matrices. What is made of
them, the weighted sum and the second score of a re-ranker, is computed by the functions of the search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..rerank import Reranker, rerank
from ..search.fusion import fuse, fused_vectors
from ..types import Metric, Vectors

__all__ = ["Retrieval", "Scorer", "similarities"]

Scorer: TypeAlias = Callable[[slice], NDArray[np.float32]]
"""Scores of what is ranked for some of the queries, float32 (rows, columns), higher is better; -inf: not found."""


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Queries and the gallery that they are compared with.

    Args:
        queries: by name of a vector, float32 (queries, dim), of length 1 where they are compared by cosine.
        gallery: by name of a vector, float32 (gallery, dim), likewise.
        weights: the share of each vector in the score.
        metric: how vectors are compared.
    """

    queries: Mapping[str, Vectors]
    gallery: Mapping[str, Vectors]
    weights: Mapping[str, float]
    metric: Metric

    def scores(self, rows: slice) -> NDArray[np.float32]:
        """Return the scores of the whole gallery for some of the queries; a ``Scorer``."""
        found = fuse({name: scorer(rows) for name, scorer in self._similarities.items()}, self.weights)
        return np.asarray(found, np.float32)

    def among(self, rows: NDArray[np.intp]) -> Retrieval:
        """Return the same queries against some of the gallery."""
        return replace(self, gallery={name: self.gallery[name][rows] for name in self.weights})

    def reranked(
        self, query: int, candidates: NDArray[np.int64], scores: NDArray[np.float32], reranker: Reranker
    ) -> NDArray[np.float64]:
        """Return the final scores of a query's candidates, see ``lookseek.rerank.rerank``.

        Args:
            query: its row.
            candidates: rows of the gallery, best first, (n,).
            scores: theirs, (n,).
            reranker: scores the first of them again.
        """
        first = candidates[: reranker.depth]
        if reranker.vector:
            asked, shown = self.queries[reranker.vector][query], self.gallery[reranker.vector][first]
        else:
            asked, shown = self._fused_queries[query], self._fused_gallery[first]
        return rerank(reranker, asked, shown, scores)

    @cached_property
    def _similarities(self) -> dict[str, Scorer]:
        return {name: similarities(self.queries[name], self.gallery[name], self.metric) for name in self.weights}

    @cached_property
    def _fused_queries(self) -> Vectors:
        return fused_vectors(self.queries, self.weights)

    @cached_property
    def _fused_gallery(self) -> Vectors:
        return fused_vectors(self.gallery, self.weights)


def similarities(queries: Vectors, gallery: Vectors, metric: Metric) -> Scorer:
    """Return what compares one vector: the cosine of unit vectors, or minus the Euclidean distance.

    Args:
        queries: float32 (queries, dim).
        gallery: float32 (gallery, dim).
        metric: how they are compared.
    """
    if metric == "cosine":
        return lambda rows: queries[rows] @ gallery.T
    # distances don't change when all points move, and float32 tells them apart best around the origin
    centre = gallery.mean(axis=0, dtype=np.float64)
    queries, gallery = ((vectors - centre).astype(np.float32) for vectors in (queries, gallery))
    lengths = (gallery**2).sum(axis=1)

    def scores(rows: slice) -> NDArray[np.float32]:
        some = queries[rows]
        squares = (some**2).sum(axis=1)[:, None] + lengths - 2 * (some @ gallery.T)
        distance: NDArray[np.float32] = -np.sqrt(np.maximum(squares, 0))
        return distance

    return scores
