"""Where points are kept and searched: one protocol, an embedded engine and a plain numpy reference.

A store knows points, vectors and conditions; it does not know photos, models or index folders.
Whatever a store promises here, ``tests/test_store.py`` checks over every implementation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from ..filters import Condition
from ..types import Point, RouteKind, StoreKind, Value, Vector
from .schema import FieldKind, Layout, VectorSpec

__all__ = [
    "FieldKind",
    "Layout",
    "Scored",
    "Store",
    "StoreKind",
    "VectorSpec",
    "Within",
    "create_store",
    "open_store",
]


class Scored(NamedTuple):
    """An id and its score; higher is better."""

    id: str
    score: float


class Within(NamedTuple):
    """Only points to which ``Store.set_keys`` gave one of these keys of this kind."""

    kind: RouteKind
    keys: Sequence[str]


class Store(Protocol):
    """Points with named vectors and attributes, kept in one folder."""

    layout: Layout

    def add(self, points: Sequence[Point]) -> None:
        """Insert points, or replace those whose id is there already.

        When this returns, the points survive the death of the process.

        Args:
            points: each with every vector of the layout, finite; a repeated id: the last one stays.

        Raises:
            QueryError: a vector that is missing, of another dimension, not finite, or zero under cosine.
        """

    def delete(self, ids: Iterable[str]) -> int:
        """Remove points; ids that are not there are passed over. Returns how many were there."""

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        """The points of these ids that exist, in the order asked.

        Vectors under cosine come back with length 1, and with the precision that the store keeps.
        """

    def search(
        self,
        using: str,
        vector: Vector,
        k: int,
        *,
        condition: Condition | None = None,
        among: Sequence[str] | None = None,
        within: Within | None = None,
        exact: bool = False,
    ) -> list[Scored]:
        """The k points whose vector ``using`` is nearest.

        Args:
            using: a name of the layout.
            vector: float32 (dim,), any length.
            k: at the most this many; fewer where fewer points qualify.
            condition: only points whose attributes meet it.
            among: only points of these ids.
            within: only points with these routing keys; a point without a key of that kind has none of them.
            exact: compare with every point even where there is a graph.

        Returns:
            By descending score, equal scores by ascending id. Score is the cosine, or minus the distance.

        Raises:
            QueryError: an unknown ``using``, or a vector of another dimension or not finite.
        """

    def recommend(
        self,
        using: str,
        like: Sequence[str],
        unlike: Sequence[str],
        k: int,
        *,
        condition: Condition | None = None,
        within: Within | None = None,
        exact: bool = False,
    ) -> list[Scored]:
        """The k points that are most like some and least like others: a search for what ``examples.aim`` makes of them.

        Args:
            using: a name of the layout.
            like: ids of points, at least one; a repeated one counts as often.
            unlike: ids of points, may be empty.
            k: at the most this many; none of them is an example.
            condition: see ``search``; examples need not meet it.
            within: see ``search``.
            exact: see ``search``.

        Returns:
            As ``search`` does.

        Raises:
            QueryError: an id that is not there, nothing that is liked, examples that cancel each other, or an unknown
                ``using``.
        """

    def scan(self, *, condition: Condition | None = None, vectors: bool = False) -> Iterator[Point]:
        """All points, each once, in an order that stays the same while nothing changes; memory bounded."""

    def count(self, condition: Condition | None = None) -> int:
        """How many points meet the condition."""

    def facet(self, field: str, *, condition: Condition | None = None, limit: int = 100) -> Sequence[tuple[Value, int]]:
        """The values of a declared field and how many points have each, most first, then by value.

        Raises:
            QueryError: the field was not declared, or holds numbers (ask with a range instead).
        """

    def declare(self, fields: Mapping[str, FieldKind]) -> None:
        """Make these attributes quick to filter by and countable. Filters work without it, more slowly."""

    def set_keys(self, kind: RouteKind, keys: Mapping[str, str]) -> None:
        """Give points their routing key of one kind, which searches ``within`` keys go by. Vectors stay as they are.

        A key is no attribute: no filter sees it and no point shows it. Adding a point again takes its keys away.
        When this returns, the keys survive the death of the process.

        Args:
            kind: the router's; keys of another kind stay.
            keys: id to key; ids that are not there are passed over, points that are not named keep what they have.
        """

    def same_content(self) -> dict[str, list[str]]:
        """Content hash to ids, for every hash that two or more points share; ids ascending."""

    def optimise(self, *, graph: bool) -> None:
        """Tidy up after many changes and, where ``graph`` says so, build the HNSW graphs. May take minutes."""

    def close(self) -> None:
        """Release the files. Nothing else may be called afterwards."""


def create_store(kind: StoreKind, folder: Path, layout: Layout) -> Store:
    """Make an empty store in a folder that does not exist yet."""
    if kind == "numpy":
        from .plain import PlainStore

        return PlainStore.create(folder, layout)
    from .edge import EdgeStore

    return EdgeStore.create(folder, layout)


def open_store(kind: StoreKind, folder: Path, layout: Layout) -> Store:
    """Open a store that is there.

    Raises:
        IndexDamaged: its files can't be read.
    """
    if kind == "numpy":
        from .plain import PlainStore

        return PlainStore(folder, layout)
    from .edge import EdgeStore

    return EdgeStore(folder, layout)
