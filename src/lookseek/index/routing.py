"""Routing an index: a router is fitted on its items and gives each its key. Published like every change: whole."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexDamaged, IndexMismatch, IndexMissing, QueryError
from ..progress import Progress
from ..route import files
from ..route.fit import CELLS, Preset, check_installed, fit_kmeans, fit_svm
from ..route.probability_mass import TOP, Choice, choose
from ..route.router import Router
from ..store import open_store
from ..store.schema import LOOK
from ..types import RouteKind, Vectors
from . import folder as place
from .manifest import Manifest, RouterNote

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
    note: RouterNote
    choice: Choice
    milliseconds: float
    seconds: float


def route_index(
    folder: Path,
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
        folder: the index.
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
    if place.published_manifest(folder) is None and place.building_manifest(folder) is None:
        raise IndexMissing(f"there is no index in {folder}: make one with lookseek index SOURCE {folder}")
    with place.writing(folder):
        manifest = _whole(folder)
        by = _field(manifest, by) if kind == "svm" else ""
        ids, vectors, labels = _read(folder, manifest, by, progress)
        asking = np.array([_asks(id) for id in ids], np.bool_)
        if asking.all() or not asking.any():
            raise QueryError(f"{folder} holds {len(ids):,} items: routing one takes some dozens, index more of them")
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
        note = RouterNote(
            by, router.preset, counted, choice.temperature, choice.probability_mass, choice.kept, choice.visited
        )
        progress.phase("writing", None)
        _publish(folder, manifest, router, note, dict(zip(ids, (router.keys[key] for key in keys), strict=True)))
        return Keyed(kind, note, choice, took, time.monotonic() - began)


def open_router(folder: Path, manifest: Manifest, kind: RouteKind) -> Router:
    """The router of an index that is open.

    Raises:
        QueryError: the index has none of this kind; the message says the command.
        IndexMismatch: items changed since it keyed them.
        IndexDamaged: its file is not what was published.
    """
    note = manifest.routers.get(kind)
    if note is None:
        raise QueryError(f"{folder} has no {kind} router yet: make one with {command(folder, kind)}")
    if not note.current:
        raise IndexMismatch(
            f"the {kind} router of {folder} is older than its items, so it would miss the new ones: fit it again with "
            f"{command(folder, kind, note)}"
        )
    return files.load(*_verified(folder, manifest, kind, ARRAYS), _known(manifest, kind))


def routers_agree(folder: Path, manifest: Manifest, kind: RouteKind) -> bool:
    """Whether the arrays that queries read say what the estimator beside them says.

    Raises:
        QueryError: scikit-learn or skops is not installed.
        IndexDamaged: a file is not what was published, or holds what is not trusted.
    """
    known = _known(manifest, kind)
    record = files.load_estimator(*_verified(folder, manifest, kind, ESTIMATOR), known)
    vectors = np.random.default_rng(0).standard_normal((32, known.dim)).astype(np.float32)
    said = open_router(folder, manifest, kind).posterior(vectors)
    return bool(np.allclose(record.posterior(vectors), said, atol=1e-5))


def command(folder: Path, kind: RouteKind, note: RouterNote | None = None) -> str:
    """What to type to get a router like this one."""
    line = f"lookseek route {quote(str(folder))} --kind {kind}"
    if note is None:
        return line + " --by FIELD" * (kind == "svm")
    if kind == "kmeans":
        return f"{line} --cells {len(note.sizes)}" if len(note.sizes) != CELLS else line
    return f"{line} --by {quote(note.by)}" + f" --preset {note.preset}" * (note.preset != "baseline")


def _file(kind: RouteKind, form: str) -> str:
    return f"{place.ROUTERS}/{kind}{form}"


def _verified(folder: Path, manifest: Manifest, kind: RouteKind, form: str) -> tuple[bytes, Path]:
    """A file's bytes, and the file."""
    name = _file(kind, form)
    where = folder / manifest.generation / name
    if name not in manifest.files:
        raise IndexDamaged(f"{where} is not listed in the index: {command(folder, kind, manifest.routers[kind])}")
    return place.verified(where, manifest.files[name]), where


def _known(manifest: Manifest, kind: RouteKind) -> Router:
    note, dim = manifest.routers[kind], manifest.recipe.layout[LOOK].dim
    return files.nothing(kind, note.by, note.preset, list(note.sizes), dim).tuned(note.temperature, note.mass)


def _whole(folder: Path) -> Manifest:
    """The published manifest; a job that was interrupted must end first, since its items are not in it."""
    published, building = place.published_manifest(folder), place.building_manifest(folder)
    if published is None or building is not None:
        source = "" if building is None else building.source
        raise QueryError(
            f"the last index job of {folder} was interrupted, and its items would be left without a key: finish it "
            f"first with lookseek index {source or 'SOURCE'} {folder} (lookseek check names its options)"
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


def _read(folder: Path, manifest: Manifest, by: str, progress: Progress) -> tuple[list[str], Vectors, list[str]]:
    store = open_store(manifest.recipe.store, folder / manifest.generation, manifest.recipe.layout)
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


def _publish(folder: Path, manifest: Manifest, router: Router, note: RouterNote, keys: dict[str, str]) -> None:
    """A copy of the generation, keyed, in the place of the one that answers now."""
    routers = {**manifest.routers, router.kind: note}
    target = place.start(folder, replace(manifest, routers=routers), manifest)
    try:
        data = folder / target.generation
        store = open_store(manifest.recipe.store, data, manifest.recipe.layout)
        try:
            store.set_keys(router.kind, keys)
        finally:
            store.close()
        files.save(router, *(data / _file(router.kind, form) for form in (ESTIMATOR, ARRAYS)))
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
    except BaseException:  # Ctrl-C too: nothing points to the copy
        place.discard(folder, target)
        raise
    place.publish(folder, replace(target, updated=stamp))
