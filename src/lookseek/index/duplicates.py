"""Photos that an index holds more than once: the same bytes, or nearly the same picture."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..store import Store
from ..store.schema import COLOUR, LOOK
from ..types import Point

DISTANCE = 3
"""Bits in which each half of near-identical photos' fingerprints may differ."""
LOOK_AT_LEAST, COLOUR_AT_LEAST = 0.965, 0.985
"""Cosines that near-identical photos reach as well, since fingerprints of a shop's white photos are much alike.
Set so that most photos saved again are found and T-shirts with other prints are not (docs/benchmarks/duplicates.md)."""

_BANDS, _BAND_BITS = 4, 16  # by the pigeonhole principle 64 bits that differ in 3 places agree in 1 of 4 bands
_CHUNK = 512
"""Pairs whose vectors are compared at a time: up to 1,024 points, which Python holds at 45 KB each."""

Fingerprints = NDArray[np.uint64]
"""Fingerprints, uint64 (n, 2)."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Groups of ids, each ascending and of two or more.

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
    ids, prints = list[str](), array("Q")
    for point in store.scan():
        if point.fingerprint and point.id not in spare:
            ids.append(point.id)
            prints.extend(_halves(point))
    pairs = sorted(set(similar_fingerprints(np.frombuffer(prints, np.uint64).reshape(-1, 2))))
    near = connected_groups(_verified(store, [(ids[a], ids[b]) for a, b in pairs]))
    return Duplicates(tuple(same), tuple(near))


def near_identical(a: Point, b: Point) -> bool:
    """Return whether two points show the same photo: the same bytes, or alike in outline, look and colour."""
    if a.hash and a.hash == b.hash:
        return True
    if not a.fingerprint or not b.fingerprint:
        return False
    apart = ((x ^ y).bit_count() for x, y in zip(_halves(a), _halves(b), strict=True))
    return max(apart) <= DISTANCE and _same_vectors(a, b)


def similar_fingerprints(prints: Fingerprints) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows whose fingerprints differ in at most ``DISTANCE`` bits in each half; each once or more.

    Equal fingerprints are paired with the first of their kind only, so that a thousand blank photos give a thousand
    pairs, not half a million.
    """
    if not len(prints):
        return
    values, first, back = np.unique(prints, axis=0, return_index=True, return_inverse=True)
    back = back.reshape(-1)
    for row in np.flatnonzero(first[back] != np.arange(len(prints))):
        yield int(first[back[row]]), int(row)
    for band in range(_BANDS):
        key = (values[:, 0] >> np.uint64(band * _BAND_BITS)) & np.uint64(2**_BAND_BITS - 1)
        order = np.argsort(key, kind="stable")
        cuts = np.flatnonzero(np.diff(key[order])) + 1
        for start, end in pairwise([0, *cuts.tolist(), len(order)]):
            bucket = order[start:end]
            for place in range(len(bucket) - 1):
                rest = bucket[place + 1 :]
                apart = np.bitwise_count(values[rest] ^ values[bucket[place]])
                for other in rest[(apart <= DISTANCE).all(axis=1)]:
                    a, b = sorted((int(first[bucket[place]]), int(first[other])))
                    yield a, b


def connected_groups(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return ids that pairs connect, as sorted groups."""
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


def _verified(store: Store, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for at in range(0, len(pairs), _CHUNK):
        chunk = pairs[at : at + _CHUNK]
        points = {point.id: point for point in store.get(sorted({id_ for pair in chunk for id_ in pair}))}
        yield from ((a, b) for a, b in chunk if _same_vectors(points[a], points[b]))


def _same_vectors(a: Point, b: Point) -> bool:
    least = {LOOK: LOOK_AT_LEAST, COLOUR: COLOUR_AT_LEAST}  # an index of features may keep no colours
    return all(
        float(a.vectors[name] @ b.vectors[name]) >= cosine for name, cosine in least.items() if name in a.vectors
    )


def _halves(point: Point) -> tuple[int, int]:
    return int(point.fingerprint[:16], 16), int(point.fingerprint[16:], 16)
