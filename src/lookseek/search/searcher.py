"""From a query to results: vectors, candidates, one score, hits."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .. import images
from ..encode import ColourEncoder, Encoder, Model
from ..errors import QueryError
from ..filters import check_fields, parse
from ..index.duplicates import distinct
from ..index.folder import OpenIndex, open_index
from ..index.manifest import Manifest
from ..index.points import content_hash
from ..query import Query
from ..results import Hit, Results, Routed
from ..store import Restriction, RoutingFilter, ScoredId, Store
from ..store.schema import COLOUR, LOOK, LOOK_EUCLIDEAN
from ..types import Photo, Point, RouteKind, Vector
from .fusion import weighted
from .query_vectors import Asked, ask
from .relevance import measured
from .session import Open, changed, model_of, stamp_of
from .vector_sum import shares_of

if TYPE_CHECKING:
    from ..route.router import Router

COLOUR_WEIGHT = 0.1
"""Share of the colour in the score where a query names none; chosen on val (docs/decisions/encoder.md)."""


class Searcher:
    """An index, opened, with its model in memory: the warm way to search.

    A searcher sees a newly published generation at the next query. It may be used from several threads.

    Example:
        >>> from pathlib import Path  # doctest: +SKIP
        >>> searcher = Searcher(Path("my-index"))  # doctest: +SKIP
        >>> searcher.search(Query(image=Path("dress.jpg"), k=5)).hits[0].id  # doctest: +SKIP
        'dress/0012.jpg'
    """

    def __init__(self, folder: Path | str, *, single: bool = False) -> None:
        """Open an index.

        Args:
            folder: the index folder.
            single: True where one query is all that will be asked: loads sooner, runs a little slower.

        Raises:
            IndexFolderError: see ``open_index``.
            IndexMismatch: the model's files are not those that the index was made with.
            ModelError: the model can't be used.
        """
        folder, self._single = Path(folder), single
        stamp, index = stamp_of(folder), open_index(folder)
        self._open = Open(stamp, index, model_of(index.manifest.recipe, folder, single))
        self._opening = threading.Lock()
        self._measuring = False
        self._colour = ColourEncoder()
        self._routers: dict[tuple[str, RouteKind], Router] = {}  # by generation

    @property
    def index(self) -> OpenIndex:
        """What is open now."""
        return self._open.index

    def search(self, query: Query) -> Results:
        """Answer one query.

        Raises:
            QueryError: the index can't answer it; the message names the command that helps.
            IndexMismatch: it asks by a router that is older than the index's items.
            FilterError: its filter can't be read or names a field that no item has.
            ImageError: its photo can't be used.
        """
        began = time.perf_counter()
        opened = self._refreshed()
        store, manifest = opened.index.store, opened.index.manifest
        condition = parse(query.filter) if query.filter.strip() else None
        if condition is not None:
            check_fields(condition, manifest.fields)
        asked = self._ask(query, opened)
        encoded = time.perf_counter()
        within, routed = self._routed(query, asked.vectors[LOOK], manifest)
        restriction = Restriction(condition, within=within, exact=query.exact)
        left_out = {*query.unlike, *([query.item] if query.item else [])}
        take = query.k + len(left_out)
        while True:
            found, shares = self._found(query, opened.index, asked.vectors, take, restriction)
            points = store.get([s.id for s in found if s.id not in left_out], vectors=query.hide_duplicates)
            shown = distinct(points) if query.hide_duplicates else [(point, ()) for point in points]
            if len(shown) >= query.k or len(found) < take:
                break
            take *= 2  # duplicates took the places of others
        shown = shown[: query.k]
        scores = dict(found)
        if asked.parts:
            shares = shares_of(store, LOOK, asked.parts, [ScoredId(point.id, scores[point.id]) for point, _ in shown])
        hits = tuple(
            Hit(point.id, scores[point.id], rank, point.attributes, shares[point.id], point.source, copies)
            for rank, (point, copies) in enumerate(shown, 1)
        )
        done = time.perf_counter()
        steps = {"encode": (encoded - began) * 1000, "compare": (done - encoded) * 1000}
        good = _good(query, opened, asked.vectors[LOOK], hits)
        return Results(query, hits, (done - began) * 1000, str(opened.index.folder), routed, steps, good)

    def embed(self, query: Query) -> dict[str, Vector]:
        """The query's vectors by name, as the store is asked with them."""
        return dict(self._ask(query, self._open).vectors)

    def known(self, photo: Photo) -> Point | None:
        """The item whose photo has the same bytes, or None: how a query's own attributes are found."""
        digest = content_hash(images.read(photo))
        hits = self.search(Query(image=photo, k=10, colour_weight=0.0)).hits
        points = self._open.index.store.get([hit.id for hit in hits], vectors=False)
        return next((point for point in points if point.hash == digest), None)

    def current(self) -> OpenIndex:
        """The newest generation, opened if it is not yet."""
        return self._refreshed().index

    @property
    def model(self) -> Model:
        """The index's model."""
        return self._open.model

    def close(self) -> None:
        """Release the index."""
        self._open.index.store.close()

    def __enter__(self) -> Searcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def measure_background(self) -> None:
        """Measure what counts as close in this index, a second's work: results say then how many hits are good.

        Measured again, beside the searches, where the index has become another.
        """
        self._measuring = True
        opened = self._refreshed()
        background = measured(opened.index.store, opened.model)
        with self._opening:
            if self._open.model is opened.model:
                self._open = replace(self._open, background=background, measured_items=opened.index.manifest.items)

    def _ask(self, query: Query, opened: Open) -> Asked:
        kept = opened.index.manifest.recipe.layout
        both: tuple[Encoder, ...] = (opened.model.image, self._colour)
        return ask(query, opened.model, [encoder for encoder in both if encoder.name in kept], opened.index.store)

    def _found(
        self,
        query: Query,
        index: OpenIndex,
        vectors: Mapping[str, Vector],
        take: int,
        restriction: Restriction,
    ) -> tuple[list[ScoredId], dict[str, dict[str, float]]]:
        """The best and what each vector gave to their scores."""
        store, using = index.store, LOOK
        if query.photo_alone and query.metric == "cosine":
            weight = _colour_weight(store, query)
            return weighted(store, vectors, weight, take, restriction)
        if query.by_examples:
            found = store.recommend(LOOK, query.like, query.unlike, take, restriction)
        else:
            using = LOOK if query.metric == "cosine" else _by_distance(index, query)
            found = store.search(using, vectors[LOOK], take, restriction)
        return found, {scored.id: {LOOK: scored.score} for scored in found}

    def _routed(self, query: Query, look: Vector, manifest: Manifest) -> tuple[RoutingFilter | None, Routed | None]:
        """The keys that the query searches, and what to say of them."""
        if query.route == "none":
            return None, None
        from ..index.routing import open_router
        from ..route.router import chosen

        place = manifest.generation, query.route
        router = self._routers.get(place) or open_router(self._open.index.folder, manifest, query.route)
        self._routers[place] = router
        sizes = manifest.routers[query.route].sizes
        keys = chosen(router, look, query.route_mode, list(sizes.values()), query.k)
        routed = Routed(keys, sum(sizes[key] for key in keys), sum(sizes.values()))
        # a condition that every item meets would only cost time
        return (None if len(keys) == len(sizes) else RoutingFilter(query.route, keys)), routed

    def _refreshed(self) -> Open:
        """What is published now, opened once for all threads; what is still asked of the old one stays open."""
        folder = self._open.index.folder
        stamp = stamp_of(folder)
        if stamp == self._open.stamp:
            return self._open
        with self._opening:
            before = self._open
            if stamp == before.stamp:  # another thread was as quick
                return before
            fresh = open_index(folder)
            self._routers = {}
            if fresh.manifest.recipe.same_vectors(before.index.manifest.recipe):
                self._open = replace(before, stamp=stamp, index=fresh)
            else:
                self._open = Open(stamp, fresh, model_of(fresh.manifest.recipe, folder, self._single))
            opened = self._open
        if self._measuring and changed(opened):
            threading.Thread(target=self.measure_background, name="lookseek-background", daemon=True).start()
        return opened


