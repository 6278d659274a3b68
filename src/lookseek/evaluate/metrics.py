"""Metrics of rankings.

    names ──parse──> form, k          Ranked ──in blocks──> where the right answers stand ──> a value for each query

An answer is right from grade 1 on. Notation of the formulas, of one query: ``rel(i)`` is 1 if the answer at rank i
(from 1) is right, else 0; ``R`` is how many right items its gallery has, found or not; ``hits(k)`` is the sum of
``rel(i)`` for i <= k; ``P(i) = hits(i) / i``. What ``Ranked.grades`` does not reach counts as wrong, as in trec_eval.
A query without right items (R = 0) has the value 0 in every metric, as in trec_eval.

Against trec_eval (github.com/usnistgov/trec_eval, release 9; its ``success_k``, ``P_k`` ... are names of measures):

    recall@k, any@k, accuracy@k    success_k
    accuracy                       success_1
    fraction@k                     recall_k
    precision@k                    P_k times k / min(k, gallery): the same in galleries of k items or more
    map@k                          map_cut_k times R / min(k, R): the same where R <= k
    map, mrr, r-precision          map, recip_rank, Rprec
    ndcg@k, ndcg                   ndcg_cut_k, ndcg
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError

__all__ = ["WHOLE", "Ranked", "measure", "parse"]

WHOLE = 1_000_000_000
"""The k of a metric that reads the whole ranking, and the largest that may be asked for."""

_BLOCK = 1 << 19
"""Judgements that are looked at together: bounds the memory to some 50 MB however many there are."""


def measure(names: Sequence[str], ranked: Ranked) -> Mapping[str, NDArray[np.float64]]:
    """Value of each metric for each query, float64 (queries,), from 0 to 1.

    Raises:
        QueryError: a name is no metric, see ``parse``.
    """
    asked = {name: parse(name) for name in names}
    queries, depth = ranked.grades.shape
    values = {name: np.zeros(queries) for name in asked}
    step = max(1, _BLOCK // max(1, depth))
    for start in range(0, queries, step):
        rows = slice(start, start + step)
        found = _found(Ranked(ranked.grades[rows], ranked.right[rows], ranked.sizes[rows]))
        for name, (form, k) in asked.items():
            values[name][rows] = _FORMS[form](found, k)
    return values


def parse(name: str) -> tuple[str, int]:
    """Return the form of a metric's name, and how many ranks it reads.

    Raises:
        QueryError: no metric is called that, it lacks its k, or its k is not from 1 to ``WHOLE``.

    >>> parse("recall@10"), parse("accuracy"), parse("map")
    (('recall@k', 10), ('accuracy', 1), ('map', 1000000000))
    """
    metric, at, k = name.partition("@")
    form = f"{metric}@k" if at else metric
    if form in _FORMS and not at:
        return form, 1 if form == "accuracy" else WHOLE
    if form in _FORMS and re.fullmatch("[1-9][0-9]{0,9}", k) and int(k) <= WHOLE:
        return form, int(k)
    known = ", ".join(sorted(_FORMS))
    wrong = f"has the k {k[:40]!r}" if form in _FORMS else "is unknown"
    raise QueryError(f"metric {name[:80]!r} {wrong}: use one of {known}, with a whole number from 1 to {WHOLE:,} as k")


def recall(found: _Found, k: int) -> NDArray[np.float64]:
    """Recall@k as papers on fashion and metric learning count it: was any right answer among the first k?

    ``1 if hits(k) > 0 else 0``; top-k accuracy where classes are ranked.

    Source: Liu et al., DeepFashion, CVPR 2016 (top-k retrieval accuracy); Musgrave et al., A Metric Learning Reality
    Check, ECCV 2020, who write Recall@K or, for k = 1, Precision@1; trec_eval's success_k.
    """
    return ((found.first > 0) & (found.first <= k)).astype(np.float64)


def fraction(found: _Found, k: int) -> NDArray[np.float64]:
    """Share of all right items that are among the first k: ``hits(k) / R``.

    Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval, 2008, 8.3 (recall); trec_eval's recall_k.
    """
    return _share(found.hits(k), found.right)


def precision(found: _Found, k: int) -> NDArray[np.float64]:
    """Share of right answers among the first k, or in the gallery if it is smaller: ``hits(k) / min(k, gallery)``.

    trec_eval's P_k divides by k always, so that no system reaches 1 in a gallery of less than k.

    Source: Manning et al. 2008, 8.4 (precision at k).
    """
    return _share(found.hits(k), np.minimum(k, found.sizes))


def average_precision(found: _Found, k: int) -> NDArray[np.float64]:
    """Mean of the precision at each right item, 0 for those that are not among the first k.

    ``sum of P(i) rel(i) for i <= k, divided by min(k, R)``: the best ranking has 1 at any k. trec_eval's map_cut_k
    divides by R. For the whole ranking both are Manning's average precision. MAP@R of Musgrave et al., ECCV 2020, is
    this with k = R, which differs from query to query; the metric ``r-precision`` is not it.

    Source: Weyand et al., Google Landmarks Dataset v2, CVPR 2020 (mAP@100); Manning et al. 2008, 8.4 (MAP).
    """
    return _share(found.total(found.precisions, k), np.minimum(k, found.right))


def reciprocal_rank(found: _Found, k: int) -> NDArray[np.float64]:
    """``1 / rank`` of the first right answer among the first k, 0 if there is none.

    Source: Voorhees, The TREC-8 Question Answering Track Report, 1999; trec_eval's recip_rank.
    """
    return recall(found, k) / np.maximum(found.first, 1)


def ndcg(found: _Found, k: int) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain; the gain of an answer is its grade (linear, not 2 ** grade - 1).

    ``DCG(k) = sum of grade(i) / log2(i + 1) for i <= k``, divided by the DCG(k) of the best order of all right items.

    Source: Järvelin and Kekäläinen, ACM TOIS 20(4), 2002, with the discount log2(i + 1) of Manning et al. 2008, 8.4;
    trec_eval's ndcg_cut_k and ndcg.
    """
    most = min(k, int(found.at_least.max(initial=0)))
    sums = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, most + 2)))])
    # An item of grade g counts once for each grade up to g; those of grade g or more fill the first ranks.
    ideal = sums[np.minimum(found.at_least, most)].sum(axis=1)
    return _share(found.total(found.gains, k), ideal)


