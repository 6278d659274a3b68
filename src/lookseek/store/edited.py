"""A store with edits over it: points of a folder that stays as it is, and in memory what was added and removed since.

A search asks the store below for as many more as edits hide, compares with the few new points one by one, and merges
both in the one order of all stores. Counts and facets take away what the hidden points counted for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn, Protocol

import numpy as np

from ..filters import And, In
from ..types import Point, RouterType, Value, Vector
from .base import UNRESTRICTED, Restriction, ScoredId, Store
from .changes import Change
from .examples import recommend_by_search
from .plain_table import Table
from .schema import FieldType, Layout, VectorSpec
from .table_store import TableStore

__all__ = ["EditableStore", "EditedStore"]

_FEW = 32
"""Hidden points that a search expects among the first ones, before it asks for more."""
_UNIT = 1e-6
"""How far the square of a length may be from 1 for a vector that the engine keeps as it is. Source: Qdrant's
``is_length_zero_or_normalized``."""


class EditableStore(Store, Protocol):
    """A store of a folder over which edits can lie."""

    half: bool
    """Whether it keeps and compares vectors as float16."""

    def check(self, points: Sequence[Point]) -> dict[str, Point]:
        """Return points by id, the last of each id, after all checks that ``add`` makes. Raises as ``add`` does."""


class EditedStore:
    """Points of a store, as they are after edits. See ``Store`` for what each method promises.

    One that readers have never changes: ``after`` returns another one over the same store below.

    Args:
        below: what is edited; nothing of it is changed.
    """

    def __init__(self, below: EditableStore) -> None:
        self.layout: Layout = below.layout
        self.below = below
        self._use(Table(below.layout), Table({}))

    def after(self, changes: Sequence[Change]) -> EditedStore:
        """Return the store as it is after some changes; this one stays as it is."""
        edited = EditedStore(self.below)
        edited._use(*self._changed(changes))
        return edited

    @property
    def growth(self) -> int:
        """How many points it has more than the store below; negative where it has fewer."""
        return len(self._fresh_table) - len(self._hidden)

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        fresh = self._fresh_table.points
        old = list(dict.fromkeys(id_ for id_ in ids if id_ not in fresh and id_ not in self._hidden.points))
        found = {point.id: point for point in self.below.get(old, vectors=vectors)} if old else {}
        found |= {point.id: point for point in self._fresh.get([id_ for id_ in ids if id_ in fresh], vectors=vectors)}
        return [found[id_] for id_ in ids if id_ in found]

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        found = [*self._search_below(using, vector, k, restriction), *self._fresh.search(using, vector, k, restriction)]
        return sorted(found, key=lambda hit: (-hit.score, hit.id))[:k]

    def score(self, using: str, vector: Vector, ids: Sequence[str]) -> list[ScoredId]:
        fresh = self._fresh_table.points
        old = [id_ for id_ in ids if id_ not in fresh and id_ not in self._hidden.points]
        scores = dict(self._fresh.score(using, vector, [id_ for id_ in ids if id_ in fresh]))
        scores |= dict(self.below.score(using, vector, old))
        return [ScoredId(id_, scores[id_]) for id_ in ids if id_ in scores]

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
        hidden = self._hidden.points
        yield from (p for p in self.below.scan(restriction, vectors=vectors) if p.id not in hidden)
        yield from self._fresh.scan(restriction, vectors=vectors)

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        return self.below.count(restriction) - self._count_hidden(restriction) + self._fresh.count(restriction)

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        change = Counter(dict(self._fresh.value_counts(field, restriction)))
        change.subtract(dict(self._hidden_values(field, restriction)))
        changed = {value: more for value, more in change.items() if more}
        take = limit + len(changed)
        counts = dict(self.below.facet(field, restriction, limit=take))
        if len(counts) == take and (cut_off := tuple(value for value in changed if value not in counts)):
            one_of_them = In(field, cut_off)
            parts = (one_of_them,) if restriction.condition is None else (restriction.condition, one_of_them)
            with_one = replace(restriction, condition=And(parts) if len(parts) > 1 else one_of_them)
            theirs = dict(self.below.facet(field, with_one, limit=max(1, self.below.count(with_one)) * take))
            counts |= {value: theirs[value] for value in cut_off if value in theirs}
        for value, more in changed.items():
            counts[value] = counts.get(value, 0) + more
        there = [(value, count) for value, count in counts.items() if count > 0]
        return sorted(there, key=lambda entry: (-entry[1], str(entry[0])))[:limit]

    def same_content(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for point in self.scan():
            groups.setdefault(point.hash, []).append(point.id)
        return {key: sorted(ids) for key, ids in groups.items() if key and len(ids) > 1}

    def close(self) -> None:
        self.below.close()

    def add(self, points: Sequence[Point]) -> None:
        self._refuse("added")

    def delete(self, ids: Iterable[str]) -> int:
        self._refuse("deleted")

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        self._refuse("declared")

    def set_keys(self, kind: RouterType, keys: Mapping[str, str]) -> None:
        self._refuse("keyed")

    def optimise(self, *, graph: bool) -> None:
        self._refuse("optimised")

    def _refuse(self, what: str) -> NoReturn:
        raise RuntimeError(f"nothing can be {what} in an edited store: that takes a generation of its own")

    def _take(self, other: EditedStore) -> None:
        """Become another one over the same store."""
        self._use(other._fresh_table, other._hidden)

    def _use(self, fresh: Table, hidden: Table) -> None:
        """Have these points: new ones, and those of the store below that are no more, without their vectors."""
        self._fresh_table, self._hidden = fresh, hidden
        self._fresh = TableStore(self.layout, fresh, half=self.below.half)
        self._gone = TableStore({}, hidden)

    def _changed(self, changes: Sequence[Change]) -> tuple[Table, Table]:
        """Return the points as they are after some changes."""
        fresh, hidden = self._fresh_table.copy(), self._hidden.copy()
        touched = dict.fromkeys(id_ for change in changes for id_ in (*change.gone, *(p.id for p in change.fresh)))
        unknown = [id_ for id_ in touched if id_ not in fresh.points and id_ not in hidden.points]
        if unknown:
            hidden.apply(Change(fresh=self.below.get(unknown, vectors=False)))
        for change in changes:
            fresh.apply(Change(fresh=[self._as_kept(point) for point in change.fresh], gone=change.gone))
        return fresh, hidden

    def _as_kept(self, point: Point) -> Point:
        """Return a point with its vectors as the store below would keep them."""
        kept = {name: _as_kept(point.vectors[name], spec, self.below.half) for name, spec in self.layout.items()}
        return replace(point, vectors=kept, attributes=dict(point.attributes))

    def _search_below(self, using: str, vector: Vector, k: int, restriction: Restriction) -> list[ScoredId]:
        hidden = self._hidden.points
        if restriction.among is not None:
            among = [id_ for id_ in restriction.among if id_ not in hidden]
            return self.below.search(using, vector, k, replace(restriction, among=among))
        take = k + min(len(hidden), _FEW)
        while True:
            found = self.below.search(using, vector, take, restriction)
            visible = [hit for hit in found if hit.id not in hidden]
            if len(visible) >= k or len(found) < take:
                return visible[:k]
            take = min(2 * take, k + len(hidden))

    def _count_hidden(self, restriction: Restriction) -> int:
        if restriction.within is None:
            return self._gone.count(restriction)
        return self.below.count(self._among_hidden(restriction))

    def _hidden_values(self, field: str, restriction: Restriction) -> Sequence[tuple[Value, int]]:
        if restriction.within is None:
            return self._gone.value_counts(field, restriction)
        among = self._among_hidden(restriction)
        values = sum(len(v) if isinstance(v := p.attributes.get(field), tuple) else 1 for p in self._gone.scan())
        return self.below.facet(field, among, limit=max(1, values))

    def _among_hidden(self, restriction: Restriction) -> Restriction:
        """Restrict to hidden points: routing keys are known to the store below alone."""
        hidden = self._hidden.points
        ids = hidden if restriction.among is None else (id_ for id_ in restriction.among if id_ in hidden)
        return replace(restriction, among=list(ids))


def _as_kept(vector: Vector, spec: VectorSpec, half: bool) -> Vector:
    vector = np.ascontiguousarray(vector, np.float32)
    if spec.metric == "cosine" and len(vector):
        squares = np.einsum("...d,...d->...", vector, vector, dtype=np.float64)[..., None]
        lengths = np.where(half & (np.abs(squares - 1) <= _UNIT), 1.0, np.sqrt(squares))
        vector = (vector / lengths).astype(np.float32)
    return vector.astype(np.float16).astype(np.float32) if half else vector
