"""What gave each hit its score, and how many hits stand out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..query import Query
from ..results import Hit
from ..store import ScoredId, Store
from ..store.schema import GARMENTS, LOOK, LOOK_EUCLIDEAN
from ..types import Vector
from .candidates import Candidates
from .fusion import fuse
from .garments import matched_regions
from .groups import Group
from .query_vectors import EncodedQuery
from .relevance import Relevance
from .vector_sum import shares_of

__all__ = ["Plain", "explain", "relevant_count"]

_LABELS = {LOOK_EUCLIDEAN: LOOK}
"""Names of vectors that people know under another one."""


def explain(
    store: Store,
    encoded: EncodedQuery,
    weights: Mapping[str, float],
    best: Candidates,
    groups: Sequence[Group],
    reranker: str,
) -> tuple[Hit, ...]:
    """Return the hits: each score is split into shares that sum to it.

    Args:
        store: that was searched.
        encoded: the query.
        weights: by which the scores were fused.
        best: what is shown, best first.
        groups: of the same items, in the same order.
        reranker: whose share is what it added to the first score, or took from it; "none" where none was.
    """
    scores, first = best.scores.tolist(), fuse(best.similarities, weights)
    if encoded.parts and LOOK in weights:
        found = [ScoredId(id_, score) for id_, score in zip(best.ids, first.tolist(), strict=True)]
        by_id = shares_of(store, LOOK, encoded.parts, found)
        shares = [by_id[id_] for id_ in best.ids]
    else:
        labels = [_LABELS.get(name, name) for name in weights]
        columns = [(weight * best.similarities[name]).tolist() for name, weight in weights.items()]
        shares = [dict(zip(labels, row, strict=True)) for row in zip(*columns, strict=True)]
    if reranker != "none":
        added = (best.scores - first).tolist()
        shares = [{**share, reranker: change} for share, change in zip(shares, added, strict=True)]
    regions = matched_regions(store, encoded.vectors[GARMENTS], best.ids) if GARMENTS in weights else {}
    return tuple(
        Hit(
            id=each.first.id,
            score=score,
            rank=rank,
            attributes=each.first.attributes,
            shares=share,
            source=each.first.source,
            copies=each.copies,
            product="" if each.product is None else str(each.product),
            photos=each.photos,
            region=regions.get(each.first.id),
        )
        for rank, (each, score, share) in enumerate(zip(groups, scores, shares, strict=True), 1)
    )


@dataclass(frozen=True, slots=True)
class Plain:
    """Words without what phrases add to them, compared with items: by these it is judged whether something is close.

    Phrases pull words towards photos, those of things that an index lacks as well.

    Args:
        look: their vector, float32 (dim,).
        hits: cosines of what is shown.
        nearest: cosines of the nearest items.
    """

    look: Vector
    hits: Sequence[float]
    nearest: Sequence[float]


def relevant_count(
    query: Query,
    encoded: EncodedQuery,
    best: Candidates,
    nearest: Candidates,
    relevance: Relevance | None,
    plain: Plain | None = None,
) -> int | None:
    """Return how many of the best are relevant, by look alone, which has limits; None where none hold.

    None of the best is relevant to a photo that shows nothing.

    Args:
        query: what was searched for.
        encoded: the query.
        best: what is shown.
        nearest: what was found.
        relevance: the limits; None where they are not measured.
        plain: of words alone that phrases add to, what they say without; None else.
    """
    if relevance is None or LOOK not in best.similarities:
        return None
    if plain is not None:
        return relevance.relevant_count(query, plain.look, plain.hits, plain.nearest)
    hits, around = (some.similarities[LOOK].tolist() for some in (best, nearest))
    good = relevance.relevant_count(query, encoded.vectors[LOOK], hits, around)
    return 0 if encoded.blank and good is not None else good
