"""Which answers are right: the grades of a gallery for each query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["BARRED", "Grades", "Listed", "SameLabel", "Truth"]

Grades: TypeAlias = NDArray[np.int8]
"""How right each item of a gallery is for each query, (queries, gallery): 0 wrong, 1 right, 2 and more very
right; -1 (``BARRED``): not in this query's gallery, e.g. the query photo itself."""

BARRED = -1


class Truth(Protocol):
    """Which answers are right."""

    def grades(self, rows: slice) -> Grades:
        """Return the grades of the gallery for some of the queries, int8 (rows, gallery)."""
        ...

    def keep(self, queries: NDArray[np.intp], gallery: NDArray[np.intp]) -> Truth:
        """Return the same truth for some of the queries and some of the gallery, in the order of these rows."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class SameLabel:
    """Right means the same label.

    Args:
        query_labels: label of each query, any integers, (queries,).
        gallery_labels: label of each gallery item, (gallery,).
        own: gallery row of each query's own photo, which is barred; -1 where it is not in the gallery.
    """

    query_labels: NDArray[np.int64]
    gallery_labels: NDArray[np.int64]
    own: NDArray[np.int64]

    def grades(self, rows: slice) -> Grades:
        """See Truth."""
        grades: Grades = (self.query_labels[rows, None] == self.gallery_labels).astype(np.int8)
        own = self.own[rows]
        there = np.flatnonzero(own >= 0)
        grades[there, own[there]] = BARRED
        return grades

    def keep(self, queries: NDArray[np.intp], gallery: NDArray[np.intp]) -> SameLabel:
        """See Truth."""
        place = np.full(len(self.gallery_labels) + 1, -1, np.int64)  # its last entry answers for -1
        place[gallery] = np.arange(len(gallery))
        return SameLabel(self.query_labels[queries], self.gallery_labels[gallery], place[self.own[queries]])


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """Right is what is listed.

    Args:
        size: of the gallery.
        right: for each query its right gallery rows and their grades, row to grade >= 1.
        barred: for each query the gallery rows that are not in its gallery; () for none anywhere.
        among: for each query the only rows that are in its gallery; () for all everywhere.
    """

    size: int
    right: tuple[Mapping[int, int], ...]
    barred: tuple[tuple[int, ...], ...] = ()
    among: tuple[tuple[int, ...], ...] = ()

    def grades(self, rows: slice) -> Grades:
        """See Truth."""
        right = self.right[rows]
        grades = np.full((len(right), self.size), BARRED if self.among else 0, np.int8)
        if self.among:
            for place, some in enumerate(self.among[rows]):
                grades[place, list(some)] = 0
        for place, listed in enumerate(right):
            grades[place, list(listed)] = list(listed.values())
        if self.barred:
            for place, some in enumerate(self.barred[rows]):
                grades[place, list(some)] = BARRED
        return grades

    def keep(self, queries: NDArray[np.intp], gallery: NDArray[np.intp]) -> Listed:
        """See Truth."""
        place = {int(row): new for new, row in enumerate(gallery)}

        def rows(some: Sequence[int]) -> tuple[int, ...]:
            return tuple(place[row] for row in some if row in place)

        return Listed(
            len(gallery),
            tuple({place[row]: grade for row, grade in self.right[q].items() if row in place} for q in queries),
            tuple(rows(self.barred[q]) for q in queries) if self.barred else (),
            tuple(rows(self.among[q]) for q in queries) if self.among else (),
        )
