"""Routing an index: a router is fitted on its items and gives each its key. Published like every change: whole."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexMismatch, IndexMissing, QueryError
from ..progress import Progress
from ..route import files
from ..route.fit import CELLS, Preset, check_installed, fit_kmeans, fit_svm
from ..route.probability_mass import TOP, Choice, choose
from ..route.router import Router
from ..store.schema import LOOK
from ..types import RouteKind, Vectors
from .address import Address, place_of
from .manifest import Manifest, RouterInfo
from .place import ROUTERS, Place, PlaceWriter

__all__ = ["Keyed", "command", "open_router", "route_index", "routers_agree"]

USUAL = "category"
"""The attribute that an SVM goes by where none is named."""

ASKING = 1000
"""Items of the fifth that is kept apart that ask in validation, at the most."""

ESTIMATOR, ARRAYS = ".skops", ".npz"
"""The two files of a router, see ``route.files``."""

_BLOCK = 256
"""Questions compared at a time: with 50,000 items 50 MB of scores."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """What routing an index did.

    Args:
        kind: the router's.
        note: what the index knows of it now.
        choice: what validation saw; its questions were not fitted on.
        milliseconds: the router's own for one query, the median.
        seconds: how long it all took.
    """

    kind: RouteKind
    note: RouterInfo
    choice: Choice
    milliseconds: float
    seconds: float


def route_index(
    index: Address,
    kind: RouteKind,
    *,
    by: str | None = None,
    preset: Preset = "baseline",
    cells: int = CELLS,
    progress: Progress,
) -> Keyed:
    """Fit a router on an index's items, choose how sure it must be, and key every item.

    Four fifths of the items are learnt from; the others ask, each without itself, for their exact neighbours. The
    index answers as before until the end; whatever stops this earlier changes nothing.

    Args:
        index: its folder or address.
        kind: "svm" or "kmeans".
        by: of an SVM, the attribute that is learnt; None for ``USUAL``.
        preset: of an SVM, see ``route.fit``.
        cells: of k-means.
        progress: is told of every step.

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
        manifest = _whole(place)
        by = _field(manifest, by) if kind == "svm" else ""
        ids, vectors, labels = _read(place, manifest, by, progress)
        asking = np.array([_asks(id) for id in ids], np.bool_)
        if asking.all() or not asking.any():
            raise QueryError(
                f"{place.address} holds {len(ids):,} items: routing one takes some dozens, index more of them"
            )
        learnt = np.flatnonzero(~asking)
        progress.phase("learning" if kind == "svm" else "finding cells", None)
        if kind == "svm":
            router = fit_svm(vectors[learnt], [labels[row] for row in learnt], by, preset)
        else:
            router = fit_kmeans(vectors[learnt], cells)
        progress.phase("keying", len(ids))
        keys = _keys(router, vectors, progress)
        sizes = np.bincount(keys, minlength=len(router.keys)).astype(np.int64)
        asked = np.flatnonzero(asking)[:ASKING]
        progress.phase("validating", len(asked))
        wanted = keys[_nearest(vectors, asked, progress)]
        choice = choose(router.scores(vectors[asked]), wanted, sizes)
        router = router.tuned(choice.temperature, choice.probability_mass)
        took = _milliseconds(router, vectors[asked[:100]])
        counted = dict(zip(router.keys, sizes.tolist(), strict=True))
        note = RouterInfo(
            by, router.preset, counted, choice.temperature, choice.probability_mass, choice.kept, choice.visited
        )
        progress.phase("writing", None)
        _publish(writer, manifest, router, note, dict(zip(ids, (router.keys[key] for key in keys), strict=True)))
        return Keyed(kind, note, choice, took, time.monotonic() - began)


def open_router(place: Place, manifest: Manifest, kind: RouteKind) -> Router:
    """The router of an index that is open.

    Raises:
        QueryError: the index has none of this kind; the message says the command.
        IndexMismatch: items changed since it keyed them.
        IndexDamaged: its file is not what was published.
    """
    note = manifest.routers.get(kind)
    if note is None:
        raise QueryError(f"{place.address} has no {kind} router yet: make one with {command(place.address, kind)}")
    if not note.current:
        raise IndexMismatch(
            f"the {kind} router of {place.address} is older than its items, so it would miss the new ones: fit it "
            f"again with {command(place.address, kind, note)}"
        )
    return files.load(*_file(place, manifest, kind, ARRAYS), _known(manifest, kind))


