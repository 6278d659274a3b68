"""The numpy store: plain files, exact search, no engine. The reference, and enough for 50,000 items.

Every change is one file, written beside and renamed, so that what ``add`` has returned from is there
after any crash; opening replays them in order. ``optimise`` folds them into one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
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
from .schema import FieldType, Layout, VectorSpec, check_points
from .table_store import TableStore


class PlainStore(TableStore):
    """Points in memory, changes in files. See ``Store`` for what each method promises."""

    half = False

    def __init__(self, folder: Path, layout: Layout, *, read_only: bool = False) -> None:
        super().__init__(layout, Table(layout))
        self._folder, self._read_only = folder, read_only
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

    def check(self, points: Sequence[Point]) -> dict[str, Point]:
        """Return points by id, the last of each id, after all checks that ``add`` makes. Raises as ``add`` does."""
        return check_points(points, self.layout)

    def add(self, points: Sequence[Point]) -> None:
        fresh = [
            replace(
                point,
                vectors={name: _normalise(point.vectors[name], spec) for name, spec in self.layout.items()},
                attributes=dict(point.attributes),
            )
            for point in self.check(points).values()
        ]
        if fresh:
            self._commit(Change(fresh=fresh))

    def delete(self, ids: Iterable[str]) -> int:
        gone = [id_ for id_ in dict.fromkeys(ids) if id_ in self._table.points]
        if gone:
            self._commit(Change(gone=gone))
        return len(gone)

    def recommend(
        self,
        using: str,
        like: Sequence[str],
        unlike: Sequence[str],
        k: int,
        restriction: Restriction = UNRESTRICTED,
    ) -> list[ScoredId]:
        return recommend_by_search(self, using, like, unlike, k, restriction)

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        if self._declared().get(field) not in ("words", "boolean"):
            raise QueryError(f"field {field!r} can't be counted by value: it was not declared as words or boolean")
        return sorted(self.value_counts(field, restriction), key=lambda entry: (-entry[1], str(entry[0])))[:limit]

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        self._refuse_if_read_only()
        write_text(self._folder / "fields.json", json.dumps({**self._declared(), **fields}, ensure_ascii=False))

    def set_keys(self, kind: RouterType, keys: Mapping[str, str]) -> None:
        there = {id_: key for id_, key in keys.items() if id_ in self._table.points}
        if there:
            self._commit(Change(keys={kind: there}))

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
