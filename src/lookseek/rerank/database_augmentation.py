"""Database augmentation: each candidate moves towards its own nearest candidates, which are compared again.

Source: R. Arandjelović, A. Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012,
section 4; weights that fall with the rank: A. Gordo et al., "End-to-end learning of deep visual representations for
image retrieval", IJCV 2017, section 4.4. The papers augment a whole database once; here the candidates of a search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..types import RerankMethod, Vector, Vectors

__all__ = ["DatabaseAugmentation"]


@dataclass(frozen=True, slots=True)
class DatabaseAugmentation:
    """Database augmentation. See ``Reranker``.

    Args:
        neighbours: candidates that move each, itself not counted. Gordo takes 20 of a database in which each thing has
            many photos; a garment has a handful.
        share: see ``Reranker``; 1 is the papers', whose second comparison stands for the first.
        depth: see ``Reranker``.
    """

    neighbours: int = 5
    share: float = 1.0
    depth: int = 100

    vector: ClassVar[str] = ""
    """See Reranker."""

    @property
    def name(self) -> RerankMethod:
        """See Reranker."""
        return "database-augmentation"

    def rescore(self, query: Vector, vectors: Vectors, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the query's cosine with candidate + sum of (1 - rank / (n + 1)) x its nearest. See Reranker."""
        rows = vectors.astype(np.float64)
        cosines = rows @ rows.T
        np.fill_diagonal(cosines, np.inf)  # each is its own first neighbour, of weight 1
        count = min(self.neighbours + 1, len(rows))
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        weights = 1 - np.arange(count) / (self.neighbours + 1)
        augmented = np.einsum("r,nrd->nd", weights, rows[nearest])
        lengths = np.linalg.norm(augmented, axis=1)
        # neighbours that cancel a candidate leave it as it was
        moved = np.where((lengths > 1e-9)[:, None], augmented / np.maximum(lengths, 1e-9)[:, None], rows)
        found: NDArray[np.float64] = moved @ query
        return found