def r_precision(found: _Found, _k: int) -> NDArray[np.float64]:
    """Precision at rank R, which is also recall there: ``hits(R) / R``.

    Source: Manning et al. 2008, 8.4; Musgrave et al., ECCV 2020; trec_eval's Rprec.
    """
    return _share(found.hits(found.right[found.rows]), found.right)


_FORMS: dict[str, Callable[[_Found, int], NDArray[np.float64]]] = {
    "recall@k": recall,
    "any@k": recall,
    "fraction@k": fraction,
    "precision@k": precision,
    "map@k": average_precision,
    "map": average_precision,
    "mrr": reciprocal_rank,
    "ndcg@k": ndcg,
    "ndcg": ndcg,
    "r-precision": r_precision,
    "accuracy": recall,
    "accuracy@k": recall,
}


def _share(part: NDArray[np.float64], whole: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of a whole, 0 of nothing."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _found(ranked: Ranked) -> _Found:
    rows, places = np.nonzero(ranked.grades > 0)
    each = np.bincount(rows, minlength=len(ranked.grades))
    starts = np.cumsum(each) - each
    ranks = places + 1
    first = np.zeros(len(each), np.int64)
    some = each > 0
    first[some] = ranks[starts[some]]
    counted = np.arange(1, len(rows) + 1) - starts[rows]  # hits(i) at each right answer
    discounts = np.log2(np.arange(2, ranked.grades.shape[1] + 2))
    at_least = ranked.right[:, ::-1].cumsum(axis=1)[:, ::-1]
    return _Found(
        rows=rows,
        ranks=ranks,
        precisions=counted / ranks,
        gains=ranked.grades[rows, places] / discounts[places],
        first=first,
        right=ranked.right.sum(axis=1),
        at_least=at_least,
        sizes=ranked.sizes,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """What was found for each query, best first.

    Args:
        grades: int8 (queries, depth), the grade of the answer at each rank; 0 wrong or no answer. Right answers
            below ``depth`` are not seen: a metric is exact where depth reaches its k or the end of the gallery.
        right: int64 (queries, highest grade): how many items of grade 1, 2, ... the query's gallery has.
        sizes: int64 (queries,): how many items the query's gallery has.
    """

    grades: NDArray[np.int8]
    right: NDArray[np.int64]
    sizes: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The right answers alone, query by query and best first: few against all that was judged.

    Args:
        rows, ranks: query and rank of each right answer, int64 (answers,).
        precisions: P(i) there, float64.
        gains: grade over discount there, float64.
        first: rank of each query's first, 0 where there is none, int64 (queries,).
        right: R.
        at_least: how many items of the gallery have grade 1 or more, 2 or more ..., int64 (queries, grades).
        sizes: of each query's gallery.
    """

    rows: NDArray[np.int64]
    ranks: NDArray[np.int64]
    precisions: NDArray[np.float64]
    gains: NDArray[np.float64]
    first: NDArray[np.int64]
    right: NDArray[np.int64]
    at_least: NDArray[np.int64]
    sizes: NDArray[np.int64]

    def hits(self, k: int | NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how many right answers each query has among the first k; k for all, or for each right answer."""
        return np.bincount(self.rows[self.ranks <= k], minlength=len(self.first)).astype(np.float64)

    def total(self, each: NDArray[np.float64], k: int) -> NDArray[np.float64]:
        """Sum over each query's right answers among the first k."""
        near = self.ranks <= k
        return np.bincount(self.rows[near], each[near], minlength=len(self.first)).astype(np.float64, copy=False)
