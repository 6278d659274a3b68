"""k-reciprocal encoding: candidates whose neighbours are the query's neighbours too come first.

Source: Z. Zhong, L. Zheng, D. Cao, S. Li, "Re-ranking person re-identification with k-reciprocal encoding", CVPR 2017
(arXiv 1701.08398), sections 3.2 to 3.5. The paper encodes the whole gallery; here query and candidates are encoded,
and distances are 1 - cosine in place of Mahalanobis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..types import RerankMethod, Vector, Vectors

__all__ = ["KReciprocal"]


@dataclass(frozen=True, slots=True)
class KReciprocal:
    """Re-ranking by the Jaccard similarity of k-reciprocal neighbours. See ``Reranker``.

    Args:
        k1: neighbours that must be mutual. Source of this, ``k2`` and ``share``: the paper, section 4.2.
        k2: neighbours whose encodings are averaged, itself counted; 1 averages nothing.
        share: see ``Reranker``; the paper's lambda is the rest, .3.
        depth: see ``Reranker``.
    """

    k1: int = 20
    k2: int = 6
    share: float = 0.7
    depth: int = 100

    vector: ClassVar[str] = ""
    """See Reranker."""

    @property
    def name(self) -> RerankMethod:
        """See Reranker."""
        return "k-reciprocal"

    def rescore(self, query: Vector, vectors: Vectors, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the Jaccard similarity of the query's encoding and each candidate's, 0 to 1. See Reranker."""
        everything = np.concatenate([query[None], vectors]).astype(np.float64)
        cosines = everything @ everything.T
        np.fill_diagonal(cosines, np.inf)  # each is the nearest of its own neighbours
        order = np.argsort(-cosines, axis=1, kind="stable")
        np.fill_diagonal(cosines, 1)
        neighbours = _expanded(_mutual(order, self.k1), _mutual(order, round(self.k1 / 2)))
        encoded = np.where(neighbours, np.exp(cosines - 1), 0)
        encoded = encoded[order[:, : self.k2]].mean(axis=1)
        least = np.minimum(encoded[0], encoded[1:]).sum(axis=1)
        most = np.maximum(encoded[0], encoded[1:]).sum(axis=1)
        similarity: NDArray[np.float64] = least / most  # nothing is empty: each is a neighbour of itself
        return similarity


def _mutual(order: NDArray[np.intp], k: int) -> NDArray[np.bool_]:
    """Return which rows are among each other's k nearest, themselves beside these, bool (n, n): the paper's R(p, k)."""
    near = np.zeros(order.shape, np.bool_)
    np.put_along_axis(near, order[:, : k + 1], True, axis=1)
    return near & near.T


def _expanded(mutual: NDArray[np.bool_], half: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return each row's neighbours and those of its neighbours that share two thirds with it: the paper's R*(p, k1)."""
    counts = half.astype(np.float64)
    shared = mutual @ counts.T
    close = mutual & (3 * shared >= 2 * counts.sum(axis=1))
    expanded: NDArray[np.bool_] = mutual | (close @ counts > 0)
    return expanded
