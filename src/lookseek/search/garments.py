"""The garments of a query's photo: found once, and one of them chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from .. import images
from ..encode.garments import GarmentParser, load_parser
from ..errors import QueryError
from ..query import Query
from ..store import Store
from ..store.schema import GARMENTS
from ..types import Photo, Region, Vector
from ..vectors import unit

__all__ = ["LARGEST", "ChosenGarment", "choose_garment", "find_garments", "matched_regions"]

LARGEST = "largest"


@dataclass(frozen=True, slots=True)
class ChosenGarment:
    """A query with the garment that it means.

    Args:
        query: with the garment's box in place of its name.
        garments: all that were found, the largest first.
        number: of the one that is meant, from 1; None where the query means none.
    """

    query: Query
    garments: tuple[Region, ...] = ()
    number: int | None = None


def find_garments(photo: Photo) -> tuple[Region, ...]:
    """Return the garments in a photo, the largest first, by the parser that ships.

    Raises:
        ImageError: the photo can't be used.
        ModelError: the parser can't be loaded.
    """
    return _parser().parse(images.decode(photo)).regions()


def choose_garment(query: Query) -> ChosenGarment:
    """Return a query with the box of the garment that it means.

    Raises:
        QueryError: the photo shows no such garment; the message names those that it shows.
        ImageError: the photo can't be used.
    """
    if not query.garment or query.image is None:
        return ChosenGarment(query)
    garments = find_garments(query.image)
    row = _row(garments, query.garment)
    return ChosenGarment(replace(query, garment="", box=garments[row].box), garments, row + 1)


def matched_regions(store: Store, vector: Vector, ids: Sequence[str]) -> Mapping[str, Region]:
    """Return, by id, the garment of each item that is nearest to a vector; none of an item compared as a whole.

    Args:
        store: that keeps a vector for each garment.
        vector: float32 (dim,), of any length but 0.
        ids: of items.
    """
    found = {}
    for point in store.get(ids):
        vectors = point.vectors[GARMENTS]
        if len(point.regions) == len(vectors) > 0:
            found[point.id] = point.regions[int(np.argmax(unit(vectors) @ unit(vector)))]
    return found


def _row(garments: Sequence[Region], wanted: str) -> int:
    wanted = wanted.strip()
    if not garments:
        raise QueryError(f"no garment was found in the photo, so {wanted!r} means none: leave it out, or give a box")
    if wanted == LARGEST:
        return 0
    if wanted.isdecimal() and 1 <= int(wanted) <= len(garments):
        return int(wanted) - 1
    rows = [row for row, garment in enumerate(garments) if garment.label == wanted.lower()]
    if rows:
        return rows[0]
    shown = ", ".join(f"{number} {garment.label}" for number, garment in enumerate(garments, 1))
    raise QueryError(f"the photo shows no garment {wanted!r}: give one of {shown}, or {LARGEST}")


@lru_cache(maxsize=1)
def _parser() -> GarmentParser:
    return load_parser(single=True)
