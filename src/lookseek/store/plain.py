"""The numpy store: plain files, exact search, no engine. The reference, and enough for 50,000 items.

Every change is one file, written beside and renamed, so that what ``add`` has returned from is there
after any crash; opening replays them in order. ``optimise`` folds them into one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..atomic import write_text
from ..errors import IndexDamaged, QueryError
from ..types import Point, RouterType, Value, Vector
from ..vectors import unit
from .base import UNRESTRICTED, Restriction, ScoredId
from .changes import Change, read_change, write_change
from .examples import recommend_by_search
from .plain_table import Table
from .schema import FieldType, Layout, VectorSpec, check_points, check_query
from .scoring import score_all
from .ties import TIE


class PlainStore:
    """Points in memory, changes in files. See ``Store`` for what each method promises."""

    def __init__(self, folder: Path, layout: Layout, *, read_only: bool = False) -> None:
        self.layout = layout
        self._folder, self._read_only = folder, read_only
        self._table = Table(layout)
        if not folder.is_dir():
            raise IndexDamaged(f"{folder} is not there: run lookseek index again")
        self._next = 0
        for file in sorted(file for file in folder.glob("*.npz") if file.stem.isdecimal()):
            self._table.apply(read_change(file, layout))
            self._next = int(file.stem) + 1

    @classmethod
    def create(cls, folder: Path, layout: Layout) -> PlainStore:
        """Make an empty store; the folder must not exist."""
        folder.mkdir(parents=True)
        return cls(folder, layout)

    def add(self, points: Sequence[Point]) -> None:
        fresh = [
            replace(
                point,
                vectors={name: _normalise(point.vectors[name], spec) for name, spec in self.layout.items()},
                attributes=dict(point.attributes),
            )
            for point in check_points(points, self.layout).values()
        ]
        if fresh:
            self._commit(Change(fresh=fresh))

    def delete(self, ids: Iterable[str]) -> int:
        gone = [id_ for id_ in dict.fromkeys(ids) if id_ in self._table.points]
        if gone:
            self._commit(Change(gone=gone))
        return len(gone)

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        points = self._table.points
        return [_select(points[id_], vectors) for id_ in ids if id_ in points]

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        keep = self._table.mask(restriction)
        chosen = np.arange(len(self._table)) if keep is None else np.flatnonzero(keep)
        scores = score_all(self._table.embeddings(using), vector, spec.metric, None if keep is None else chosen)
        if not (compared := np.isfinite(scores)).all():  # without a vector of that name, or damaged
            chosen, scores = chosen[compared], scores[compared]
        if 0 < k < len(chosen):  # all that tie with the k-th stay in, so that the order by id decides
            values = np.round(scores, TIE)
            first = values >= np.partition(values, len(values) - k)[len(values) - k]
            chosen, scores = chosen[first], scores[first]
        ids = self._table.ids()
        ranked = sorted((-round(float(s), TIE), ids[row]) for row, s in zip(chosen.tolist(), scores, strict=True))
        return [ScoredId(id_, -score) for score, id_ in ranked[:k]]

    def score(self, using: str, vector: Vector, ids: Sequence[str]) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        chosen, every = self._table.rows_of(ids), self._table.ids()
        scores = score_all(self._table.embeddings(using), vector, spec.metric, chosen)
        return [
            ScoredId(every[row], round(float(score), TIE))
            for row, score in zip(chosen.tolist(), scores, strict=True)
            if np.isfinite(score)
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
        keep = self._table.mask(restriction)
        for row, point in enumerate(list(self._table.points.values())):
            if keep is None or keep[row]:
                yield _select(point, vectors)

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        keep = self._table.mask(restriction)
        return len(self._table) if keep is None else int(np.count_nonzero(keep))

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        if self._declared().get(field) not in ("words", "boolean"):
            raise QueryError(f"field {field!r} can't be counted by value: it was not declared as words or boolean")
        found = self._table.column(field).counts(self._table.mask(restriction))
        return sorted(found, key=lambda entry: (-entry[1], str(entry[0])))[:limit]

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        self._refuse_if_read_only()
        write_text(self._folder / "fields.json", json.dumps({**self._declared(), **fields}, ensure_ascii=False))

    def set_keys(self, kind: RouterType, keys: Mapping[str, str]) -> None:
        there = {id_: key for id_, key in keys.items() if id_ in self._table.points}
        if there:
            self._commit(Change(keys={kind: there}))

    def same_content(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = defaultdict(list)
        for point in self._table.points.values():
            groups[point.hash].append(point.id)
        return {key: sorted(ids) for key, ids in groups.items() if key and len(ids) > 1}

    def optimise(self, *, graph: bool) -> None:
        """Fold the change files into one. There is no graph to build."""
        old = sorted(self._folder.glob("*.npz"))
        if len(old) > 1:
            self._write(Change(fresh=list(self._table.points.values()), keys=self._table.keys, clear=True))
            for file in old:  # replayed before the new one, they change nothing: safe at any moment
                file.unlink()

    def close(self) -> None:
        self._table = Table(self.layout)

    def _commit(self, change: Change) -> None:
        self._write(change)
        self._table.apply(change)

    def _write(self, change: Change) -> None:
        self._refuse_if_read_only()
        write_change(self._folder / f"{self._next:08d}.npz", self.layout, change)
        self._next += 1

    def _refuse_if_read_only(self) -> None:
        if self._read_only:
            raise RuntimeError(f"{self._folder} was opened for reading alone: open it without read_only to change it")

    def _declared(self) -> dict[str, FieldType]:
        file = self._folder / "fields.json"
        return dict(json.loads(file.read_bytes())) if file.exists() else {}


def _normalise(vector: Vector, spec: VectorSpec) -> Vector:
    vector = np.ascontiguousarray(vector, dtype=np.float32)
    return unit(vector) if spec.metric == "cosine" else vector


def _select(point: Point, vectors: bool) -> Point:
    return point if vectors else replace(point, vectors={})
