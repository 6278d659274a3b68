"""Photos that an index holds more than once: the same bytes, or nearly the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..store import Store
from ..store.schema import COLOUR, LOOK
from ..types import Point

DISTANCE = 3
"""Bits of 64 in which the difference hashes of near-identical photos may differ."""
LOOK_AT_LEAST, COLOUR_AT_LEAST = 0.93, 0.95
"""Cosines that near-identical photos reach. Of photos saved again at JPEG quality 60 to 90, or at 80 % of their
size, 19 in 20 reach both and the distance above; no two photos of 300 others do (docs/benchmarks/duplicates.md)."""

_BANDS, _BAND_BITS = 4, 16  # by the pigeonhole principle 64 bits that differ in 3 places agree in 1 of 4 bands


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Groups of ids, each ascending and of two or more; no id stands in both lists' same group twice.

    Args:
        same: photos whose bytes are the same.
        near: photos that look the same but are other bytes: another size, compression or light edit.
    """

    same: tuple[tuple[str, ...], ...] = ()
    near: tuple[tuple[str, ...], ...] = ()


def find_duplicates(store: Store) -> Duplicates:
    """Search a store for photos that it holds more than once. Memory: some 100 bytes an item."""
    same = sorted(tuple(ids) for ids in store.same_content().values())
    spare = {id_ for group in same for id_ in group[1:]}  # one of each stands for its copies
    ids, prints = [], []
    for point in store.scan():
        if point.fingerprint and point.id not in spare:
            ids.append(point.id)
            prints.append(int(point.fingerprint, 16))
    pairs = alike(np.array(prints, np.uint64))
    near = grouped(_verified(store, ((ids[a], ids[b]) for a, b in pairs)))
    return Duplicates(tuple(same), tuple(near))


def near_identical(a: Point, b: Point) -> bool:
    """Whether two points show the same photo: the same bytes, or alike in outline, look and colour."""
    if a.hash and a.hash == b.hash:
        return True
    if not a.fingerprint or not b.fingerprint:
        return False
    apart = (int(a.fingerprint, 16) ^ int(b.fingerprint, 16)).bit_count()
    return apart <= DISTANCE and _same_vectors(a, b)


def alike(prints: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Pairs of rows whose hashes differ in at most ``DISTANCE`` bits, each once or more.

    Equal hashes are paired with the first of their kind only, so that a thousand blank photos give a thousand
    pairs, not half a million.

    Args:
        prints: uint64 (n,).
    """
    values, first, back = np.unique(prints, return_index=True, return_inverse=True)
    for row in np.flatnonzero(first[back] != np.arange(len(prints))):
        yield int(first[back[row]]), int(row)
    for band in range(_BANDS):
        key = (values >> np.uint64(band * _BAND_BITS)) & np.uint64(2**_BAND_BITS - 1)
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.diff(key[order])) + 1
        for bucket in np.split(order, starts):
            for place, row in enumerate(bucket[:-1]):
                rest = bucket[place + 1 :]
                apart = np.bitwise_count(values[rest] ^ values[row])
                for other in rest[apart <= DISTANCE]:
                    yield int(first[row]), int(first[other])


def grouped(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Ids connected by pairs, as sorted groups."""
    parent: dict[str, str] = {}

    def root(id_: str) -> str:
        while parent.setdefault(id_, id_) != id_:
            parent[id_] = parent[parent[id_]]
            id_ = parent[id_]
        return id_

    for a, b in pairs:
        parent[root(a)] = root(b)
    groups: dict[str, list[str]] = defaultdict(list)
    for id_ in parent:
        groups[root(id_)].append(id_)
    return sorted(tuple(sorted(ids)) for ids in groups.values())


def _verified(store: Store, pairs: Iterable[tuple[str, str]], batch: int = 256) -> Iterator[tuple[str, str]]:
    waiting: list[tuple[str, str]] = []
    for pair in pairs:
        waiting.append(pair)
        if len(waiting) == batch:
            yield from _same(store, waiting)
            waiting = []
    yield from _same(store, waiting)


def _same(store: Store, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    points = {point.id: point for point in store.get(sorted({id_ for pair in pairs for id_ in pair}))}
    for a, b in pairs:
        if _same_vectors(points[a], points[b]):
            yield a, b


def _same_vectors(a: Point, b: Point) -> bool:
    return (
        float(a.vectors[LOOK] @ b.vectors[LOOK]) >= LOOK_AT_LEAST
        and float(a.vectors[COLOUR] @ b.vectors[COLOUR]) >= COLOUR_AT_LEAST
    )
