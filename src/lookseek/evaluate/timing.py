"""How long one query takes when it comes alone: to compare it with a gallery, and to select its first results."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..rerank import Reranker
from .retrieval import Retrieval

__all__ = ["milliseconds"]


def milliseconds(
    retrieval: Retrieval,
    depths: Sequence[int],
    keyed: Callable[[int], Sequence[NDArray[np.intp]]] | None = None,
    reranker: Reranker | None = None,
) -> list[NDArray[np.float64]]:
    """Time every query alone.

    Args:
        retrieval: queries and gallery.
        depths: each k; one above the gallery sorts all of it.
        keyed: a router: returns, for one query, the rows of the gallery that have each key it searches. The router's
            own time counts; the rows of each key lie side by side, as in a store that is made for it.
        reranker: scores the first candidates again, once for all depths.

    Returns:
        For each k milliseconds, float64 (queries,).
    """
    count = len(next(iter(retrieval.queries.values())))
    took = np.empty((len(depths), count))
    parts: dict[int, Retrieval] = {}
    for query in range(count):
        began, rows = time.perf_counter(), slice(query, query + 1)
        if keyed is None:
            scores, where = retrieval.scores(rows)[0], None
        else:
            found, kept = [], keyed(query)
            for some in kept:
                if id(some) not in parts:  # laid out once, which is not this query's time
                    laying = time.perf_counter()
                    parts[id(some)] = retrieval.among(some)
                    parts[id(some)].scores(slice(0, 0))
                    began += time.perf_counter() - laying
                found.append(parts[id(some)].scores(rows)[0])
            scores, where = np.concatenate(found), np.concatenate(kept)
        falling = -scores
        if reranker is not None:
            best = _first(falling, reranker.depth)
            candidates = (best if where is None else where[best]).astype(np.int64)
            falling[best] = -retrieval.reranked(query, candidates, scores[best], reranker)
        compared_at = time.perf_counter()
        for place, k in enumerate(depths):
            selecting = time.perf_counter()
            _first(falling, k)
            took[place, query] = (compared_at - began + time.perf_counter() - selecting) * 1000
    return list(took)


def _first(falling: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Return the places of the k lowest numbers, in order."""
    if not len(falling):
        return np.empty(0, np.intp)
    some = np.argpartition(falling, min(k, len(falling)) - 1)[:k]
    ranked: NDArray[np.intp] = some[np.argsort(falling[some])]
    return ranked
