"""What a store is: the one protocol of all of them, what a search may be restricted to, and what it returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ..filters import Condition
from ..types import Point, RouterType, Value, Vector
from .schema import FieldType, Layout

__all__ = ["UNRESTRICTED", "Restriction", "RoutingFilter", "ScoredId", "Store"]


class ScoredId(NamedTuple):
    """An id and its score; higher is better."""

    id: str
    score: float


class RoutingFilter(NamedTuple):
    """Keeps the points to which ``Store.set_keys`` gave one of these keys of this kind."""

    kind: RouterType
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Restriction:
    """Which points a search compares with, and how. A point must meet every part that is given.

    Args:
        condition: only points whose attributes meet it.
        among: only points of these ids; ids that no point has are passed over.
        within: only points with these routing keys; a point without a key of that kind has none of them.
        exact: compare with every such point even where there is a graph. Counting, scanning and facets are always
            exact.
    """

    condition: Condition | None = None
    among: Sequence[str] | None = None
    within: RoutingFilter | None = None
    exact: bool = False


UNRESTRICTED = Restriction()
"""All points, by a graph where there is one."""


class Store(Protocol):
    """Points with named vectors and attributes, kept in one folder."""

    layout: Layout

    def add(self, points: Sequence[Point]) -> None:
        """Insert points, or replace those whose id is there already.

        When this returns, the points survive the death of the process.

        Args:
            points: each with every vector of the layout, finite: (dim,), or (n, dim) with n >= 0 where the layout keeps
                several of a name. Of a repeated id the last one stays.

        Raises:
            QueryError: a vector that is missing, of another dimension, not finite, or zero under cosine.
        """

    def delete(self, ids: Iterable[str]) -> int:
        """Remove points; ids that are not there are passed over. Returns how many were there."""

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        """Return the points of these ids that exist, in the order of the ids.

        Vectors under cosine come back with length 1, and with the precision that the store keeps.
        """

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        """Return the k points whose vector ``using`` is nearest.

        Args:
            using: a name of the layout.
            vector: float32 (dim,), any length; also (m, dim) with m >= 1 where items have several vectors of that name.
            k: at the most this many; fewer where fewer points qualify.
            restriction: which points may be returned.

        Returns:
            By descending score, equal scores by ascending id. Score is the cosine, or minus the distance; where items
            have several vectors of that name, MaxSim (see ``VectorSpec``), and those that have none are left out.

        Raises:
            QueryError: an unknown ``using``, or a vector of another dimension or not finite.
        """

    def score(self, using: str, vector: Vector, ids: Sequence[str]) -> list[ScoredId]:
        """Return the scores of exactly these points, as ``search`` scores them.

        Args:
            using: a name of the layout.
            vector: as for ``search``.
            ids: of points, each once.

        Returns:
            In the order of the ids; those that no point has, or whose stored vector can't be compared, are left out.

        Raises:
            QueryError: as ``search``.
        """

    def recommend(
        self,
        using: str,
        like: Sequence[str],
        unlike: Sequence[str],
        k: int,
        restriction: Restriction = UNRESTRICTED,
    ) -> list[ScoredId]:
        """Return the k points that are most like some and least like others: a search for their average vector.

        Args:
            using: a name of the layout.
            like: ids of points, at least one; a repeated one counts as often.
            unlike: ids of points, may be empty.
            k: at the most this many; none of them is an example.
            restriction: which points may be returned; examples need not meet it.

        Returns:
            As ``search`` does.

        Raises:
            QueryError: an id that is not there, nothing that is liked, examples that cancel each other, or an unknown
                ``using``.
        """

    def scan(self, restriction: Restriction = UNRESTRICTED, *, vectors: bool = False) -> Iterator[Point]:
        """Yield points, each once, in an order that stays the same while nothing changes; memory bounded."""

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        """Return the number of points."""

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        """Return the values of a declared field and how many points have each, most first, then by value.

        Raises:
            QueryError: the field was not declared, or holds numbers (use a range instead).
        """

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        """Make these attributes quick to filter by and countable. Filters work without it, more slowly."""

    def set_keys(self, kind: RouterType, keys: Mapping[str, str]) -> None:
        """Give points their routing key of one kind, for a ``RoutingFilter``. Vectors stay as they are.

        A key is no attribute: no filter sees it and no point shows it. Adding a point again takes its keys away.
        When this returns, the keys survive the death of the process.

        Args:
            kind: the router's; keys of another kind stay.
            keys: id to key; ids that are not there are passed over, points that are not named keep what they have.
        """

    def same_content(self) -> dict[str, list[str]]:
        """Return content hash to ids, for every hash that two or more points share; ids ascending."""

    def optimise(self, *, graph: bool) -> None:
        """Tidy up after many changes and, with ``graph``, build the HNSW graphs. May take minutes."""

    def close(self) -> None:
        """Release the files. Nothing else may be called afterwards."""
