"""Scores of a whole gallery in which each query's first candidates are re-ranked, as a search re-ranks them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..rerank import Reranker
from .rank import ordered
from .retrieval import Retrieval, Scorer

__all__ = ["reranked"]


def reranked(
    scorer: Scorer,
    retrieval: Retrieval,
    reranker: Reranker,
    barred: Callable[[slice], NDArray[np.bool_]],
    places: NDArray[np.int64],
) -> Scorer:
    """Return a scorer of the final scores.

    Args:
        scorer: the first stage's.
        retrieval: that has the vectors of queries and gallery.
        reranker: scores the first candidates again; the others stay behind them in their order.
        barred: for some of the queries, which columns are no candidates, bool (rows, columns).
        places: where equal scores stand, as ``rank.by_id`` returns it.
    """
    depth = reranker.depth

    def scores(rows: slice) -> NDArray[np.float32]:
        first = scorer(rows)
        order = ordered(first, barred(rows), places, min(depth + 1, len(places)))
        final = first.astype(np.float64)
        for row, columns in enumerate(order):
            candidates = columns[columns >= 0]
            if not len(candidates):
                continue
            found = retrieval.reranked(rows.start + row, candidates, first[row, candidates], reranker)
            if len(candidates) > depth:  # the first of the others moves as all of them do
                final[row] += found[depth] - first[row, candidates[depth]]
            final[row, candidates[:depth]] = found[:depth]
        return final.astype(np.float32)

    return scores
