"""How each task of a benchmark is scored: by comparing photos, through a router, re-ranked, or by votes on classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..encode.reading import encode_plain
from ..rerank import Reranker
from ..search.relevance import Relevance
from ..types import Photo
from ..vectors import unit
from .closeness import decided, relevance_of
from .rank import by_id, own_columns
from .reranked import reranked
from .retrieval import Retrieval, Scorer
from .routing import ROUTING, Routing
from .system import Embedded, System
from .task import Task
from .timing import milliseconds
from .truth import BARRED
from .votes import neighbours, vote_scores

__all__ = ["Ranking"]


class Ranking:
    """Scores of all tasks; of tasks that rank classes in one gallery the neighbours are looked for once."""

    def __init__(
        self,
        embedded: Embedded,
        system: System,
        tasks: Sequence[Task],
        photos: Mapping[str, Photo],
        *,
        chance: np.random.Generator | None = None,
        routes: Mapping[str, Routing] | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        """Nothing is compared yet.

        Args:
            embedded: all vectors.
            system: says how they are compared.
            tasks: that will be scored.
            photos: id to photo, of all that the tasks name.
            chance: deals each query's scores out anew; None leaves them where they belong.
            routes: the routing of each task, by its name.
            reranker: scores first candidates again.
        """
        self._embedded, self._system, self._pictures = embedded, system, photos
        self._chance, self._routes, self._reranker = chance, routes or {}, reranker
        self._voted: dict[tuple[str, ...], dict[str, int]] = {}  # by gallery, the row of each query's key
        for task in tasks:
            if task.classes is not None:
                keys = self._voted.setdefault(task.gallery, {})
                for query in task.queries:
                    keys.setdefault(query.key, len(keys))
        self._neighbours: dict[tuple[str, ...], NDArray[np.int64]] = {}
        self._relevances: dict[tuple[str, ...], Relevance] = {}

    def scorer(self, task: Task) -> tuple[Scorer, tuple[str, ...]]:
        """Return the scores of what the task ranks, and what that is called."""
        if task.classes is None:
            return self._photos(task), task.gallery
        keys = self._voted[task.gallery]
        if task.gallery not in self._neighbours:
            self._neighbours[task.gallery] = self._nearest(task.gallery, keys)
        rows = [keys[query.key] for query in task.queries]
        return vote_scores(self._neighbours[task.gallery][rows], task.classes), task.class_names

    def milliseconds(self, task: Task, depths: Sequence[int]) -> list[NDArray[np.float64]]:
        """See ``timing.milliseconds``."""
        routing = self._routes.get(task.name)
        keyed = None if routing is None else routing.rows
        return milliseconds(self._retrieval(task.gallery, _keys(task)), depths, keyed, self._reranker)

    def decided(self, task: Task, depth: int) -> NDArray[np.float64]:
        """See ``closeness.decided``; by chance it is a coin's."""
        if self._chance is not None:
            return self._chance.integers(0, 2, len(task.queries)).astype(np.float64)
        (asked, shown) = (next(iter(self._embedded.of(keys).values())) for keys in (_keys(task), task.gallery))
        if task.gallery not in self._relevances:
            self._relevances[task.gallery] = relevance_of(task.gallery, shown, self._system.model)
        texts = [query.text for query in task.queries if not query.photo]
        model = self._system.model
        literal = "words" in self._embedded.remarks
        plain = None if model is None or not texts else encode_plain(model, texts, literal=literal)
        if plain is not None:  # as a search judges it
            asked = asked.copy()
            asked[[row for row, query in enumerate(task.queries) if not query.photo]] = unit(plain)
        return decided(task, self._pictures, asked, shown, self._relevances[task.gallery], depth)

    def routed(self, task: Task) -> dict[str, NDArray[np.float64]]:
        """Return a router's shares of exact answers kept and gallery visited; ones without a router."""
        routing = self._routes.get(task.name)
        if routing is None:
            return {name: np.ones(len(task.queries)) for name in ROUTING}
        return routing.measured(task, self._compared(self._retrieval(task.gallery, _keys(task))))

    def _photos(self, task: Task) -> Scorer:
        """Scores of the task's gallery: compared, through a router, re-ranked."""
        retrieval = self._retrieval(task.gallery, _keys(task))
        scorer = self._compared(retrieval)
        if (routing := self._routes.get(task.name)) is not None:
            scorer = routing.masked(scorer)
        if self._reranker is None:
            return scorer
        return reranked(scorer, retrieval, self._reranker, partial(_barred, task), by_id(task.gallery))

    def _nearest(self, gallery: tuple[str, ...], keys: Sequence[str] | Mapping[str, int]) -> NDArray[np.int64]:
        """Return the neighbours of each key that votes are cast for."""
        place = {photo: row for row, photo in enumerate(gallery)}
        own = np.array([place.get(key, -1) for key in keys], np.int64)
        retrieval = self._retrieval(gallery, keys)
        scorer = self._compared(retrieval)
        if self._reranker is not None:
            scorer = reranked(
                scorer, retrieval, self._reranker, lambda rows: own_columns(own[rows], len(gallery)), by_id(gallery)
            )
        return neighbours(scorer, own, gallery)

    def _retrieval(self, gallery: Iterable[str], keys: Iterable[str]) -> Retrieval:
        embedded, system = self._embedded, self._system
        return Retrieval(embedded.of(keys), embedded.of(gallery), system.weights, system.metric)

    def _compared(self, retrieval: Retrieval) -> Scorer:
        chance = self._chance
        if chance is None:
            return retrieval.scores
        return lambda rows: chance.permuted(retrieval.scores(rows), axis=1)


def _keys(task: Task) -> list[str]:
    return [query.key for query in task.queries]


def _barred(task: Task, rows: slice) -> NDArray[np.bool_]:
    barred: NDArray[np.bool_] = task.truth.grades(rows) == BARRED
    return barred