def routers_agree(place: Place, manifest: Manifest, kind: RouteKind) -> bool:
    """Whether the arrays that queries read say what the estimator beside them says.

    Raises:
        QueryError: scikit-learn or skops is not installed.
        IndexDamaged: a file is not what was published, or holds what is not trusted.
    """
    known = _known(manifest, kind)
    record = files.load_estimator(*_file(place, manifest, kind, ESTIMATOR), known)
    vectors = np.random.default_rng(0).standard_normal((32, known.dim)).astype(np.float32)
    said = open_router(place, manifest, kind).posterior(vectors)
    return bool(np.allclose(record.posterior(vectors), said, atol=1e-5))


def command(address: str, kind: RouteKind, note: RouterInfo | None = None) -> str:
    """What to type to get a router like this one."""
    line = f"lookseek route {quote(address)} --kind {kind}"
    if note is None:
        return line + " --by FIELD" * (kind == "svm")
    if kind == "kmeans":
        return f"{line} --cells {len(note.sizes)}" if len(note.sizes) != CELLS else line
    return f"{line} --by {quote(note.by)}" + f" --preset {note.preset}" * (note.preset != "baseline")


def _name(kind: RouteKind, form: str) -> str:
    return f"{ROUTERS}/{kind}{form}"


def _file(place: Place, manifest: Manifest, kind: RouteKind, form: str) -> tuple[bytes, str]:
    """Return a file's content, and what to call it in messages."""
    name = _name(kind, form)
    return place.read_file(manifest, name), f"{name} of {place.address}"


def _known(manifest: Manifest, kind: RouteKind) -> Router:
    note, dim = manifest.routers[kind], manifest.recipe.layout[LOOK].dim
    return files.nothing(kind, note.by, note.preset, list(note.sizes), dim).tuned(note.temperature, note.mass)


def _whole(place: Place) -> Manifest:
    """The published manifest; a job that was interrupted must end first, since its items are not in it."""
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
    if by is None and USUAL in words:
        return USUAL
    if by not in words:
        said = f"--by {by!r} is no attribute of words" if by else f"no item has a {USUAL}, so say --by FIELD"
        raise QueryError(f"{said}: the index has {', '.join(words) or 'none'}")
    return by


def _read(place: Place, manifest: Manifest, by: str, progress: Progress) -> tuple[list[str], Vectors, list[str]]:
    store = place.open(manifest)
    try:
        count = store.count()
        progress.phase("reading", count)
        vectors = np.empty((count, manifest.recipe.layout[LOOK].dim), np.float32)
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


def _asks(id: str) -> bool:
    """Whether an item asks in validation and is not learnt from: a fifth, always the same ones."""
    return int.from_bytes(blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest()) % 5 == 0


def _keys(router: Router, vectors: Vectors, progress: Progress) -> NDArray[np.int64]:
    keys = np.empty(len(vectors), np.int64)
    for start in range(0, len(vectors), _BLOCK):
        keys[start : start + _BLOCK] = router.likeliest(vectors[start : start + _BLOCK])
        progress.advance(len(keys[start : start + _BLOCK]))
    return keys


def _nearest(vectors: Vectors, asked: NDArray[np.intp], progress: Progress) -> NDArray[np.intp]:
    """Rows of the exact neighbours of each asking row, never itself, (asked, at most TOP)."""
    top = min(TOP, len(vectors) - 1)
    nearest = np.empty((len(asked), top), np.intp)
    for start in range(0, len(asked), _BLOCK):
        some = asked[start : start + _BLOCK]
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


def _publish(writer: PlaceWriter, manifest: Manifest, router: Router, note: RouterInfo, keys: dict[str, str]) -> None:
    """A copy of the generation, keyed, in the place of the one that answers now."""
    routers = {**manifest.routers, router.kind: note}
    target = writer.start(replace(manifest, routers=routers), manifest)
    try:
        store = writer.open(target)
        try:
            store.set_keys(router.kind, keys)
        finally:
            store.close()
        for form, content in zip((ESTIMATOR, ARRAYS), files.dump(router), strict=True):
            writer.write_file(target, _name(router.kind, form), content)
        now = datetime.now(UTC).isoformat(timespec="seconds")
    except BaseException:  # Ctrl-C too: nothing points to the copy
        writer.discard(target)
        raise
    writer.publish(replace(target, updated=now))
