"""Which stored vectors a query is compared with, and how much each counts."""

from __future__ import annotations

from ..errors import QueryError
from ..index.open_index import OpenIndex
from ..query import Query
from ..store.schema import COLOUR, GARMENTS, LOOK, LOOK_EUCLIDEAN, RESPONSE_COLOUR

__all__ = ["look_and_colour", "vector_weights"]


def look_and_colour(colour_weight: float) -> dict[str, float]:
    """Return the weights of look and colour, without the one that counts nothing.

    >>> look_and_colour(0.25), look_and_colour(0)
    ({'look': 0.75, 'colour': 0.25}, {'look': 1})
    """
    weights = {LOOK: 1 - colour_weight, COLOUR: colour_weight}
    return {name: weight for name, weight in weights.items() if weight > 0}


def vector_weights(query: Query, index: OpenIndex, colour_weight: float) -> dict[str, float]:
    """Return the share of each stored vector in a query's score: above 0, they sum to 1.

    Args:
        query: what is looked for.
        index: that is searched.
        colour_weight: of the colour, where the query names none and the index has colours.

    Raises:
        QueryError: the index lacks a vector that the query needs; the message names the command that helps.
    """
    layout = index.store.layout
    given = query.colour_weight or query.response_colour_weight
    if query.metric == "euclidean":
        if LOOK_EUCLIDEAN not in layout:
            source = index.manifest.source or "SOURCE"
            raise QueryError(
                "this index keeps no vectors for Euclidean distance: add them with "
                f"lookseek index {source} {index.address} --metric euclidean"
            )
        if given:
            raise QueryError(
                f"colour weight {given} goes with cosine only: distances and cosines don't add up. "
                "Leave out the weight or use --metric cosine"
            )
        return {LOOK_EUCLIDEAN: 1.0}
    if (query.garment or query.box) and GARMENTS in layout:
        if given:
            raise QueryError(
                f"colour weight {given} goes with whole photos, and a garment is compared with the "
                "garments of this index, which have no colours of their own: leave out the weight"
            )
        if query.rerank != "none":
            raise QueryError(
                f"{query.rerank} compares whole photos, and a garment is compared with the garments of this index: "
                "leave out the re-ranker"
            )
        return {GARMENTS: 1.0}
    if not query.photo_alone:  # words, changes, sums and examples have no colours
        return {LOOK: 1.0}
    return _of_photo(query, index, colour_weight)


def _of_photo(query: Query, index: OpenIndex, colour_weight: float) -> dict[str, float]:
    """Return the weights of look, histogram and colour of the strongest cells, where a photo alone asks."""
    layout, response = index.store.layout, query.response_colour_weight or 0.0
    if response and RESPONSE_COLOUR not in layout:
        raise QueryError(
            f"response colour weight {response} needs an index that keeps such colours: make it anew with "
            f"lookseek index {index.manifest.source or 'SOURCE'} {index.address} --response-colour"
        )
    if COLOUR not in layout:
        if query.colour_weight:
            raise QueryError(
                f"colour weight {query.colour_weight} needs the photos' colours, and this index was made from features "
                "without them: leave out the weight, or index the photos"
            )
        histogram = 0.0
    else:  # a default makes room for what was asked for
        histogram = min(colour_weight, 1 - response) if query.colour_weight is None else query.colour_weight
    if not response:
        return look_and_colour(histogram)
    weights = {LOOK: 1 - histogram - response, COLOUR: histogram, RESPONSE_COLOUR: response}
    return {name: weight for name, weight in weights.items() if weight > 1e-9}
