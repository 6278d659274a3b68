"""An index opened for searching: the newest generation, its model and its routers, for any number of threads."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from .. import images
from ..encode import Model
from ..errors import QueryError
from ..index.address import Address, place_of
from ..index.open_index import OpenIndex
from ..index.points import content_hash
from ..query import Query, check_is_query
from ..results import Hit, Results
from ..types import Photo, Point, Region, RouterType, Vector
from . import pipeline
from .garments import find_garments
from .relevance import measure_relevance
from .session import LoadedIndex, load_index, needs_measuring
from .stages import StageClock
from .verifying import Verification, same_files

if TYPE_CHECKING:
    from ..route.router import Router


_VERIFY_AFTER = 1.0
"""Seconds after which a generation that was published meanwhile is compared with its checksums."""


class Searcher:
    """An index, opened, with its model in memory: the warm way to search.

    A searcher sees a newly published generation at the next query. It may be used from several threads.

    Example:
        >>> from pathlib import Path  # doctest: +SKIP
        >>> searcher = Searcher(Path("my-index"))  # doctest: +SKIP
        >>> searcher.search(Query(image=Path("dress.jpg"), k=5)).hits[0].id  # doctest: +SKIP
        'dress/0012.jpg'
    """

    def __init__(self, index: Address, *, single: bool = False) -> None:
        """Open an index.

        Args:
            index: its folder or address.
            single: True where one query is all that will be asked: loads sooner, runs a little slower.

        Raises:
            IndexFolderError: see ``open_index``.
            IndexMismatch: the model's files are not those that the index was made with.
            ModelError: the model can't be used.
        """
        self._single = single
        self._loaded = load_index(place_of(index), single)
        self._opening = threading.Lock()
        self._closed = False
        self._measuring = False
        self._verification = Verification(self._loaded.index)
        self._routers: dict[tuple[str, RouterType], Router] = {}  # by generation

    @property
    def index(self) -> OpenIndex:
        """What is open now."""
        return self._loaded.index

    def search(self, query: Query) -> Results:
        """Answer one query.

        Raises:
            QueryError: the index can't answer it, and the message names the command that helps; or it is no ``Query``,
                or the searcher is closed.
            IndexMismatch: it asks by a router that is older than the index's items.
            FilterError: its filter can't be read or names a field that no item has.
            ImageError: its photo can't be used.
            IndexDamaged: a file of the index was found to be another than was published.
        """
        check_is_query(query)
        clock = StageClock()
        results = pipeline.search(query, self._refreshed(), self._router, clock)
        if self._single:
            self._verification.finish()
        self._verification.raise_if_damaged()
        if query.filter.strip() and not results.hits:
            from .filter_hints import filter_hints

            return replace(results, hints=filter_hints(self._loaded.index, query.filter))
        return results

    def embed(self, query: Query) -> dict[str, Vector]:
        """The query's vectors by name, as the store is asked with them."""
        check_is_query(query)
        return dict(pipeline.encode(query, self._refreshed()).vectors)

    def explain(self, query: Query, id: str) -> Hit:
        """Return one item as if it were the best hit of a query, with its ``contributions``.

        Args:
            query: what is looked for; its filter, number of results and re-ranker are of no matter.
            id: of an item, among the hits or not.

        Raises:
            QueryError: the index has no such item, or can't answer the query.
            ImageError: the query's photo can't be used.
        """
        check_is_query(query)
        return pipeline.explain_item(query, id, self._refreshed())

    def garments(self, photo: Photo) -> tuple[Region, ...]:
        """Return the garments in a photo, the largest first; ``Query.garment`` names one of them.

        Raises:
            ImageError: the photo can't be used.
            ModelError: the parser can't be loaded.
        """
        return find_garments(photo)

    def known(self, photo: Photo) -> Point | None:
        """The item whose photo has the same bytes, or None: how a query's own attributes are found."""
        digest = content_hash(images.read(photo))
        hits = self.search(Query(image=photo, k=10, colour_weight=0.0, group_by="photo")).hits
        points = self._loaded.index.store.get([hit.id for hit in hits], vectors=False)
        return next((point for point in points if point.hash == digest), None)

    def current(self) -> OpenIndex:
        """The newest generation, opened if it is not yet. Raises what ``search`` raises of a damaged index."""
        index = self._refreshed().index
        self._verification.raise_if_damaged()
        return index

    @property
    def model(self) -> Model:
        """The index's model."""
        return self._loaded.model

    def close(self) -> None:
        """Release the index; nothing can be searched afterwards."""
        self._closed = True
        self._verification.stop()
        self._loaded.index.store.close()

    def __enter__(self) -> Searcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def measure_relevance(self) -> None:
        """Measure which hits are relevant in this index, in about a second: results then have their number, ``good``.

        Measured again, beside the searches, where the index has become another.
        """
        self._measuring = True
        opened = self._refreshed()
        relevance = measure_relevance(opened.index.store, opened.model)
        with self._opening:
            if self._loaded.model is opened.model:
                self._loaded = replace(self._loaded, relevance=relevance, measured_items=opened.index.manifest.items)

    def _router(self, index: OpenIndex, kind: RouterType) -> Router:
        """A router of an index, from memory where it was read before."""
        from ..index.routers import open_router

        place = index.manifest.generation, kind
        router = self._routers.get(place) or open_router(index.place, index.manifest, kind)
        self._routers[place] = router
        return router

    def _refreshed(self) -> LoadedIndex:
        """Return what is published now, loaded once for all threads; searches of the old generation end on it."""
        place = self._loaded.index.place
        if self._closed:
            raise QueryError(
                f"the searcher of {place.address} is closed: open another, or search inside its with block"
            )
        version = place.version()
        if version == self._loaded.version:
            return self._loaded
        with self._opening:
            if version == self._loaded.version:  # another thread was as quick
                return self._loaded
            loaded = load_index(place, self._single, self._loaded)
            self._routers = {}
            before, self._loaded = self._loaded.index.manifest, loaded
            if not same_files(before, loaded.index.manifest):
                self._verification.stop()
                self._verification = Verification(loaded.index, _VERIFY_AFTER)
        if self._measuring and needs_measuring(loaded):
            threading.Thread(target=self.measure_relevance, name="lookseek-relevance", daemon=True).start()
        return loaded