def _good(query: Query, opened: Open, look: Vector, hits: Sequence[Hit]) -> int | None:
    """How many hits stand out, by look alone: colours have no part in what was measured."""
    if opened.background is None:
        return None
    weight = _colour_weight(opened.index.store, query) if query.photo_alone and query.metric == "cosine" else 0.0
    if weight == 1:
        return None
    cosines = [hit.shares.get(LOOK, hit.score) / (1 - weight) if weight else hit.score for hit in hits]
    return opened.background.good(query, look, cosines)


def _colour_weight(store: Store, query: Query) -> float:
    if COLOUR in store.layout:
        return COLOUR_WEIGHT if query.colour_weight is None else query.colour_weight
    if query.colour_weight:
        raise QueryError(
            f"colour weight {query.colour_weight} needs the photos' colours, and this index was made from features "
            "without them: leave out the weight, or index the photos"
        )
    return 0.0


def _by_distance(index: OpenIndex, query: Query) -> str:
    """The vector that distances are measured by."""
    if LOOK_EUCLIDEAN not in index.store.layout:
        source = index.manifest.source or "SOURCE"
        raise QueryError(
            "this index keeps no vectors for Euclidean distance: add them with "
            f"lookseek index {source} {index.folder} --metric euclidean"
        )
    if query.colour_weight:
        raise QueryError(
            f"colour weight {query.colour_weight} goes with cosine only: distances and cosines don't add up. "
            "Leave out the weight or use --metric cosine"
        )
    return LOOK_EUCLIDEAN
