"""An index opened for searching: the newest generation, its model and its routers, for any number of threads."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .. import images
from ..encode import Model
from ..index.folder import OpenIndex, open_index
from ..index.points import content_hash
from ..query import Query
from ..results import Results
from ..types import Photo, Point, RouteKind, Vector
from . import pipeline
from .relevance import measure_relevance
from .session import Open, changed, model_of, stamp_of
from .stages import StageClock

if TYPE_CHECKING:
    from ..route.router import Router


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
        clock = StageClock()
        return pipeline.search(query, self._refreshed(), self._router, clock)

    def embed(self, query: Query) -> dict[str, Vector]:
        """The query's vectors by name, as the store is asked with them."""
        return dict(pipeline.encode(query, self._open).vectors)

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

    def measure_relevance(self) -> None:
        """Measure which hits are relevant in this index, in about a second: results then have their number, ``good``.

        Measured again, beside the searches, where the index has become another.
        """
        self._measuring = True
        opened = self._refreshed()
        relevance = measure_relevance(opened.index.store, opened.model)
        with self._opening:
            if self._open.model is opened.model:
                self._open = replace(self._open, relevance=relevance, measured_items=opened.index.manifest.items)

    def _router(self, index: OpenIndex, kind: RouteKind) -> Router:
        """A router of an index, from memory where it was read before."""
        from ..index.routing import open_router

        place = index.manifest.generation, kind
        router = self._routers.get(place) or open_router(index.folder, index.manifest, kind)
        self._routers[place] = router
        return router

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
            threading.Thread(target=self.measure_relevance, name="lookseek-relevance", daemon=True).start()
        return opened
