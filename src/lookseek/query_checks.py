"""The limits of a query, and which of its parts go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from .errors import QueryError
from .types import RerankMethod

if TYPE_CHECKING:
    from .query import Query

__all__ = [
    "MAX_CHANGED",
    "MAX_COPIED",
    "MAX_DISTINCT",
    "MAX_EXAMPLES",
    "MAX_EXPLAINED",
    "MAX_TERMS",
    "MAX_WEIGHT",
    "check_query",
    "check_weight",
]

MAX_TERMS = 32
"""Terms of a sum: each is encoded, some 10 to 30 ms. Beyond a handful the sum is a blur anyway."""

MAX_EXAMPLES = 100
"""Items of ``like`` and ``unlike`` together; they are read, not encoded."""

MAX_EXPLAINED = 20
"""Results that are explained: each takes some .3 s of a core."""

MAX_CHANGED = 4
"""Regions of five that may differ: one is always compared."""

MAX_COPIED = 60
"""Nearest photos that are compared region by region (docs/decisions/copies.md)."""

MAX_DISTINCT = 500
"""Results without duplicates: each is compared with each, so the time grows with the square."""

MAX_WEIGHT = 1000.0
"""Far above any use: a part that weighs less than a thousandth of another changes no order."""


def check_query(query: Query) -> None:
    """Check what a query holds.

    Raises:
        QueryError: nothing that is asked, a value outside its range, or parts that don't go together.
    """
    if not 1 <= query.k <= 100_000:
        raise QueryError(f"k is {query.k}: ask for 1 to 100,000 results")
    if query.metric not in ("cosine", "euclidean"):
        raise QueryError(f"metric {query.metric!r} is unknown: use cosine or euclidean")
    _check_colours(query)
    _check_methods(query)
    _check_explained(query)
    _check_copied(query)
    _check_parts(query)
    _check_garment(query)
    _check_together(query)


def check_weight(weight: float, whose: str) -> None:
    """Raise a QueryError for a weight outside its range.

    Args:
        weight: beside the other parts' weights.
        whose: that it is, for the message.
    """
    if not 0 < weight <= MAX_WEIGHT:  # not a number is refused too
        raise QueryError(f"the weight of {whose} is {weight}: give one above 0, at most {MAX_WEIGHT:g}")


def _check_explained(query: Query) -> None:
    """How much is explained."""
    if query.explain and query.k > MAX_EXPLAINED:
        raise QueryError(
            f"k is {query.k} with explanations, {MAX_EXPLAINED} are allowed, since each takes a while: ask for fewer"
        )


def _check_copied(query: Query) -> None:
    """What a search for copies goes with."""
    if query.copied is None:
        return
    if type(query.copied) is not int or not 0 <= query.copied <= MAX_CHANGED:
        raise QueryError(f"copied is {query.copied!r}: of five regions 0 to {MAX_CHANGED} may differ")
    if not query.photo_alone or query.garment:
        raise QueryError("copies are looked for by a photo alone: leave out words, sums, examples and the garment")
    if query.rerank != "none" or query.metric != "cosine" or query.explain:
        raise QueryError(
            "copies are compared by their regions: leave out the re-ranker, the metric and the explanation, since each "
            "result has a verdict on each region"
        )
    if query.k > MAX_COPIED:
        raise QueryError(f"k is {query.k}, and the {MAX_COPIED} nearest are compared by region: ask for fewer")


def _check_methods(query: Query) -> None:
    """How it is searched."""
    if query.route not in ("none", "svm", "kmeans"):
        raise QueryError(f"route {query.route!r} is unknown: use none, svm or kmeans")
    if query.route_mode not in ("soft", "hard"):
        raise QueryError(f"route mode {query.route_mode!r} is unknown: use soft or hard")
    if query.group_by not in ("product", "photo"):
        raise QueryError(f"results can't be grouped by {query.group_by!r}: use product or photo")
    if query.rerank not in ("none", *get_args(RerankMethod)):
        raise QueryError(f"re-ranker {query.rerank!r} is unknown: use none, {', '.join(get_args(RerankMethod))}")
    if query.rerank != "none" and query.metric != "cosine":
        raise QueryError(f"{query.rerank} compares by cosine only: use metric cosine, or leave out the re-ranker")
    if query.rerank == "pairs" and not query.photo_alone:
        raise QueryError(
            "pairs compares the cells of two photos: ask with a photo alone, or an item, or leave out the re-ranker"
        )


def _check_parts(query: Query) -> None:
    """Each part by itself: something is asked, and not too much."""
    if query.text and not query.text.strip():
        raise QueryError(f"the query's text {query.text!r} is blank: say what to look for, or leave it out")
    shown = query.pictured or query.text or query.plus
    if query.minus and not shown:
        raise QueryError("the query says only what it is not (minus): add a photo or words of what is looked for")
    if query.unlike and not query.like and not shown:
        raise QueryError("the query says only what it is unlike: add the id of an item that it should be like")
    if not shown and not query.like:
        raise QueryError("the query is empty: give a photo, words, or the ids of items that it should be like")
    terms, examples = len(query.plus) + len(query.minus), len(query.like) + len(query.unlike)
    if terms > MAX_TERMS:
        raise QueryError(f"the query adds up {terms} terms, {MAX_TERMS} are allowed: keep those that matter")
    if examples > MAX_EXAMPLES:
        raise QueryError(f"the query names {examples} items, {MAX_EXAMPLES} are allowed: keep those that matter")
    both = sorted({*query.like} & {*query.unlike})
    if both:
        raise QueryError(f"item {both[0]!r} is among like and unlike: name it once")
    check_weight(query.image_weight, "the photo")


def _check_garment(query: Query) -> None:
    """What a garment goes with."""
    if not query.garment:
        return
    if query.image is None:
        raise QueryError(
            f"the garment {query.garment!r} means a part of the query's photo, and it has none: give a photo or leave "
            "it out"
        )
    if query.box is not None:
        raise QueryError(
            f"the query has a box and the garment {query.garment!r}: each means a part of the photo, give one"
        )
    if query.metric != "cosine":
        raise QueryError("a garment is compared by cosine only: use metric cosine, or a box")


def _check_colours(query: Query) -> None:
    """The shares of colours lie from 0 to 1, also together."""
    shares = [query.colour_weight or 0, query.response_colour_weight or 0]
    for share in shares:
        if not 0 <= share <= 1:
            raise QueryError(f"colour weight is {share}: give a share from 0 to 1")
    if sum(shares) > 1:
        raise QueryError(f"the colour weights {shares[0]} and {shares[1]} are more than 1 together: give lower ones")


def _check_together(query: Query) -> None:
    """What goes with what."""
    if query.hide_duplicates and query.k > MAX_DISTINCT:
        raise QueryError(
            f"k is {query.k} with duplicates hidden, {MAX_DISTINCT} are allowed, since each is compared with each: ask "
            "for fewer, or show duplicates"
        )
    if query.item and query.image is not None:
        raise QueryError(
            f"the query has a photo and the item {query.item!r} in its place: give one, the other as a plus"
        )
    if query.box is not None and query.image is None:
        raise QueryError("a box means a part of the query's photo, and it has none: give a photo or leave it out")
    if query.image_weight != 1 and not query.pictured:
        raise QueryError(f"the photo's weight is {query.image_weight}, and there is no photo: leave out the weight")
    if query.image_weight != 1 and query.composed and not query.summed:
        raise QueryError(
            f"the photo's weight is {query.image_weight}, and a photo with a change in words takes none: leave it out, "
            "or add the words up with plus instead"
        )
    if query.composer and not query.composed:
        raise QueryError(f"composer {query.composer!r} joins a photo with words: give both, or leave it out")
    if query.photo_alone:
        return
    if query.metric == "euclidean":
        raise QueryError("words, sums and examples are compared by cosine only: use metric cosine, or a photo alone")
    if query.colour_weight is not None or query.response_colour_weight is not None:
        given = query.response_colour_weight if query.colour_weight is None else query.colour_weight
        raise QueryError(
            f"colour weight {given} goes with a photo alone: words, sums and examples have no colours "
            "to compare. Leave out the weight, or say the colour in words"
        )
