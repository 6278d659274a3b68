"""From a query to results: vectors, candidates, one score, hits."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from . import images
from .encode import ColourEncoder, Encoder, Model, load_model
from .errors import IndexDamaged, IndexMismatch, QueryError
from .index.duplicates import near_identical
from .index.folder import PUBLISHED, OpenIndex, open_index
from .index.manifest import Manifest, Recipe
from .store import Scored, Store, Within
from .store.condition import Condition
from .store.filter import check_fields, parse
from .store.schema import COLOUR, LOOK, LOOK_EUCLIDEAN
from .types import Hit, Photo, Point, Query, Results, Routed, RouteKind, Vector

if TYPE_CHECKING:
    from .route.router import Router

COLOUR_WEIGHT = 0.1
"""Share of the colour in the score where a query names none; chosen on val (docs/decisions/encoder.md)."""

_CANDIDATES = 200
"""From each vector's list at first; more are taken where the score's bound asks for it."""


class Searcher:
    """An index, opened, with its model in memory: the warm way to search.

    A searcher sees a newly published generation at the next query. It may be used from several threads.

    Example:
        >>> from pathlib import Path  # doctest: +SKIP
        >>> searcher = Searcher(Path("my-index"))  # doctest: +SKIP
        >>> searcher.search(Query(image=Path("dress.jpg"), k=5)).hits[0].id  # doctest: +SKIP
        'dress/0012.jpg'
    """

    def __init__(self, folder: Path, *, single: bool = False) -> None:
        """Open an index.

        Args:
            folder: the index folder.
            single: True where one query is all that will be asked: loads sooner, runs a little slower.

        Raises:
            IndexFolderError: see ``open_index``.
            IndexMismatch: the model's files are not those that the index was made with.
            ModelError: the model can't be used.
        """
        self._single = single
        self._index = open_index(folder)
        self._stamp = _stamp(folder)
        self._model = _model_of(self._index.manifest.recipe, folder, single)
        self._colour = ColourEncoder()
        self._routers: dict[tuple[str, RouteKind], Router] = {}  # by generation

    @property
    def index(self) -> OpenIndex:
        """What is open now."""
        return self._index

    def search(self, query: Query) -> Results:
        """Answer one query.

        Raises:
            QueryError: the index can't answer it; the message names the command that helps.
            IndexMismatch: it asks by a router that is older than the index's items.
            FilterError: its filter can't be read or names a field that no item has.
            ImageError: its photo can't be used.
        """
        began = time.perf_counter()
        self._refresh()
        store, manifest = self._index.store, self._index.manifest
        condition = parse(query.filter) if query.filter.strip() else None
        if condition is not None:
            check_fields(condition, manifest.fields)
        vectors = self.embed(query)
        within, routed = self._routed(query, vectors[LOOK], manifest)
        take = query.k
        while True:
            if query.metric == "euclidean":
                found, shares = self._by_distance(store, vectors[LOOK], take, condition, query, within)
            else:
                weight = self._colour_weight(store, query)
                found, shares = weighted(store, vectors, weight, take, condition, within=within, exact=query.exact)
            points = store.get([scored.id for scored in found], vectors=query.hide_duplicates)
            if query.hide_duplicates:
                points = _distinct(points)
            if len(points) >= query.k or len(found) < take:
                break
            take *= 2  # duplicates took the places of others
        scores = dict(found)
        hits = tuple(
            Hit(point.id, scores[point.id], rank, point.attributes, shares[point.id], point.source)
            for rank, point in enumerate(points[: query.k], 1)
        )
        return Results(query, hits, (time.perf_counter() - began) * 1000, str(self._index.folder), routed)

    def embed(self, query: Query) -> dict[str, Vector]:
        """The query's vectors by name, as the encoders give them."""
        if query.image is None:
            raise QueryError("the query is empty: give a photo")
        kept = self._index.manifest.recipe.layout
        both: tuple[Encoder, ...] = (self._model.image, self._colour)
        encoders = [encoder for encoder in both if encoder.name in kept]
        smallest = 0 if query.box is not None else max(encoder.min_side for encoder in encoders)
        pixels = images.decode(query.image, min_side=smallest)
        if query.box is not None:
            pixels = images.crop(pixels, query.box)
        return {encoder.name: encoder.encode([encoder.prepare(pixels)])[0] for encoder in encoders}

    def known(self, photo: Photo) -> Point | None:
        """The item whose photo has the same bytes, or None: how a query's own attributes are found."""
        digest = hashlib.blake2b(images.read(photo), digest_size=16).hexdigest()
        hits = self.search(Query(image=photo, k=10, colour_weight=0.0)).hits
        points = self._index.store.get([hit.id for hit in hits], vectors=False)
        return next((point for point in points if point.hash == digest), None)

    def close(self) -> None:
        """Release the index."""
        self._index.store.close()

    def __enter__(self) -> Searcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _colour_weight(self, store: Store, query: Query) -> float:
        if COLOUR in store.layout:
            return COLOUR_WEIGHT if query.colour_weight is None else query.colour_weight
        if query.colour_weight:
            raise QueryError(
                f"colour weight {query.colour_weight} needs the photos' colours, and this index was made from features "
                "without them: leave out the weight, or index the photos"
            )
        return 0.0

    def _routed(self, query: Query, look: Vector, manifest: Manifest) -> tuple[Within | None, Routed | None]:
        """The keys that the query searches, and what to say of them."""
        if query.route == "none":
            return None, None
        from .index.routing import open_router
        from .route.router import chosen

        place = manifest.generation, query.route
        router = self._routers.get(place) or open_router(self._index.folder, manifest, query.route)
        self._routers[place] = router
        sizes = manifest.routers[query.route].sizes
        keys = chosen(router, look, query.route_mode, list(sizes.values()), query.k)
        routed = Routed(keys, sum(sizes[key] for key in keys), sum(sizes.values()))
        # a condition that every item meets would only cost time
        return (None if len(keys) == len(sizes) else Within(query.route, keys)), routed

    def _by_distance(
        self,
        store: Store,
        look: Vector,
        k: int,
        condition: Condition | None,
        query: Query,
        within: Within | None,
    ) -> tuple[list[Scored], dict[str, dict[str, float]]]:
        if LOOK_EUCLIDEAN not in store.layout:
            source = self._index.manifest.source or "SOURCE"
            raise QueryError(
                "this index keeps no vectors for Euclidean distance: add them with "
                f"lookseek index {source} {self._index.folder} --metric euclidean"
            )
        if query.colour_weight:
            raise QueryError(
                f"colour weight {query.colour_weight} goes with cosine only: distances and cosines don't add up. "
                "Leave out the weight or use --metric cosine"
            )
        found = store.search(LOOK_EUCLIDEAN, look, k, condition=condition, within=within, exact=query.exact)
        return found, {scored.id: {LOOK: scored.score} for scored in found}

    def _refresh(self) -> None:
        folder = self._index.folder
        stamp = _stamp(folder)
        if stamp == self._stamp:
            return
        fresh = open_index(folder)
        if not fresh.manifest.recipe.same_vectors(self._index.manifest.recipe):
            self._model = _model_of(fresh.manifest.recipe, folder, self._single)
        self._routers = {}
        self._index, self._stamp = fresh, stamp  # the old store closes when its last query lets go of it


