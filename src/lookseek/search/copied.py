"""Copied designs: compares the nearest photos with the query's region by region, and orders them by that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache

import numpy as np

from .. import images
from ..encode.regions import GarmentRegions, RegionEncoder, RegionMatch, compare_regions, load_regions
from ..encode.runtime import cores
from ..errors import ItemError, QueryError
from ..index.open_index import OpenIndex
from ..query import Query
from ..results import Hit, RegionVerdict
from ..types import Box, Photo, Pixels
from .candidates import Candidates

__all__ = ["WHOLE", "order_by_regions", "region_encoder", "region_shares", "to_verdicts", "with_verdicts"]

WHOLE = 2 / 3
"""Share of the whole photo's score in that of a copy, the rest is of regions. Source: val of drawn-copied and of
myntra-copied (docs/decisions/copies.md)."""


def order_by_regions(query: Query, index: OpenIndex, nearest: Candidates) -> tuple[Candidates, dict[str, RegionMatch]]:
    """Return the nearest candidates in the order of their regions, and how each compares.

    A candidate's score is one part of three the mean cosine of its regions without the ``query.copied`` that differ
    most, and two parts its score by the whole photo, which tells designs apart where regions are not found well.

    Args:
        query: with ``copied``, and a photo or an item.
        index: that holds the candidates' photos.
        nearest: by the whole photo; those whose photos can't be read any more are left out.

    Raises:
        QueryError: the query's item, or all of the nearest, have no photo that can be read.
        ImageError: the query's photo can't be used.
        ModelError: the model of regions can't be loaded.
    """
    assert query.copied is not None
    encoder = region_encoder()
    original = encoder.encode(_decode(encoder, _query_photo(query, index), query.box))
    points = {point.id: point for point in index.store.get(nearest.ids, vectors=False)}
    photos = index.place.photos([points[id_].source if id_ in points else "" for id_ in nearest.ids])

    def regions(photo: Photo | None) -> GarmentRegions | None:
        try:
            return None if photo is None else encoder.encode(_decode(encoder, photo, None))
        except ItemError:  # no picture any more
            return None

    with ThreadPoolExecutor(cores()) as pool:
        encoded = list(pool.map(regions, photos))
    thresholds = encoder.config.thresholds
    matches = {
        id_: compare_regions(original, each, thresholds)
        for id_, each in zip(nearest.ids, encoded, strict=True)
        if each is not None
    }
    if nearest.ids and not matches:
        raise QueryError(
            f"copies are compared photo by photo, and none of the {len(nearest.ids)} nearest can be read: put the "
            "photos back where they were indexed from, or search without copied"
        )
    compared = nearest.only([id_ for id_ in nearest.ids if id_ in matches])
    by_regions = np.array([matches[id_].score(query.copied) for id_ in compared.ids], np.float64)
    scores = (1 - WHOLE) * by_regions + WHOLE * compared.scores
    return Candidates.ranked(compared.ids, scores, compared.similarities), matches


def with_verdicts(hits: Sequence[Hit], matches: Mapping[str, RegionMatch], without: int) -> tuple[Hit, ...]:
    """Return hits with a verdict on each region, and shares by region beside those of the whole photo.

    Args:
        hits: of a search for copies, with the shares of the whole photo's score.
        matches: by id.
        without: how many regions the score leaves out.
    """

    def shares(hit: Hit) -> dict[str, float]:
        whole = {name: WHOLE * share for name, share in hit.shares.items()}
        regions = region_shares(matches[hit.id], without)
        return whole | {name: (1 - WHOLE) * share for name, share in regions.items()}

    return tuple(replace(hit, shares=shares(hit), verdicts=to_verdicts(matches[hit.id])) for hit in hits)


def region_shares(match: RegionMatch, without: int) -> dict[str, float]:
    """Return what each region adds to the mean of the regions; those that are left out add nothing.

    >>> shares = region_shares(RegionMatch({"collar": 1.0, "chest": -0.5, "waist": 0.8}, False, (), {}), 1)
    >>> shares["collar"], shares["chest"], shares["waist"]
    (0.5, 0.0, 0.4)
    """
    kept = match.kept(without)
    return {name: cosine / len(kept) if name in kept else 0.0 for name, cosine in match.cosines.items()}


def to_verdicts(match: RegionMatch) -> tuple[RegionVerdict, ...]:
    """Return a verdict on each region that either garment has, "not sure" where it is not found well enough."""
    return tuple(RegionVerdict(name, cosine, match.verdict(name)) for name, cosine in match.cosines.items())


def _query_photo(query: Query, index: OpenIndex) -> Photo:
    if query.image is not None:
        return query.image
    points = index.store.get([query.item], vectors=False)
    (photo,) = index.place.photos([point.source for point in points] or [""])
    if photo is None:
        raise QueryError(f"the photo of item {query.item!r} can't be read any more: give the photo itself")
    return photo


def _decode(encoder: RegionEncoder, photo: Photo, box: Box | None) -> Pixels:
    pixels = images.decode(photo, min_side=0 if box is not None else encoder.min_side)
    return pixels if box is None else images.crop(pixels, box)


@lru_cache(maxsize=1)
def region_encoder() -> RegionEncoder:
    """Return the model of regions that ships. Raises ``ModelError`` where it can't be loaded."""
    return load_regions()
