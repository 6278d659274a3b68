"""Fits a router on the items of an index and gives each item its key. Published like every change: whole."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexMissing, QueryError
from ..progress import Progress
from ..route import files
from ..route.fit import CELLS, Preset, check_installed, fit_kmeans, fit_svm
from ..route.probability_mass import TOP, Choice, choose
from ..route.router import Router
from ..store.schema import LOOK
from ..types import RouterType, Vectors
from .address import Address, place_of
from .manifest import Manifest, RouterInfo
from .place import Place, PlaceWriter
from .routers import ARRAYS, ESTIMATOR, router_file

__all__ = ["RoutingSummary", "route_index"]

_DEFAULT_FIELD = "category"
"""The attribute that an SVM learns where none is named."""

_VALIDATION_QUERIES = 1000
"""Validation items that are searched with, at the most."""

_BLOCK = 256
"""Queries compared at a time: with 50,000 items 50 MB of scores."""


@dataclass(frozen=True, slots=True)
class RoutingSummary:
    """What routing an index did.

    Args:
        kind: of the router.
        info: what the index keeps of it now.
        choice: what validation found; the router was not fitted on its queries.
        milliseconds: what the router takes for one query, the median.
        seconds: what all of it took.
    """

    kind: RouterType
    info: RouterInfo
    choice: Choice
    milliseconds: float
    seconds: float


def route_index(
    index: Address,
    kind: RouterType,
    *,
    by: str | None = None,
    preset: Preset = "baseline",
    cells: int = CELLS,
    progress: Progress,
) -> RoutingSummary:
    """Fit a router on an index's items, choose how sure it must be, and key every item.

    The router learns from four fifths of the items; each of the others is searched with, without itself, for its exact
    neighbours. Searches see the index as it was until the end; whatever stops this earlier changes nothing.

    Args:
        index: its folder or address.
        kind: "svm" or "kmeans".
        by: of an SVM, the attribute that is learnt; None for ``category``.
        preset: of an SVM, see ``route.fit``.
        cells: of k-means.
        progress: receives every step.

    Raises:
        QueryError: no such attribute, too few items or values, or scikit-learn is not installed.
        IndexFolderError: no index, a damaged one, one that is being written, or whose last job was interrupted.
    """
    began = time.monotonic()
    check_installed()
    place = place_of(index)
    if place.published() is None and place.unfinished() is None:
        raise IndexMissing(f"there is no index in {place.address}: make one with lookseek index SOURCE {place.address}")
    with place.writing() as writer:
        manifest = _finished(place)
        by = _field(manifest, by) if kind == "svm" else ""
        ids, vectors, labels = _read(place, manifest, by, progress)
        held_out = np.array([_is_held_out(id) for id in ids], np.bool_)
        if held_out.all() or not held_out.any():
            raise QueryError(
                f"{place.address} holds {len(ids):,} items: routing one takes some dozens, index more of them"
            )
        learnt = np.flatnonzero(~held_out)
        progress.phase("learning" if kind == "svm" else "finding cells", None)
        if kind == "svm":
            router = fit_svm(vectors[learnt], [labels[row] for row in learnt], by, preset)
        else:
            router = fit_kmeans(vectors[learnt], cells)
        progress.phase("keying", len(ids))
        keys = _keys(router, vectors, progress)
        sizes = np.bincount(keys, minlength=len(router.keys)).astype(np.int64)
        queries = np.flatnonzero(held_out)[:_VALIDATION_QUERIES]
        progress.phase("validating", len(queries))
        neighbour_keys = keys[_nearest(vectors, queries, progress)]
        choice = choose(router.scores(vectors[queries]), neighbour_keys, sizes)
        router = router.tuned(choice.temperature, choice.probability_mass)
        milliseconds = _milliseconds(router, vectors[queries[:100]])
        counted = dict(zip(router.keys, sizes.tolist(), strict=True))
        info = RouterInfo(
            by, router.preset, counted, choice.temperature, choice.probability_mass, choice.kept, choice.visited
        )
        progress.phase("writing", None)
        _publish(writer, manifest, router, info, dict(zip(ids, (router.keys[key] for key in keys), strict=True)))
        return RoutingSummary(kind, info, choice, milliseconds, time.monotonic() - began)


def _finished(place: Place) -> Manifest:
    """Return the published manifest; a job that was interrupted must end first, since its items are not in it."""
    published, unfinished = place.published(), place.unfinished()
    if published is None or unfinished is not None:
        source = "" if unfinished is None else unfinished.source
        raise QueryError(
            f"the last index job of {place.address} was interrupted, and its items would be left without a key: finish "
            f"it first with lookseek index {source or 'SOURCE'} {place.address} (lookseek check names its options)"
        )
    return published


def _field(manifest: Manifest, by: str | None) -> str:
    words = [name for name, kind in manifest.fields.items() if kind == "words"]
    if by is None and _DEFAULT_FIELD in words:
        return _DEFAULT_FIELD
    if by not in words:
        reason = f"--by {by!r} is no attribute of words" if by else f"no item has a {_DEFAULT_FIELD}, so say --by FIELD"
        raise QueryError(f"{reason}: the index has {', '.join(words) or 'none'}")
    return by


def _read(place: Place, manifest: Manifest, by: str, progress: Progress) -> tuple[list[str], Vectors, list[str]]:
    store = place.open(manifest)
    try:
        count = store.count()
        progress.phase("reading", count)
        vectors = np.empty((count, manifest.spec.layout[LOOK].dim), np.float32)
        ids, labels = list[str](), list[str]()
        for row, point in enumerate(store.scan(vectors=True)):
            vectors[row] = point.vectors[LOOK]
            ids.append(point.id)
            label = point.attributes.get(by, "")
            labels.append(label if isinstance(label, str) else "")
            progress.advance(1)
        return ids, vectors, labels
    finally:
        store.close()


def _is_held_out(id: str) -> bool:
    """Return whether an item is kept for validation and not learnt from: a fifth, always the same ones."""
    return int.from_bytes(blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest()) % 5 == 0


def _keys(router: Router, vectors: Vectors, progress: Progress) -> NDArray[np.int64]:
    keys = np.empty(len(vectors), np.int64)
    for start in range(0, len(vectors), _BLOCK):
        keys[start : start + _BLOCK] = router.likeliest(vectors[start : start + _BLOCK])
        progress.advance(len(keys[start : start + _BLOCK]))
    return keys


def _nearest(vectors: Vectors, queries: NDArray[np.intp], progress: Progress) -> NDArray[np.intp]:
    """Return the rows of the exact neighbours of each query row, never itself, (queries, at most TOP)."""
    top = min(TOP, len(vectors) - 1)
    nearest = np.empty((len(queries), top), np.intp)
    for start in range(0, len(queries), _BLOCK):
        some = queries[start : start + _BLOCK]
        scores = vectors[some] @ vectors.T
        scores[np.arange(len(some)), some] = -np.inf
        nearest[start : start + _BLOCK] = np.argpartition(-scores, top - 1, axis=1)[:, :top]
        progress.advance(len(some))
    return nearest


def _milliseconds(router: Router, vectors: Vectors) -> float:
    taken = []
    for row in range(len(vectors)):
        began = time.perf_counter()
        router.select(vectors[row : row + 1], "soft")
        taken.append((time.perf_counter() - began) * 1000)
    return float(np.median(taken))


def _publish(writer: PlaceWriter, manifest: Manifest, router: Router, info: RouterInfo, keys: dict[str, str]) -> None:
    """Publish a copy of the generation, keyed, with the router's files."""
    routers = {**manifest.routers, router.kind: info}
    target = writer.start(replace(manifest, routers=routers), manifest)
    try:
        store = writer.open(target)
        try:
            store.set_keys(router.kind, keys)
        finally:
            store.close()
        for suffix, content in zip((ESTIMATOR, ARRAYS), files.dump(router), strict=True):
            writer.write_file(target, router_file(router.kind, suffix), content)
        now = datetime.now(UTC).isoformat(timespec="seconds")
    except BaseException:  # Ctrl-C too: nothing points to the copy
        writer.discard(target)
        raise
    writer.publish(replace(target, updated=now))
