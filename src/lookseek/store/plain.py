"""The numpy store: plain files, exact search, no engine. The reference, and enough for 50,000 items.

Every change is one file, written beside and renamed, so that what ``add`` has returned from is there
after any crash; opening replays them in order. ``optimise`` folds them into one.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..atomic import write_text
from ..errors import IndexDamaged, QueryError
from ..filters import matches
from ..types import Point, RouteKind, Value, Vector, Vectors
from ..vectors import unit
from .base import UNRESTRICTED, Restriction, RoutingFilter, ScoredId
from .changes import Change, read_change, write_change
from .examples import recommend_by_search
from .schema import FieldKind, Layout, VectorSpec, checked, spec_of, usable

_TIE = 6
"""Decimals to which scores are rounded before they are ordered: float32 dot products of equal rows differ by
their place in the matrix, in the seventh."""


class PlainStore:
    """Points in memory, changes in files. See ``Store`` for what each method promises."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.layout = layout
        self._folder = folder
        self._points: dict[str, Point] = {}
        self._matrix: dict[str, Vectors] = {}
        self._keys: dict[str, dict[str, str]] = {}  # kind to id to key
        self._places: dict[str, dict[str, NDArray[np.intp]]] = {}  # kind to key to rows
        if not folder.is_dir():
            raise IndexDamaged(f"{folder} is not there: run lookseek index again")
        self._next = 0
        for file in sorted(folder.glob("*.npz")):
            self._replay(file)
            self._next = int(file.stem) + 1

    @classmethod
    def create(cls, folder: Path, layout: Layout) -> PlainStore:
        """Make an empty store; the folder must not exist."""
        folder.mkdir(parents=True)
        return cls(folder, layout)

    def add(self, points: Sequence[Point]) -> None:
        fresh = {
            point.id: Point(
                point.id,
                {name: self._kept(name, point.vectors[name]) for name in self.layout},
                dict(point.attributes),
                point.hash,
                point.source,
                point.fingerprint,
            )
            for point in checked(points, self.layout).values()
        }
        if fresh:
            self._write(list(fresh.values()), [])
            self._change(list(fresh.values()), [])

    def delete(self, ids: Iterable[str]) -> int:
        gone = [id_ for id_ in dict.fromkeys(ids) if id_ in self._points]
        if gone:
            self._write([], gone)
            self._change([], gone)
        return len(gone)

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        return [_seen(self._points[id_], vectors) for id_ in ids if id_ in self._points]

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        spec = spec_of(self.layout, using)
        vector = usable(vector, using, spec, "the query")
        rows, ids = self._rows(using), list(self._points)
        keep = self._mask(restriction)
        chosen = np.arange(len(ids)) if keep is None else np.flatnonzero(keep)
        if len(chosen) < len(ids):  # fewer rows to read than to skip over
            rows = rows[chosen]
        scores = _scores(rows, vector, spec)
        if 0 < k < len(chosen):  # all that tie with the k-th stay in, so that the order by id decides
            values = np.round(scores, _TIE)
            first = values >= np.partition(values, len(values) - k)[len(values) - k]
            chosen, scores = chosen[first], scores[first]
        ranked = sorted((-round(float(s), _TIE), ids[row]) for row, s in zip(chosen.tolist(), scores, strict=True))
        return [ScoredId(id_, -score) for score, id_ in ranked[:k]]

    def score(self, using: str, vector: Vector, ids: Sequence[str]) -> list[ScoredId]:
        spec = spec_of(self.layout, using)
        vector = usable(vector, using, spec, "the query")
        there = [self._points[id_] for id_ in dict.fromkeys(ids) if id_ in self._points]
        rows = np.array([point.vectors[using] for point in there], np.float32).reshape(len(there), spec.dim)
        scores = _scores(rows, vector, spec).tolist()
        return [
            ScoredId(point.id, round(score, _TIE))
            for point, score in zip(there, scores, strict=True)
            if math.isfinite(score)
        ]

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
        keep = self._mask(restriction)
        for row, point in enumerate(list(self._points.values())):
            if keep is None or keep[row]:
                yield _seen(point, vectors)

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        keep = self._mask(restriction)
        return len(self._points) if keep is None else int(keep.sum())

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        if self._declared().get(field) not in ("words", "boolean"):
            raise QueryError(f"field {field!r} can't be counted by value: it was not declared as words or boolean")
        found = Counter(
            value for point in self.scan(restriction) if isinstance(value := point.attributes.get(field), str | bool)
        )
        return sorted(found.items(), key=lambda entry: (-entry[1], str(entry[0])))[:limit]

    def declare(self, fields: Mapping[str, FieldKind]) -> None:
        text = json.dumps({**self._declared(), **fields}, ensure_ascii=False)
        write_text(self._folder / "fields.json", text)

    def set_keys(self, kind: RouteKind, keys: Mapping[str, str]) -> None:
        there: dict[str, dict[str, str]] = {kind: {id_: key for id_, key in keys.items() if id_ in self._points}}
        if there[kind]:
            self._write([], [], keys=there)
            self._change([], [], there)

    def same_content(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = defaultdict(list)
        for point in self._points.values():
            groups[point.hash].append(point.id)
        return {key: sorted(ids) for key, ids in groups.items() if key and len(ids) > 1}

    def optimise(self, *, graph: bool) -> None:
        """Fold the change files into one. There is no graph to build."""
        old = sorted(self._folder.glob("*.npz"))
        if len(old) > 1:
            self._write(list(self._points.values()), [], self._keys, clear=True)
            for file in old:  # replayed before the new one, they change nothing: safe at any moment
                file.unlink()

    def close(self) -> None:
        self._points.clear()
        self._matrix.clear()
        self._keys.clear()

    # how it is kept

    def _kept(self, name: str, vector: Vector) -> Vector:
        vector = np.ascontiguousarray(vector, dtype=np.float32)
        return unit(vector) if self.layout[name].metric == "cosine" else vector

    def _rows(self, using: str) -> Vectors:
        if using not in self._matrix:
            rows = [point.vectors[using] for point in self._points.values()]
            self._matrix[using] = np.array(rows, np.float32).reshape(len(rows), self.layout[using].dim)
        return self._matrix[using]

    def _mask(self, restriction: Restriction) -> NDArray[np.bool_] | None:
        condition, among, within = restriction.condition, restriction.among, restriction.within
        if condition is None and among is None:
            return None if within is None else self._routed(within)
        wanted = None if among is None else set(among)
        mask = np.array(
            [
                (wanted is None or point.id in wanted) and (condition is None or matches(condition, point.attributes))
                for point in self._points.values()
            ],
            dtype=bool,
        )
        return mask if within is None else mask & self._routed(within)

    def _routed(self, within: RoutingFilter) -> NDArray[np.bool_]:
        kind = within.kind
        if kind not in self._places:
            keys = self._keys.get(kind, {})
            places: dict[str, list[int]] = defaultdict(list)
            for row, id_ in enumerate(self._points):
                if id_ in keys:
                    places[keys[id_]].append(row)
            self._places[kind] = {key: np.array(rows, np.intp) for key, rows in places.items()}
        mask = np.zeros(len(self._points), np.bool_)
        for key in within.keys:
            mask[self._places[kind].get(key, [])] = True
        return mask

    def _declared(self) -> dict[str, FieldKind]:
        file = self._folder / "fields.json"
        return dict(json.loads(file.read_bytes())) if file.exists() else {}

    def _change(
        self, fresh: Sequence[Point], gone: Iterable[str], keys: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        for id_ in (*gone, *(point.id for point in fresh)):
            for one in self._keys.values():
                one.pop(id_, None)
        for id_ in gone:
            self._points.pop(id_, None)
        self._points.update((point.id, point) for point in fresh)
        for kind, some in (keys or {}).items():
            self._keys.setdefault(kind, {}).update(some)
        self._places.clear()
        if fresh or gone:
            self._matrix.clear()

    def _write(
        self,
        fresh: list[Point],
        gone: list[str],
        keys: Mapping[str, Mapping[str, str]] | None = None,
        *,
        clear: bool = False,
    ) -> None:
        write_change(self._folder / f"{self._next:08d}.npz", self.layout, Change(fresh, gone, keys or {}, clear))
        self._next += 1

    def _replay(self, file: Path) -> None:
        change = read_change(file, self.layout)
        if change.clear:
            self._points.clear()
            self._keys.clear()
        self._change(change.fresh, change.gone, change.keys)


def _scores(rows: Vectors, vector: Vector, spec: VectorSpec) -> Vector:
    """float32 (n,): the score of each row."""
    if spec.metric == "cosine":
        return np.asarray(rows @ unit(vector))
    return np.asarray(-np.linalg.norm(rows - vector, axis=1))


def _seen(point: Point, vectors: bool) -> Point:
    if vectors:
        return point
    return Point(point.id, {}, point.attributes, point.hash, point.source, point.fingerprint)
