"""Alpha query expansion: the query moves towards its nearest candidates, which are compared with it again.

Source: F. Radenović, G. Tolias, O. Chum, "Fine-tuning CNN image retrieval with no human annotation", IEEE TPAMI 2019,
section 4.4 (arXiv 1711.02512); the average without weights: O. Chum et al., "Total recall", ICCV 2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..types import RerankMethod, Vector, Vectors

__all__ = ["QueryExpansion"]


@dataclass(frozen=True, slots=True)
class QueryExpansion:
    """Alpha query expansion. See ``Reranker``.

    Args:
        neighbours: candidates that move the query. The paper takes 50 of buildings, of which a database holds
            hundreds of photos; a garment has a handful.
        alpha: power of a candidate's cosine in its weight: 0 averages, the higher the more the nearest count. Source:
            the paper, 3.
        share: see ``Reranker``; 1 is the paper's, whose second comparison stands for the first.
        depth: see ``Reranker``.
    """

    neighbours: int = 10
    alpha: float = 3.0
    share: float = 1.0
    depth: int = 100

    vector: ClassVar[str] = ""
    """See Reranker."""

    @property
    def name(self) -> RerankMethod:
        """See Reranker."""
        return "query-expansion"

    def rescore(self, query: Vector, vectors: Vectors, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the cosine with query + sum over its nearest of max(0, cosine) ^ alpha x vector. See Reranker."""
        nearest = np.argsort(-scores, kind="stable")[: self.neighbours]
        weights = np.maximum(scores[nearest], 0.0) ** self.alpha
        # no vector with a weight points away from the query, so the sum is no shorter than the query
        expanded = query.astype(np.float64) + weights @ vectors[nearest]
        cosines: NDArray[np.float64] = vectors @ (expanded / np.linalg.norm(expanded))
        return cosines
