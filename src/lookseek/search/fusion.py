"""Look and colour as one score: the best by a weighted sum of two cosines."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import IndexDamaged
from ..store import UNRESTRICTED, Restriction, ScoredId, Store
from ..store.schema import COLOUR, LOOK
from ..types import Vector

__all__ = ["weighted"]

_CANDIDATES = 64
"""From each vector's list at first; more are taken where the score's bound asks for it, so this changes no answer.
Fewer are often read twice, more cost their reading. Source: docs/benchmarks/latency.md."""


def weighted(
    store: Store,
    vectors: Mapping[str, Vector],
    weight: float,
    k: int,
    restriction: Restriction = UNRESTRICTED,
) -> tuple[list[ScoredId], dict[str, dict[str, float]]]:
    """The k best by (1 - weight) x cosine of look + weight x cosine of colour.

    The threshold algorithm: each vector's own best list is read until no item outside both lists can reach the
    k-th score, which the lists' last scores bound. So the answer is as exact as the two lists are.
    Source: R. Fagin, A. Lotem, M. Naor, "Optimal aggregation algorithms for middleware", PODS 2001, section 4.

    Returns:
        The hits by descending score and ascending id, and each id's shares of its score.
    """
    parts = {LOOK: 1 - weight, COLOUR: weight}
    parts = {name: share for name, share in parts.items() if share > 0}
    take = k if len(parts) == 1 else max(_CANDIDATES, 2 * k)
    while True:
        lists = {name: store.search(name, vectors[name], take, restriction) for name in parts}
        scores = {name: dict(found) for name, found in lists.items()}
        ids = dict.fromkeys(scored.id for found in lists.values() for scored in found)
        for name in parts:
            missing = [id_ for id_ in ids if id_ not in scores[name]]
            if missing:
                scores[name].update(store.score(name, vectors[name], missing))
        if any(id_ not in found for found in scores.values() for id_ in ids):
            raise IndexDamaged("some stored vectors can't be compared: lookseek check says which files are damaged")
        shares = {id_: {name: share * scores[name][id_] for name, share in parts.items()} for id_ in ids}
        ranked = sorted((-sum(shares[id_].values()), id_) for id_ in ids)
        bound = sum(share * lists[name][-1].score for name, share in parts.items() if lists[name])
        all_read = any(len(found) < take for found in lists.values())
        if len(parts) == 1 or all_read or -ranked[k - 1][0] >= bound:
            best = [ScoredId(id_, -score) for score, id_ in ranked[:k]]
            return best, {scored.id: shares[scored.id] for scored in best}
        take *= 4
