"""The re-ranking stage: candidates' vectors are fetched, and a re-ranker scores the first of them again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import IndexDamaged
from ..rerank import Reranker, rerank
from ..store import Store
from ..types import Vector
from .candidates import Candidates
from .fusion import fused_vectors

__all__ = ["rerank_candidates"]


def rerank_candidates(
    store: Store,
    vectors: Mapping[str, Vector],
    weights: Mapping[str, float],
    candidates: Candidates,
    reranker: Reranker,
) -> Candidates:
    """Return the candidates in their final order; their similarities stay those of the first stage.

    Args:
        store: that holds them.
        vectors: the query's, by name.
        weights: by which their scores were fused.
        candidates: of the first stage.
        reranker: scores the first ``depth`` of them.

    Raises:
        IndexDamaged: a candidate's vectors can't be had.
    """
    first = candidates.first(reranker.depth).ids
    if not first:
        return candidates
    points = {point.id: point for point in store.get(first)}
    if len(points) < len(first):
        raise IndexDamaged("some stored vectors can't be read: lookseek check says which files are damaged")
    using = (reranker.vector,) if reranker.vector else tuple(weights)
    stored = {name: np.array([points[id_].vectors[name] for id_ in first], np.float32) for name in using}
    if reranker.vector:
        query, found = vectors[reranker.vector], stored[reranker.vector]
    else:
        query = fused_vectors({name: vectors[name][None] for name in weights}, weights)[0]
        found = fused_vectors(stored, weights)
    scores = rerank(reranker, query, found, candidates.scores)
    return Candidates.ranked(candidates.ids, scores, candidates.similarities)
