"""The store on a Qdrant server: a point an item, vectors as float16, graphs and indexes of attributes by the server.

The server chooses between a graph and the indexes of attributes by how much a filter keeps. Where it still finds less
than was asked for, what the filter keeps is compared one by one.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from qdrant_client import QdrantClient, models

from ...errors import IndexDamaged, QueryError
from ...types import Point, RouterType, Value, Vector
from ..base import UNRESTRICTED, Restriction, ScoredId
from ..examples import recommend_by_search
from ..qdrant_payload import ROUTE, field_path, point_from_engine, value_from_engine
from ..schema import FieldType, Layout, check_points, check_query
from ..ties import TIE, nearest, ranked
from .collections import FIELDS, KEYWORD, NUMBER, Placement, create_points
from .form import batches, filter_of, key_of
from .server import PATIENCE, Runner, Session

__all__ = ["QdrantStore"]

T = TypeVar("T")

_PAGE = 256
"""Points read at a time."""
_EF = 128
"""Breadth of the graph search, as in ``edge.py``."""
_EVERY = 0.5
"""Seconds between two looks at whether the server has built its graphs."""
_OF_WORDS: tuple[FieldType, ...] = ("words", "boolean")


class QdrantStore:
    """Points in a collection of a Qdrant server. See ``Store`` for what each method promises.

    Args:
        runner: makes requests: the server, or the session of the writer.
        collection: of the points.
        layout: the named vectors.

    Raises:
        IndexDamaged: there is no such collection.
    """

    def __init__(self, runner: Runner, collection: str, layout: Layout) -> None:
        self.layout = layout
        self._runner, self._collection = runner, collection
        told = runner.run(lambda client: client.get_collection(collection)).config.metadata or {}
        self._kinds: dict[str, FieldType] = dict(told.get(FIELDS) or {})

    @classmethod
    def create(cls, runner: Runner, collection: str, layout: Layout, placement: Placement = Placement()) -> QdrantStore:  # noqa: B008  a tuple
        """Make an empty store in a collection that must not exist."""
        runner.run(lambda client: create_points(client, collection, layout, placement))
        return cls(runner, collection, layout)

    def add(self, points: Sequence[Point]) -> None:
        fresh = check_points(points, self.layout)
        for batch in batches(list(fresh.values()), self.layout):
            self._upsert(batch)

    def delete(self, ids: Iterable[str]) -> int:
        there = [key_of(point.id) for point in self.get(list(dict.fromkeys(ids)), vectors=False)]
        for start in range(0, len(there), _PAGE):
            self._delete(models.PointIdsList(points=list(there[start : start + _PAGE])))
        return len(there)

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        wanted = [key_of(id_) for id_ in dict.fromkeys(ids)]
        found: dict[str, Point] = {}
        for start in range(0, len(wanted), _PAGE):
            some = wanted[start : start + _PAGE]
            for record in self._retrieve(some, with_vectors=vectors):
                point = point_from_engine(record, self.layout, vectors)
                found[point.id] = point
        return [found[id_] for id_ in ids if id_ in found]

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        wanted, sign = filter_of(restriction), 1.0 if spec.metric == "cosine" else -1.0
        one_by_one = restriction.exact or restriction.among is not None or spec.multi

        def fetch(take: int, exact: bool = one_by_one) -> list[ScoredId]:
            found = self._query(using, vector, take, wanted, exact=exact, breadth=max(_EF, 2 * k))
            if len(found) < take and not exact and wanted is not None:
                return fetch(take, True)
            return ranked(((hit.payload or {})["id"], sign * hit.score) for hit in found)

        return nearest(fetch, k)

    def score(self, using: str, vector: Vector, ids: Sequence[str]) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        points = {key_of(id_): id_ for id_ in ids}
        if not points:
            return []
        wanted = models.Filter(must=[models.HasIdCondition(has_id=list(points))])
        sign = 1.0 if spec.metric == "cosine" else -1.0
        found = self._query(using, vector, len(points), wanted, exact=True)
        scores = {points[str(hit.id)]: round(sign * hit.score, TIE) for hit in found}
        return [ScoredId(id_, scores[id_]) for id_ in points.values() if id_ in scores]

    def recommend(
        self,
        using: str,
        like: Sequence[str],
        unlike: Sequence[str],
        k: int,
        restriction: Restriction = UNRESTRICTED,
    ) -> list[ScoredId]:
        return recommend_by_search(self, using, like, unlike, k, restriction)

    def scan(self, restriction: Restriction = UNRESTRICTED, *, vectors: bool = False) -> Iterator[Point]:
        for record in self._scroll(filter_of(restriction), True, with_vectors=vectors):
            yield point_from_engine(record, self.layout, vectors)

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        wanted = filter_of(restriction)
        return self._runner.run(lambda client: client.count(self._collection, wanted, exact=True)).count

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        if self._kinds.get(field) not in _OF_WORDS:
            raise QueryError(f"field {field!r} can't be counted by value: it was not declared as words or boolean")
        hits = self._facet(field_path(field), limit, filter_of(restriction))
        counted = ((value_from_engine(hit.value), hit.count) for hit in hits)
        return sorted(counted, key=lambda entry: (-entry[1], str(entry[0])))

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        changed = {name: kind for name, kind in fields.items() if self._kinds.get(name) != kind}
        for name, kind in changed.items():
            schema = KEYWORD if kind in _OF_WORDS else NUMBER
            if name in self._kinds:
                self._drop_index(field_path(name))
            self._index(field_path(name), schema)
        if changed:
            self._kinds |= changed
            told = {FIELDS: self._kinds}
            self._write(lambda client: client.update_collection(self._collection, metadata=told, timeout=PATIENCE))

    def set_keys(self, kind: RouterType, keys: Mapping[str, str]) -> None:
        ids = list(keys)
        self._index(f"{ROUTE}.{kind}", KEYWORD)
        for start in range(0, len(ids), _PAGE):
            some = {key_of(id_): keys[id_] for id_ in ids[start : start + _PAGE]}
            points: dict[str, list[str]] = defaultdict(list)
            for record in self._retrieve(list(some), with_payload=False):  # the server refuses ids that are not there
                points[some[str(record.id)]].append(str(record.id))
            if points:
                self._set_keys(kind, points)

    def same_content(self) -> dict[str, list[str]]:
        hits = self._facet("hash", max(1, self.count()), None)
        shared = [str(hit.value) for hit in hits if hit.count > 1 and hit.value]
        groups: dict[str, list[str]] = {digest: [] for digest in shared}
        for start in range(0, len(shared), _PAGE):
            some = models.FieldCondition(key="hash", match=models.MatchAny(any=shared[start : start + _PAGE]))
            for record in self._scroll(models.Filter(must=[some]), ["id", "hash"]):
                payload = record.payload or {}
                groups[payload["hash"]].append(payload["id"])
        return {digest: sorted(ids) for digest, ids in groups.items()}

    def optimise(self, *, graph: bool) -> None:
        """Wait until the server has built the graphs that it builds by itself, of parts of some 10 MB and more.

        Raises:
            IndexDamaged: the server says that it can't.
        """
        while graph:
            info = self._runner.run(lambda client: client.get_collection(self._collection))
            if info.status == models.CollectionStatus.RED:
                raise IndexDamaged(f"Qdrant can't build the graph of {self._collection}: {info.optimizer_status}")
            if info.status != models.CollectionStatus.YELLOW:
                return
            time.sleep(_EVERY)

    def close(self) -> None:
        """Nothing is held: the client is of the whole process."""

    def _query(
        self, using: str, vector: Vector, take: int, wanted: models.Filter | None, *, exact: bool, breadth: int = _EF
    ) -> list[models.ScoredPoint]:
        return self._runner.run(
            lambda client: client.query_points(
                self._collection,
                query=vector.tolist(),
                using=using,
                query_filter=wanted,
                search_params=models.SearchParams(exact=exact, hnsw_ef=breadth),
                limit=take,
                with_payload=["id"],
            )
        ).points

    def _retrieve(
        self, ids: list[str], *, with_payload: bool = True, with_vectors: bool = False
    ) -> list[models.Record]:
        return self._runner.run(
            lambda client: client.retrieve(self._collection, ids, with_payload=with_payload, with_vectors=with_vectors)
        )

    def _scroll(
        self, wanted: models.Filter | None, payload: bool | list[str], *, with_vectors: bool = False
    ) -> Iterator[models.Record]:
        offset = None
        while True:
            records, offset = self._scrolled(wanted, payload, with_vectors, offset)
            yield from records
            if offset is None:
                return

    def _scrolled(
        self, wanted: models.Filter | None, payload: bool | list[str], with_vectors: bool, after: Any
    ) -> tuple[list[models.Record], Any]:
        return self._runner.run(
            lambda client: client.scroll(
                self._collection, wanted, limit=_PAGE, offset=after, with_payload=payload, with_vectors=with_vectors
            )
        )

    def _facet(self, path: str, limit: int, wanted: models.Filter | None) -> list[models.FacetValueHit]:
        return self._runner.run(
            lambda client: client.facet(self._collection, path, wanted, limit=limit, exact=True, timeout=PATIENCE)
        ).hits

    def _upsert(self, points: list[models.PointStruct]) -> None:
        self._write(lambda client: client.upsert(self._collection, points, wait=True, timeout=PATIENCE))

    def _delete(self, points: models.PointIdsList) -> None:
        self._write(lambda client: client.delete(self._collection, points, wait=True, timeout=PATIENCE))

    def _set_keys(self, kind: RouterType, points: Mapping[str, list[str]]) -> None:
        setting = [
            models.SetPayloadOperation(
                set_payload=models.SetPayload(payload={kind: key}, points=list(there), key=ROUTE)
            )
            for key, there in points.items()
        ]
        self._write(lambda client: client.batch_update_points(self._collection, setting, wait=True, timeout=PATIENCE))

    def _drop_index(self, path: str) -> None:
        self._write(lambda client: client.delete_payload_index(self._collection, path, wait=True, timeout=PATIENCE))

    def _index(self, path: str, schema: models.PayloadSchemaType) -> None:
        """Index an attribute of all points; nothing changes where it is indexed so."""
        self._write(
            lambda client: client.create_payload_index(self._collection, path, schema, wait=True, timeout=PATIENCE)
        )

    def _write(self, work: Callable[[QdrantClient], T]) -> T:
        if not isinstance(self._runner, Session):
            raise RuntimeError(
                f"{self._collection} was opened for reading alone: open it through a writer to change it"
            )
        return self._runner.run(work)
