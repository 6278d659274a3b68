"""The embedded engine: Qdrant Edge, in the process. Only this file, ``edge_form.py`` and ``edge_shard.py`` use it.

Readers open it here; what is written goes through ``edge_writer.py``, which runs it in another process.
How it is used, and why (figures in docs/decisions/store.md): no write-ahead log, since every ``add`` ends in
a flush and a log would lock the folder to one process; vectors as float16, half the bytes at the same recall;
graphs only where ``optimise`` is told to, in a process of their own, since the engine holds Python's lock.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import qdrant_edge as engine

from ..errors import IndexDamaged, IndexFull, QueryError
from ..types import Point, RouterType, Value, Vector
from .base import UNRESTRICTED, Restriction, ScoredId
from .edge_form import filter_of
from .edge_shard import Shard
from .examples import recommend_by_search
from .qdrant_payload import (
    ROUTE,
    field_path,
    payload_to_engine,
    point_from_engine,
    value_from_engine,
    vectors_to_engine,
)
from .room import require_room, size_of_holes, size_on_disk
from .schema import FieldType, Layout, VectorSpec, check_points, check_query, point_id
from .ties import TIE, nearest, ranked

_PAGE = 1024
"""Points read at a time in a scan."""
_EF = 128
"""Breadth of the graph search: recall@10 of photos and of words from outside a catalogue is .998 or more at 128, of
words .986 at 48, which takes .12 ms less (docs/benchmarks/graph.md)."""
_GRAPH = engine.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=5_000)
"""Edges a node, breadth while building, and the KB of vectors from which a graph is walked; groups of items that share
an attribute get edges of their own from there on too."""
_NO_GRAPH = engine.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=0)
"""Of names with several vectors an item: they order candidates, and a graph of them costs many comparisons an edge."""
_MAX_SIM = engine.MultiVectorConfig(engine.MultiVectorComparator.MaxSim)
_ONE_BY_ONE = 60_000_000
"""Bytes of vectors up to which what a filter keeps is compared one by one: some 6 ms, and nothing is missed, while a
graph walked through a filter misses 15 to 25 of 1,000 (docs/benchmarks/graph.md)."""
_NEVER = 2**40
"""KB: a threshold that no segment reaches, so that the engine builds no graph by itself."""
_FLOAT16 = 2
"""Bytes of a number in a stored vector."""
_POINT, _GROWTH = 4_096, 2
"""Bytes of a point beside its vectors, and how much more the engine may write than it is given, both estimated high."""
_EMPTY, _FIELD, _ENTRY = 40 * 2**20, 3 * 2**20, 256
"""Bytes of an empty store with its holes filled, of an attribute's index, and of an item in it, estimated high."""
_SIGBUS = 7
"""The signal of a mapped page for which the disk has no room, on Linux."""
_MOST_DECLARED = 64
"""Attributes with an index of their own: each costs several files, which every later write copies."""


