"""A search, top to bottom: each stage is a function of plain values, and each is timed.

    encode ──> route ──> retrieve ──> fuse ──> rerank ──> group ──> explain

What ``evaluate`` measures is ranked by the same functions (docs/decisions/pipeline.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..encode import photo_encoders
from ..encode.pairs.encoder import is_pair_vector
from ..encode.reading import encode_plain, interpretations
from ..errors import IndexDamaged, QueryError
from ..filters import Condition, check_fields, parse
from ..index.manifest import Manifest
from ..index.open_index import OpenIndex
from ..query import Query
from ..query_checks import MAX_COPIED
from ..rerank import RERANKERS, Reranker
from ..results import Hit, Results, Routed
from ..store import Restriction, RoutingFilter
from ..store.schema import LOOK
from ..types import RouterType, Vector
from .candidates import Candidates
from .contributions import with_contributions
from .explain import Plain, explain, relevant_count
from .fusion import best_candidates, fuse
from .garments import choose_garment
from .groups import Group, complete_products, group, products_of
from .pairs import PAIR_RERANKING, pair_reranker
from .query_vectors import EncodedQuery, encode_query
from .relevance import NEARBY
from .reranking import rerank_candidates
from .session import LoadedIndex
from .stages import StageClock
from .vector_weights import vector_weights

if TYPE_CHECKING:
    from ..encode.regions import RegionMatch
    from ..route.router import Router

__all__ = ["RouterOf", "encode", "explain_item", "search"]

_PHOTOS = 4
"""Photos of a product that are fetched at first where results are products; more are read where it needs more."""
_MAX_FETCHED = 2_000
"""Candidates beyond which no more are fetched in the place of duplicates: an index of one photo would be read
whole, with its vectors."""

RouterOf: TypeAlias = "Callable[[OpenIndex, RouterType], Router]"
"""Opens a router of an index."""


def search(query: Query, opened: LoadedIndex, router_of: RouterOf, clock: StageClock) -> Results:
    """Answer one query.

    Args:
        query: what is looked for.
        opened: the index that is searched, and its model.
        router_of: opens a router, for a query that is routed.
        clock: times the stages; its first began with the search.

    Returns:
        At the most ``query.k`` hits, each a product where the index knows those; fewer where fewer qualify.

    Raises:
        LookseekError: as ``Searcher.search``.
    """
    index = opened.index
    condition = _condition(query, index.manifest)
    weights = vector_weights(query, index, opened.model.colour_weight)
    reranker = _reranker(query, opened)
    chosen = choose_garment(query)
    encoded = _encode(chosen.query, opened)
    clock.end("encode")

    routing, routed = _route(query, encoded.vectors[LOOK], index, router_of)
    restriction = Restriction(condition, within=routing, exact=query.exact)
    clock.end("route")

    product = index.manifest.roles.get("product", "") if query.group_by == "product" else ""
    excluded = _excluded(query)
    other_products = products_of(index.store, sorted(excluded), product)
    own = index.store.get(sorted(excluded)) if query.hide_duplicates and excluded else []
    depth = max(query.k, reranker.depth if reranker else 0, NEARBY if opened.relevance else 0)
    depth = depth if query.copied is None else max(depth, MAX_COPIED)
    fetch_k = depth * (_PHOTOS if product else 1) + len(excluded)
    matches: Mapping[str, RegionMatch] = {}
    uncompared = 0
    while True:
        found = best_candidates(index.store, encoded.vectors, weights, fetch_k, restriction, clock)
        candidates = found.without(excluded)
        if reranker is not None:
            candidates = rerank_candidates(index.store, encoded.vectors, weights, candidates, reranker)
        if query.copied is not None:
            from .copied import order_by_regions

            nearest = candidates.first(MAX_COPIED)
            candidates, matches = order_by_regions(query, index, nearest)
            uncompared = len(nearest.ids) - len(candidates.ids)
        clock.end("rerank")
        groups = group(
            index.store,
            candidates.ids,
            query.k,
            product=product,
            hide_duplicates=query.hide_duplicates,
            excluded=other_products,
            shown=own,
        )
        clock.end("group")
        if len(groups) >= query.k or len(found.ids) < fetch_k or query.copied is not None:
            break
        if query.hide_duplicates and fetch_k >= _MAX_FETCHED:
            break
        # duplicates, or photos of the same products, took the places of others; where of most, few steps cost less
        fetch_k = 2 * fetch_k if 2 * len(groups) >= query.k else max(2 * fetch_k, min(8 * fetch_k, _MAX_FETCHED))

    if product:
        groups = complete_products(index.store, groups, product, condition, hide_duplicates=query.hide_duplicates)
        clock.end("group")
    best = candidates.only([each.first.id for each in groups])
    hits = explain(index.store, encoded, weights, best, groups, query.rerank)
    if query.copied is not None:
        from .copied import with_verdicts

        hits = with_verdicts(hits, matches, query.copied)
    if query.explain:
        hits = with_contributions(chosen.query, encoded, weights, index, opened.model, hits)
    relevance = opened.relevance if query.copied is None else None  # limits are of whole photos' scores
    plain = None if relevance is None else _plain(query, opened, best, restriction)
    good = relevant_count(query, encoded, best, candidates, relevance, plain)
    readings = _readings(query, opened)
    clock.end("explain")
    return Results(
        query,
        hits,
        clock.milliseconds,
        index.address,
        routed,
        clock.steps(),
        good,
        readings,
        garments=chosen.garments,
        garment=chosen.number,
        uncompared=uncompared,
    )


def explain_item(query: Query, id_: str, opened: LoadedIndex) -> Hit:
    """Return one item as if it were the best hit of a query, with what gives it its score.

    Args:
        query: what is looked for; its filter and its number of results are of no matter, nor is its re-ranker.
        id_: of the item.
        opened: the index that holds it.

    Raises:
        QueryError: the index has no such item.
        LookseekError: as ``Searcher.search``.
    """
    index, query = opened.index, replace(query, rerank="none", copied=None)
    points = index.store.get([id_], vectors=False)
    if not points:
        raise QueryError(f"the index has no item {id_!r}: give an id as a search shows it")
    weights = vector_weights(query, index, opened.model.colour_weight)
    chosen = choose_garment(query)
    encoded = _encode(chosen.query, opened)
    cosines = {
        name: np.array([one.score for one in index.store.score(name, encoded.vectors[name], [id_])], np.float64)
        for name in weights
    }
    if any(not len(found) for found in cosines.values()):
        raise IndexDamaged("a stored vector can't be compared: lookseek check says which files are damaged")
    best = Candidates.ranked([id_], np.asarray(fuse(cosines, weights), np.float64), cosines)
    hits = explain(index.store, encoded, weights, best, [Group(points[0])], "none")
    (hit,) = with_contributions(chosen.query, encoded, weights, index, opened.model, hits)
    return hit


def encode(query: Query, opened: LoadedIndex) -> EncodedQuery:
    """Turn a query into the vectors that the index is searched with."""
    return _encode(choose_garment(query).query, opened)


def _encode(query: Query, opened: LoadedIndex) -> EncodedQuery:
    layout = opened.index.manifest.spec.layout
    # cells cost another run of the tower, and pairs alone compare them
    kept = [name for name in layout if query.rerank == PAIR_RERANKING or not is_pair_vector(name)]
    return encode_query(query, opened.model, photo_encoders(opened.model, kept), opened.index.store)


def _reranker(query: Query, opened: LoadedIndex) -> Reranker | None:
    """What scores the first candidates a second time."""
    if query.rerank == "none":
        return None
    if query.rerank != PAIR_RERANKING:
        return RERANKERS[query.rerank]
    index = opened.index
    remedy = f"lookseek index {index.manifest.source or 'SOURCE'} {index.address} --pairs"
    return pair_reranker(opened.model, index.store.layout, remedy)


def _plain(query: Query, opened: LoadedIndex, best: Candidates, restriction: Restriction) -> Plain | None:
    """Return how words alone compare without what phrases add; None for all else, and where phrases add nothing."""
    if not query.text or query.words != (query.text,) or query.pictured or query.like or query.unlike:
        return None
    vectors = encode_plain(opened.model, query.words, literal=query.literal)
    if vectors is None:
        return None
    store = opened.index.store
    hits, nearest = store.score(LOOK, vectors[0], best.ids), store.search(LOOK, vectors[0], NEARBY, restriction)
    return Plain(vectors[0], [hit.score for hit in hits], [hit.score for hit in nearest])


def _readings(query: Query, opened: LoadedIndex) -> tuple[str, ...]:
    """What a person is told of how the words were read."""
    read = interpretations(opened.model.text, query.words, literal=query.literal)
    return tuple(line for one in read for line in one.said)


def _condition(query: Query, manifest: Manifest) -> Condition | None:
    if not query.filter.strip():
        return None
    condition = parse(query.filter)
    check_fields(condition, manifest.fields)
    return condition


def _route(
    query: Query, look: Vector, index: OpenIndex, router_of: RouterOf
) -> tuple[RoutingFilter | None, Routed | None]:
    """The keys that are searched, and what the results tell of them."""
    if query.route == "none":
        return None, None
    from ..route.router import keys_for_query

    router, sizes = router_of(index, query.route), index.manifest.routers[query.route].sizes
    keys = keys_for_query(router, look, query.route_mode, list(sizes.values()), query.k)
    routed = Routed(keys, sum(sizes[key] for key in keys), sum(sizes.values()))
    # a condition that every item meets would only cost time
    return (None if len(keys) == len(sizes) else RoutingFilter(query.route, keys)), routed


def _excluded(query: Query) -> frozenset[str]:
    """Items that are no hits of the query: what it is asked by, what it should be unlike; nor are their products."""
    item = [query.item] if query.item else []
    return frozenset([*query.unlike, *item, *(query.like if query.by_examples else ())])
