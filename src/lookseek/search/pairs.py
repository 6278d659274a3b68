"""Re-ranking by pairs of cells: the first results are compared with the query's photo part by part."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..encode import Model
from ..encode.pairs.encoder import is_pair_vector, pair_vector
from ..encode.pairs.file import PairWeights
from ..encode.pairs.load import load_matcher
from ..encode.pairs.matcher import match_scores
from ..errors import QueryError
from ..types import RerankMethod, Vector, Vectors

__all__ = ["PAIR_RERANKING", "PairReranker", "pair_reranker"]

PAIR_RERANKING: RerankMethod = "pairs"


@dataclass(frozen=True, slots=True, eq=False)
class PairReranker:
    """A matcher of pairs as a re-ranker. See ``Reranker``.

    Args:
        weights: of the matcher.
        depth: see ``Reranker``; each candidate costs about as much as the next.
    """

    weights: PairWeights
    depth: int = 50

    name: ClassVar[RerankMethod] = PAIR_RERANKING
    """See Reranker."""

    @property
    def share(self) -> float:
        """See Reranker: as the matcher was trained."""
        return self.weights.share

    @property
    def vector(self) -> str:
        """See Reranker: reduced cells, several a photo."""
        return pair_vector(self.weights.reduction)

    def rescore(self, query: Vector, vectors: Vectors, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the match scores, 0 to 1. See Reranker.

        Args:
            query: reduced cells, float (cells, dim), or side by side in one row.
            vectors: of the candidates, likewise, float (n, cells, dim) or (n, cells * dim).
            scores: have no effect.
        """
        shape = self.weights.reduction.cells, len(self.weights.reduction.weight)
        return match_scores(query.reshape(shape), vectors.reshape(len(vectors), *shape), self.weights)


def pair_reranker(model: Model, kept: Collection[str], remedy: str) -> PairReranker:
    """Return the re-ranker of an index.

    Args:
        model: that made its vectors.
        kept: names of the vectors that it keeps.
        remedy: the command that adds cells to it.

    Raises:
        ModelError: the model has no matcher.
        QueryError: the index keeps no cells, or those of another reduction.
    """
    reranker = PairReranker(load_matcher(model))
    if reranker.vector not in kept:
        there = "those of another matcher" if any(map(is_pair_vector, kept)) else "none"
        raise QueryError(
            f"{PAIR_RERANKING} compares photos by their cells, and this index keeps {there}: add them with {remedy}"
        )
    return reranker