class EdgeStore:
    """Points in Qdrant Edge. See ``Store`` for what each method promises."""

    half = True

    def __init__(self, folder: Path, layout: Layout, *, read_only: bool = False) -> None:
        self.layout = layout
        self._folder = folder
        if not (folder / "edge_config.json").is_file():
            raise IndexDamaged(f"{folder} holds no index data: index the catalogue again with lookseek index")
        if not read_only:
            require_room(folder, size_of_holes(folder))
        self._shard = Shard(folder, _config(layout, graph=False), read_only=read_only)

    @classmethod
    def create(cls, folder: Path, layout: Layout) -> EdgeStore:
        """Make an empty store; the folder must not exist."""
        require_room(folder, _EMPTY)
        folder.mkdir(parents=True)
        Shard.create(folder, _config(layout, graph=False))
        return cls(folder, layout)

    def check(self, points: Sequence[Point]) -> dict[str, Point]:
        """Return points by id, the last of each id, after all checks that ``add`` makes. Raises as ``add`` does."""
        fresh = check_points(points, self.layout)
        self._to_engine(fresh.values())
        return fresh

    def add(self, points: Sequence[Point]) -> None:
        fresh = check_points(points, self.layout)
        if not fresh:
            return
        sizes = sum(vector.size for point in fresh.values() for vector in point.vectors.values())
        require_room(self._folder, _GROWTH * (sizes * _FLOAT16 + len(fresh) * _POINT))
        self._shard.update(engine.UpdateOperation.upsert_points(self._to_engine(fresh.values())))
        self._shard.flush()

    def delete(self, ids: Iterable[str]) -> int:
        there = [point.id for point in self.get(list(dict.fromkeys(ids)), vectors=False)]
        if there:
            require_room(self._folder, _GROWTH * len(there) * _POINT)
            self._shard.update(engine.UpdateOperation.delete_points([point_id(id_) for id_ in there]))
            self._shard.flush()
        return len(there)

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        records = self._shard.retrieve([point_id(id_) for id_ in dict.fromkeys(ids)], True, vectors)
        found = {point.id: point for point in (point_from_engine(one, self.layout, vectors) for one in records)}
        return [found[id_] for id_ in ids if id_ in found]

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        wanted = filter_of(restriction)
        one_by_one = restriction.exact or restriction.among is not None or spec.multi
        if wanted is not None and not one_by_one:
            one_by_one = self._estimate_count(wanted) * spec.dim * _FLOAT16 <= _ONE_BY_ONE
        sign = 1.0 if spec.metric == "cosine" else -1.0

        def fetch(take: int) -> list[ScoredId]:
            found = self._shard.query(
                engine.QueryRequest(
                    limit=take,
                    query=engine.Query.Nearest(vector, using),
                    filter=wanted,
                    params=engine.SearchParams(exact=one_by_one, hnsw_ef=max(_EF, 2 * k)),
                    with_payload=["id"],
                )
            )
            return ranked((point.payload["id"], sign * point.score) for point in found)

        return nearest(fetch, k)

    def score(self, using: str, vector: Vector, ids: Sequence[str]) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        points = {point_id(id_): id_ for id_ in ids}
        if not points:
            return []
        found = self._shard.query(
            engine.QueryRequest(
                limit=len(points),
                query=engine.Query.Nearest(vector, using),
                filter=engine.Filter(must=[engine.HasIdCondition(set(points))]),
                params=engine.SearchParams(exact=True),
                with_payload=False,
            )
        )
        sign = 1.0 if spec.metric == "cosine" else -1.0
        scores = {points[point.id]: round(sign * point.score, TIE) for point in found}
        return [ScoredId(id_, scores[id_]) for id_ in points.values() if id_ in scores]

    def recommend(
        self,
        using: str,
        like: Sequence[str],
        unlike: Sequence[str],
        k: int,
        restriction: Restriction = UNRESTRICTED,
    ) -> list[ScoredId]:
        # the engine's own recommend queries score by best or by sum, and need the vectors handed in all the same
        return recommend_by_search(self, using, like, unlike, k, restriction)

    def scan(self, restriction: Restriction = UNRESTRICTED, *, vectors: bool = False) -> Iterator[Point]:
        offset, wanted = None, filter_of(restriction)
        while True:
            records, offset = self._shard.scroll(
                engine.ScrollRequest(offset=offset, limit=_PAGE, filter=wanted, with_payload=True, with_vector=vectors)
            )
            yield from (point_from_engine(record, self.layout, vectors) for record in records)
            if offset is None:
                return

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        return int(self._shard.count(engine.CountRequest(exact=True, filter=filter_of(restriction))))

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        request = engine.FacetRequest(field_path(field), limit=limit, exact=True, filter=filter_of(restriction))
        try:
            hits = self._shard.facet(request).hits
        except IndexDamaged as error:
            message = f"field {field!r} can't be counted by value: it was not declared as words or boolean"
            raise QueryError(message) from error
        return sorted(
            ((value_from_engine(h.value), h.count) for h in hits), key=lambda entry: (-entry[1], str(entry[0]))
        )

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        kinds = {
            "words": engine.PayloadSchemaType.Keyword,
            "number": engine.PayloadSchemaType.Float,
            "boolean": engine.PayloadSchemaType.Keyword,
        }
        there = self._shard.info().payload_schema
        wanted = [("hash", kinds["words"]), *((field_path(name), kinds[kind]) for name, kind in fields.items())]
        beyond = [name for name, _ in wanted if name not in there][max(0, _MOST_DECLARED - len(there)) :]
        fresh = sum(name not in there for name, _ in wanted) - len(beyond)
        require_room(self._folder, fresh * (_FIELD + self.count() * _ENTRY) if fresh else 0)
        for name, kind in wanted:
            if name in beyond:
                continue  # those that were there first stay, so that filters on them stay quick
            if name in there and there[name].data_type != kind:
                self._shard.update(engine.UpdateOperation.delete_field_index(name))
            if name not in there or there[name].data_type != kind:
                self._shard.update(engine.UpdateOperation.create_field_index(name, kind))
        self._shard.flush()

    def set_keys(self, kind: RouterType, keys: Mapping[str, str]) -> None:
        field, ids = f"{ROUTE}.{kind}", list(keys)
        require_room(self._folder, _GROWTH * len(ids) * _POINT)
        points: dict[str, list[Any]] = defaultdict(list)
        for start in range(0, len(ids), _PAGE):
            some = {point_id(id_): id_ for id_ in ids[start : start + _PAGE]}
            for record in self._shard.retrieve(list(some), False, False):
                points[keys[some[record.id]]].append(record.id)
        for key, there in points.items():  # the payload changes in place, so a graph stays whole
            self._shard.update(engine.UpdateOperation.set_payload(there, {kind: key}, ROUTE))
        if field not in self._shard.info().payload_schema:
            self._shard.update(engine.UpdateOperation.create_field_index(field, engine.PayloadSchemaType.Keyword))
        self._shard.flush()

    def same_content(self) -> dict[str, list[str]]:
        self.declare({})
        hits = self._shard.facet(engine.FacetRequest("hash", limit=max(1, self.count()), exact=True)).hits
        groups: dict[str, list[str]] = {}
        for hit in hits:
            if hit.count > 1 and hit.value:
                one = engine.FieldCondition("hash", match=engine.MatchValue(hit.value))
                request = engine.ScrollRequest(limit=hit.count, filter=engine.Filter(must=[one]), with_payload=["id"])
                groups[str(hit.value)] = sorted(record.payload["id"] for record in self._shard.scroll(request)[0])
        return groups

    def optimise(self, *, graph: bool) -> None:
        self._shard.flush()
        require_room(self._folder, 2 * size_on_disk(self._folder))  # the engine writes new segments beside the old
        self._shard.close()
        arguments = [sys.executable, "-c", f"from {__name__} import _optimise; _optimise()", str(self._folder)]
        layout = json.dumps({name: spec.to_dict() for name, spec in self.layout.items()})
        done = subprocess.run([*arguments, "graph" if graph else "tidy", layout], capture_output=True, text=True)  # noqa: S603
        if done.returncode == -_SIGBUS or "No space left" in done.stderr:
            raise IndexFull(f"there is no room on the disk for the graph of {self._folder}: make room")
        if done.returncode:
            raise IndexDamaged(f"building the graph of {self._folder} failed: {done.stderr.strip()[-300:]}")
        self._shard = Shard(self._folder, _config(self.layout, graph=False))

    def close(self) -> None:
        self._shard.close()

    def _to_engine(self, points: Iterable[Point]) -> list[engine.Point]:
        return [
            engine.Point(point_id(point.id), vectors_to_engine(point, self.layout), payload_to_engine(point))
            for point in points
        ]

    def _estimate_count(self, wanted: engine.Filter) -> int:
        """About how many items a filter keeps: the engine's estimate from its indexes of attributes, in .1 ms."""
        return int(self._shard.count(engine.CountRequest(exact=False, filter=wanted)))


def _optimise() -> None:
    """What ``optimise`` runs in a process of its own: arguments are the folder, what to do, the layout."""
    folder, what, specs = sys.argv[1:]
    layout = {name: VectorSpec.from_dict(spec) for name, spec in json.loads(specs).items()}
    shard = engine.EdgeShard.load(folder, _config(layout, graph=what == "graph"))
    shard.optimize()
    shard.flush()
    shard.close()


def _config(layout: Layout, *, graph: bool) -> engine.EdgeConfig:
    distance = {"cosine": engine.Distance.Cosine, "euclidean": engine.Distance.Euclid}
    return engine.EdgeConfig(
        wal_enabled=False,
        vectors={
            name: engine.EdgeVectorParams(
                size=spec.dim,
                distance=distance[spec.metric],
                datatype=engine.VectorStorageDatatype.Float16,
                multivector_config=_MAX_SIM if spec.multi else None,
                hnsw_config=_NO_GRAPH if spec.multi else None,
            )
            for name, spec in layout.items()
        },
        hnsw_config=_GRAPH,
        max_search_threads=1,  # handing the second, small segment to another thread costs a third of a query
        optimizers=engine.EdgeOptimizersConfig(indexing_threshold=1 if graph else _NEVER),
    )
