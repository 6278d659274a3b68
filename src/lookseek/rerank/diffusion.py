"""Diffusion: similarity flows from the query along the graph of mutual neighbours, so it follows a manifold.

Source: A. Iscen et al., "Efficient diffusion on region manifolds: recovering small objects with compact CNN
representations", CVPR 2017, sections 3.2 and 4.2 (arXiv 1611.05113), after D. Zhou et al., "Ranking on data manifolds",
NIPS 2003. The paper's graph has the whole database; here it has the query and its candidates, so the linear system is
solved exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..types import RerankMethod, Vector, Vectors

__all__ = ["Diffusion"]


@dataclass(frozen=True, slots=True)
class Diffusion:
    """Diffusion on the graph of mutual neighbours. See ``Reranker``.

    Args:
        neighbours: of each node; an edge needs both. The paper takes 50 of buildings, of which a database holds
            hundreds of photos.
        gamma: power of the cosine in an edge's weight. Source: the paper, section 5.1, 3.
        alpha: share that flows on, 0 to below 1. Source: the paper, section 5.1, .99.
        share: see ``Reranker``; the rest is the first score, which orders what the flow hardly reaches.
        depth: see ``Reranker``.
    """

    neighbours: int = 10
    gamma: float = 3.0
    alpha: float = 0.99
    share: float = 0.5
    depth: int = 100

    vector: ClassVar[str] = ""
    """See Reranker."""

    @property
    def name(self) -> RerankMethod:
        """See Reranker."""
        return "diffusion"

    def rescore(self, query: Vector, vectors: Vectors, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return what reaches each candidate as a share of what reaches the first most, 0 to 1. See Reranker."""
        nodes = np.concatenate([query[None], vectors]).astype(np.float64)
        cosines = nodes @ nodes.T
        np.fill_diagonal(cosines, -np.inf)
        near = np.zeros(cosines.shape, np.bool_)
        np.put_along_axis(near, np.argsort(-cosines, axis=1, kind="stable")[:, : self.neighbours], True, axis=1)
        edges = np.where(near & near.T, np.maximum(cosines, 0.0), 0.0) ** self.gamma
        degree = edges.sum(axis=1)
        root = np.where(degree > 0, 1 / np.sqrt(np.maximum(degree, 1e-12)), 0.0)
        flow = root[:, None] * edges * root[None, :]
        start = np.zeros(len(nodes))
        start[0] = 1 - self.alpha
        reached = np.linalg.solve(np.eye(len(nodes)) - self.alpha * flow, start)[1:]
        most = float(reached.max())
        found: NDArray[np.float64] = np.clip(reached / most, 0, 1) if most > 0 else np.zeros(len(reached))
        return found
