"""Several re-rankers, one after the other: each orders the candidates for the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..types import Vector, Vectors

if TYPE_CHECKING:
    from . import Reranker

__all__ = ["Stack"]


@dataclass(frozen=True, slots=True)
class Stack:
    """Re-rankers in order. See ``Reranker``.

    Args:
        methods: at least one.
    """

    methods: tuple[Reranker, ...]

    vector: ClassVar[str] = ""
    """See Reranker."""

    @property
    def name(self) -> str:
        """Their names, joined by commas."""
        return ",".join(each.name for each in self.methods)

    @property
    def depth(self) -> int:
        """See Reranker: the deepest one's."""
        return max(each.depth for each in self.methods)

    @property
    def share(self) -> float:
        """See Reranker: each method's own share is in its scores."""
        return 1.0

    def rescore(self, query: Vector, vectors: Vectors, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the last one's scores, each blended with those of before by its share. See Reranker."""
        found = np.asarray(scores, np.float64)
        for method in self.methods:
            order = np.argsort(-found, kind="stable")
            blended = method.rescore(query, vectors[order], found[order])
            found = found.copy()
            found[order] = (1 - method.share) * found[order] + method.share * blended
        return found
