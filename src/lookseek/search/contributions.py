"""What gave each hit its score: by vector, part of the query, garment, region, and cell of both photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import images
from ..encode import Model
from ..encode.cells import CellEncoder, PhotoCells
from ..encode.model import load_cells
from ..encode.regions import GarmentRegions
from ..errors import ItemError
from ..index.open_index import OpenIndex
from ..query import Query
from ..results import CellMap, Contributions, Hit
from ..store.schema import COLOUR, GARMENTS, LOOK, RESPONSE_COLOUR
from ..types import Box, Photo, Pixels, Point, Region, Vector
from ..vectors import cosine, unit
from .copied import region_encoder
from .query_vectors import EncodedQuery
from .region_contributions import has_regions, with_regions

__all__ = ["with_contributions"]

_BOTH = "photo+words"


def with_contributions(
    query: Query,
    encoded: EncodedQuery,
    weights: Mapping[str, float],
    index: OpenIndex,
    model: Model,
    hits: Sequence[Hit],
) -> tuple[Hit, ...]:
    """Return the hits with what gave them their scores.

    Args:
        query: with the box of its garment.
        encoded: the query.
        weights: by which the scores were fused.
        index: that was searched.
        model: that made its vectors.
        hits: with their shares.

    Raises:
        ImageError: the query's photo can't be used.
    """
    points = {point.id: point for point in index.store.get([hit.id for hit in hits])}
    using = next((name for name in (GARMENTS, LOOK) if name in weights), "")
    if not using:  # distances have no parts, and colours alone no cells
        return tuple(
            replace(hit, contributions=Contributions(hit.shares, _query_parts(query, encoded, hit))) for hit in hits
        )
    cells, vector, weight = _cells_of(model.folder, model.checksum), encoded.vectors[using], weights[using]
    asked = _query_cells(query, index, cells)
    original: GarmentRegions | None = None  # found once, for the first hit that has regions
    explained = []
    for hit in hits:
        point, box = points[hit.id], None if hit.region is None else hit.region.box
        shown = _item_cells(index, point, box, cells)
        stored = _compared(point, using, vector, hit.region)
        parts = _query_parts(query, encoded, hit)
        if encoded.unchanged is not None:
            photo = weight * float(cosine(encoded.unchanged, stored))
            parts = {"photo": photo, "words": parts.pop(_BOTH) - photo, **parts}
        made = Contributions(
            vectors=_vectors(_products(vector, stored, model.parts), weight, hit, query.rerank),
            parts=parts,
            garments={} if hit.region is None else {hit.region.label: hit.score},
            agreement=_agreement(encoded, using, stored, point, model.parts),
            query=_cell_map(cells, asked, stored, weight),
            photo=_cell_map(cells, shown, vector, weight),
        )
        if asked is not None and shown is not None and query.copied is None and has_regions(point.attributes):
            original = original or region_encoder().encode(asked.pixels)
            explained.append(with_regions(hit, made, original, shown.pixels, query.rerank))
        else:
            explained.append(replace(hit, contributions=made))
    return tuple(explained)


def _compared(point: Point, using: str, vector: Vector, region: Region | None) -> Vector:
    """Return the stored vector that was compared."""
    stored = point.vectors[using]
    if stored.ndim == 1:
        return stored
    row = point.regions.index(region) if region is not None else int(np.argmax(unit(stored) @ unit(vector)))
    return np.ascontiguousarray(stored[row])


def _sections(vector: Vector, parts: Mapping[str, int]) -> dict[str, NDArray[np.float64]]:
    """Return the parts of a vector of length 1 by name."""
    whole = unit(vector, out=np.float64)
    ends = np.cumsum(list(parts.values()) or [len(whole)])
    return dict(zip(parts or (LOOK,), np.split(whole, ends[:-1]), strict=True))


def _products(vector: Vector, stored: Vector, parts: Mapping[str, int]) -> dict[str, float]:
    """Return what each part of two vectors adds to their cosine."""
    one, other = _sections(vector, parts), _sections(stored, parts)
    return {name: float(one[name] @ other[name]) for name in one}


def _agreement(
    encoded: EncodedQuery, using: str, stored: Vector, point: Point, parts: Mapping[str, int]
) -> dict[str, float]:
    """Return the cosine by aspect; words have no numbers in a part that compares photos alone."""
    one, other = _sections(encoded.vectors[using], parts), _sections(stored, parts)
    found = {name: float(cosine(one[name], other[name])) for name in one if one[name].any() and other[name].any()}
    if using == LOOK and COLOUR in encoded.vectors and COLOUR in point.vectors:
        found[COLOUR] = float(cosine(encoded.vectors[COLOUR], point.vectors[COLOUR]))
    return found


def _vectors(products: Mapping[str, float], weight: float, hit: Hit, reranker: str) -> dict[str, float]:
    """Return the contributions by vector, which sum to the score."""
    found = {name: weight * product for name, product in products.items()}
    found |= {name: hit.shares[name] for name in (COLOUR, RESPONSE_COLOUR, reranker) if name in hit.shares}
    left = (hit.score - sum(found.values())) / len(found)  # stores round scores, and vectors to their precision
    return {name: value + left for name, value in found.items()}


def _query_parts(query: Query, encoded: EncodedQuery, hit: Hit) -> dict[str, float]:
    """Return the contributions by part of the query, which sum to the score."""
    if encoded.parts:
        return dict(hit.shares)
    label = _BOTH if query.composed else "photo" if query.pictured else "words" if query.text else "liked"
    reranked = {name: share for name, share in hit.shares.items() if name == query.rerank}
    return {label: hit.score - sum(reranked.values())} | reranked


@lru_cache(maxsize=2)
def _cells_of(folder: Path, checksum: str) -> CellEncoder | None:
    return load_cells(folder)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A photo by cell.

    Args:
        cells: of the part that was compared.
        pixels: of that part.
        size: width and height of the photo.
        box: that part; None for all of it.
    """

    cells: PhotoCells
    pixels: Pixels
    size: tuple[int, int]
    box: Box | None


def _query_cells(query: Query, index: OpenIndex, cells: CellEncoder | None) -> _Seen | None:
    if cells is None or not query.photo_alone:
        return None
    if query.image is not None:
        return _seen(cells, query.image, query.box)
    points = index.store.get([query.item], vectors=False)
    return _item_cells(index, points[0], None, cells) if points else None


def _item_cells(index: OpenIndex, point: Point, box: Box | None, cells: CellEncoder | None) -> _Seen | None:
    """Return an item's photo by cell; None where it can't be had any more."""
    if cells is None:
        return None
    (photo,) = index.place.photos([point.source])
    try:
        return None if photo is None else _seen(cells, photo, box)
    except ItemError:  # it is no photo any more
        return None


def _seen(cells: CellEncoder, photo: Photo, box: Box | None) -> _Seen:
    pixels = images.decode(photo, min_side=0 if box is not None else cells.min_side)
    part = pixels if box is None else images.crop(pixels, box)
    return _Seen(cells.encode(part), part, (pixels.shape[1], pixels.shape[0]), box)


def _cell_map(cells: CellEncoder | None, seen: _Seen | None, vector: Vector, weight: float) -> CellMap | None:
    if cells is None or seen is None:
        return None
    found = cells.contributions(seen.cells, vector)
    rows = tuple(tuple(float(weight * cell) for cell in row) for row in found.cells)
    return CellMap(rows, weight * found.rest, found.window, seen.size, seen.box)
