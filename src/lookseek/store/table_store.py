"""Points in memory, searched by comparing with all of them: what the numpy store and edits of an index read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..types import Point, Value, Vector
from .base import UNRESTRICTED, Restriction, ScoredId
from .plain_table import Table
from .schema import Layout, check_query
from .scoring import score_all
from .ties import TIE

__all__ = ["TableStore"]


class TableStore:
    """The half of a store that reads, over points in memory. See ``Store`` for what each method promises.

    Args:
        layout: the named vectors.
        table: the points.
        half: queries are rounded to float16, as the embedded engine compares.
    """

    def __init__(self, layout: Layout, table: Table, *, half: bool = False) -> None:
        self.layout = layout
        self._table, self._half = table, half

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        points = self._table.points
        return [_select(points[id_], vectors) for id_ in ids if id_ in points]

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        keep = self._table.mask(restriction)
        chosen = np.arange(len(self._table)) if keep is None else np.flatnonzero(keep)
        scores = score_all(
            self._table.embeddings(using), vector, spec.metric, None if keep is None else chosen, half=self._half
        )
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
        scores = score_all(self._table.embeddings(using), vector, spec.metric, chosen, half=self._half)
        return [
            ScoredId(every[row], round(float(score), TIE))
            for row, score in zip(chosen.tolist(), scores, strict=True)
            if np.isfinite(score)
        ]

    def scan(self, restriction: Restriction = UNRESTRICTED, *, vectors: bool = False) -> Iterator[Point]:
        keep = self._table.mask(restriction)
        for row, point in enumerate(list(self._table.points.values())):
            if keep is None or keep[row]:
                yield _select(point, vectors)

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        keep = self._table.mask(restriction)
        return len(self._table) if keep is None else int(np.count_nonzero(keep))

    def value_counts(self, field: str, restriction: Restriction = UNRESTRICTED) -> list[tuple[Value, int]]:
        """Return every text and boolean that points have in a field, with how many have it, in any order."""
        return list(self._table.column(field).counts(self._table.mask(restriction)))

    def same_content(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = defaultdict(list)
        for point in self._table.points.values():
            groups[point.hash].append(point.id)
        return {key: sorted(ids) for key, ids in groups.items() if key and len(ids) > 1}


def _select(point: Point, vectors: bool) -> Point:
    return point if vectors else replace(point, vectors={})