def weighted(
    store: Store,
    vectors: Mapping[str, Vector],
    weight: float,
    k: int,
    condition: Condition | None,
    *,
    within: Within | None = None,
    exact: bool = False,
) -> tuple[list[Scored], dict[str, dict[str, float]]]:
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
        lists = {
            name: store.search(name, vectors[name], take, condition=condition, within=within, exact=exact)
            for name in parts
        }
        scores = {name: dict(found) for name, found in lists.items()}
        ids = dict.fromkeys(scored.id for found in lists.values() for scored in found)
        for name in parts:
            missing = [id_ for id_ in ids if id_ not in scores[name]]
            if missing:
                scores[name].update(store.search(name, vectors[name], len(missing), among=missing))
        if any(id_ not in found for found in scores.values() for id_ in ids):
            raise IndexDamaged("some stored vectors can't be compared: lookseek check says which files are damaged")
        shares = {id_: {name: share * scores[name][id_] for name, share in parts.items()} for id_ in ids}
        ranked = sorted((-sum(shares[id_].values()), id_) for id_ in ids)
        bound = sum(share * lists[name][-1].score for name, share in parts.items() if lists[name])
        all_read = any(len(found) < take for found in lists.values())
        if len(parts) == 1 or all_read or -ranked[k - 1][0] >= bound:
            best = [Scored(id_, -score) for score, id_ in ranked[:k]]
            return best, {scored.id: shares[scored.id] for scored in best}
        take *= 4


def _distinct(points: list[Point]) -> list[Point]:
    """The first of each group of near-identical photos."""
    kept: list[Point] = []
    for point in points:
        if not any(near_identical(point, other) for other in kept):
            kept.append(point)
    return kept


def _model_of(recipe: Recipe, folder: Path, single: bool) -> Model:
    model = load_model(recipe.model_path or recipe.model, single=single)
    if COLOUR in recipe.layout and recipe.colour != ColourEncoder.version:
        raise IndexMismatch(
            f"{folder} was made with colour encoder {recipe.colour!r}, here it is {ColourEncoder.version!r}: "
            "index the catalogue again, or use the lookseek that made it"
        )
    if model.checksum != recipe.checksum:
        raise IndexMismatch(
            f"{folder} was made with model {recipe.model} {recipe.checksum[:12]}, here it is {model.checksum[:12]}: "
            "vectors of two models can't be compared. Index the catalogue again, or bring that model back"
        )
    return model


def _stamp(folder: Path) -> tuple[int, int]:
    """Changes when a generation is published: the manifest is replaced, never written in place."""
    try:
        stat = (folder / PUBLISHED).stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_ino, stat.st_mtime_ns
