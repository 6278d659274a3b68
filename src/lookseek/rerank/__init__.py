"""Re-rankers: a second score for the first candidates of a search, from their own vectors. One method a file.

A re-ranker looks at the ``depth`` best of the first stage, however many results are wanted: so the first k results are
the same for every k, and what is measured over a whole ranking is what a search of any length returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..types import Vector, Vectors
from .database_augmentation import DatabaseAugmentation
from .diffusion import Diffusion
from .k_reciprocal import KReciprocal
from .query_expansion import QueryExpansion
from .stack import Stack

__all__ = [
    "RERANKERS",
    "DatabaseAugmentation",
    "Diffusion",
    "KReciprocal",
    "QueryExpansion",
    "Reranker",
    "Stack",
    "rerank",
    "reranker_of",
]


class Reranker(Protocol):
    """A way to score candidates by more than their own similarity to the query."""

    @property
    def name(self) -> str:
        """What a query calls it by, and the label of its share of a score."""

    @property
    def depth(self) -> int:
        """Candidates that it looks at; a search for fewer results fetches so many."""

    @property
    def share(self) -> float:
        """The share of its score in the final one, above 0, at most 1; the rest is the first stage's."""

    @property
    def vector(self) -> str:
        """The name of the stored vectors that it compares; "" for those that the first scores are made of."""

    def rescore(self, query: Vector, vectors: Vectors, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Score candidates.

        Args:
            query: float (dim,), of length 1; of a named ``vector`` as it is stored.
            vectors: of the candidates, float (n, dim), of length 1, best first; n >= 1. Likewise.
            scores: of the first stage, float (n,).

        Returns:
            float64 (n,), in the order of the candidates, higher is better, at most 1.
        """


RERANKERS: Mapping[str, Reranker] = {
    each.name: each for each in (QueryExpansion(), DatabaseAugmentation(), KReciprocal(), Diffusion())
}
"""By name, with the settings of their papers where those carry over."""


def reranker_of(names: str) -> Reranker | None:
    """Return a re-ranker by name, or several in order: "query-expansion,k-reciprocal"; None for "none".

    Raises:
        QueryError: there is none of a name.

    >>> reranker_of("query-expansion,diffusion").name
    'query-expansion,diffusion'
    """
    if names == "none":
        return None
    wanted = [name.strip() for name in names.split(",")]
    if len(wanted) > 1 and "pairs" in wanted:
        raise QueryError("pairs compares cells, which no other re-ranker does: give it alone, or leave it out")
    if unknown := [name for name in wanted if name not in RERANKERS]:
        raise QueryError(f"re-ranker {unknown[0]!r} is unknown: use none, or one or more of {', '.join(RERANKERS)}")
    methods = tuple(RERANKERS[name] for name in wanted)
    return methods[0] if len(methods) == 1 else Stack(methods)


def rerank(reranker: Reranker, query: Vector, vectors: Vectors, scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the final scores of a ranking whose first candidates are re-ranked.

    The first candidates get (1 - share) x score + share x the re-ranker's score. The others stay behind them in their
    order: where the best of them would overtake, all of them are lowered by as much as that takes.

    Args:
        reranker: scores the first candidates.
        query: as ``Reranker.rescore`` takes it.
        vectors: of the first candidates, as ``Reranker.rescore`` takes them.
        scores: of all candidates, best first, float (n,), n >= the number of vectors.

    Returns:
        float64 (n,), in the order of the candidates: no longer descending.

    Example:
        >>> query, vectors = np.array([1.0, 0.0]), np.array([[0.8, 0.6], [0.6, 0.8], [0.6, 0.8]])
        >>> rerank(QueryExpansion(neighbours=3), query, vectors, vectors @ query).round(2).tolist()
        [0.96, 0.85, 0.85]
    """
    first = np.asarray(scores[: len(vectors)], np.float64)
    rest = np.asarray(scores[len(vectors) :], np.float64)
    if not len(first):
        return rest
    final = (1 - reranker.share) * first + reranker.share * reranker.rescore(query, vectors, first)
    if len(rest):
        # float32 keeps the step too, which evaluations rank in
        highest = float(np.nextafter(np.float32(final.min()), np.float32(-np.inf)))
        rest = rest + min(0.0, highest - float(rest[0]))
    return np.concatenate([final, rest])
