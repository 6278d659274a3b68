"""Copies an index from one place to another, or to and from an export: streamed, resumable, compared at the end.

Nothing is encoded. What was copied when a copy was stopped is found there by the next, which copies the rest; nothing
is published before counts and samples agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from ..errors import IndexDamaged, IndexMismatch
from ..progress import Progress
from ..store import Store, default_store
from ..types import Photo, Point, RouterType
from ..vectors import cosine
from .address import Address, place_of
from .job import GRAPH_FROM
from .manifest import Manifest
from .next_generation import NextGeneration
from .open_index import OpenIndex, open_index
from .parquet_export import SUFFIX, ParquetExport
from .place import PlaceWriter
from .source_members import FOLDER

__all__ = ["Copied", "copy_index"]

_BATCH = 256
"""Points read and written at a time."""
_PART = 8 * _BATCH
"""Points of a file of an export."""
_SAMPLE = 64
"""Points that are compared at the end."""
_SAME = 0.999
"""Cosine of a vector and its copy, which float16 may round once more."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied.

    Args:
        items: how many the target holds.
        copied: how many this run wrote; the others were there from a copy that was interrupted.
        compared: how many were compared with the source.
        routers: of the source, which the copy lacks.
    """

    items: int
    copied: int
    compared: int
    routers: tuple[RouterType, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """What is copied: the points, the photos that only the source has, and what its sources named.

    An export lacks the last: a later --prune of its copy knows a source's items by where their photos lie.
    """

    manifest: Manifest
    count: Callable[[], int]
    points: Callable[[], Iterator[Point]]
    sample: Callable[[], list[Point]]
    kept_photo: Callable[[Point], Photo | None]
    members: Callable[[], Iterator[tuple[str, bytes]]]


def copy_index(source: Address, target: Address, progress: Progress) -> Copied:
    """Copy an index.

    Args:
        source: an index, or the folder of an export, whose name ends in ``.parquet``.
        target: likewise. It must be new, or hold what an interrupted copy left.
        progress: told of every batch.

    Raises:
        IndexMismatch: the target holds an index or an export.
        IndexDamaged: the source can't be read, or the copy is not what was copied; it is not published then.
        IndexFolderError: as ``open_index`` and ``Place.writing`` raise it.
    """
    with _opened(source) as opened:
        progress.phase("copying", opened.count())
        if _is_export(target):
            return _to_export(opened, ParquetExport(Path(str(target))), progress)
        return _to_index(opened, target, progress)


def _is_export(address: Address) -> bool:
    return isinstance(address, str | Path) and "://" not in str(address) and str(address).rstrip("/").endswith(SUFFIX)


@contextmanager
def _opened(address: Address) -> Iterator[_Source]:
    if _is_export(address):
        export = ParquetExport(Path(str(address)))
        manifest = export.manifest()
        layout = manifest.spec.layout
        step = _step(export.count())
        yield _Source(
            manifest,
            export.count,
            lambda: export.points(layout),
            lambda: list(islice(export.points(layout), 0, None, step)),
            lambda point: export.photo(point.source),
            lambda: iter(()),
        )
        return
    index = open_index(address)
    try:
        yield _Source(
            replace(index.manifest, journal=None),  # a copy holds the edits as it holds all else
            index.store.count,
            lambda: index.store.scan(vectors=True),
            lambda: _sample(index.store),
            lambda point: index.place.photos([point.source])[0] if index.place.keeps(point.source) else None,
            lambda: _members(index),
        )
    finally:
        index.store.close()


def _to_export(source: _Source, export: ParquetExport, progress: Progress) -> Copied:
    there = export.begin(source.manifest)
    copied = 0
    points = (point for point in source.points() if point.id not in there)
    progress.advance(len(there))
    while part := list(islice(points, _PART)):
        export.write([_with_photo(point, source, export) for point in part], source.manifest.spec.layout)
        copied += len(part)
        progress.advance(len(part))
    samples = source.sample()
    _compare_counts(source.count(), export.count(), str(export.folder))
    wanted = {point.id for point in samples}
    found = {point.id: point for point in export.points(source.manifest.spec.layout) if point.id in wanted}
    _compare(samples, found, source.manifest, str(export.folder))
    export.finish(replace(source.manifest, routers={}, graph_items=0))
    return Copied(export.count(), copied, len(samples), tuple(source.manifest.routers))


def _to_index(source: _Source, target: Address, progress: Progress) -> Copied:
    place = place_of(target)
    if place.published() is not None:
        raise IndexMismatch(f"{place.address} holds an index: copy to a new address, or delete that index first")
    kind = place.store or default_store()[0]
    spec = replace(source.manifest.spec, store=kind)
    with place.writing() as writer:
        unfinished = place.unfinished()
        known = source.manifest
        if unfinished is not None and not (unfinished.spec.same_vectors(spec) and unfinished.sources == known.sources):
            raise IndexMismatch(f"{place.address} holds part of another index: copy to a new address, or delete that")
        draft = NextGeneration(
            writer, spec, known.runtime, "", known.roles, known.sources, known.columns, known.options
        )
        try:
            copied = _write(source, draft, writer, progress)
            store = draft.writable()
            _compare_counts(source.count(), store.count(), place.address)
            samples = source.sample()
            _compare(samples, {p.id: p for p in store.get([p.id for p in samples])}, known, place.address)
            progress.phase("finishing", None)
            for name, data in source.members():
                draft.write_file(name, data)
            items = draft.publish(known.fields, encoded=True)
            if draft.can_build_graphs and items >= GRAPH_FROM:
                progress.phase("building the search graph (the index can be searched meanwhile)", None)
                draft.build_graph()
        finally:
            draft.close()
    return Copied(items, copied, len(samples), tuple(known.routers))


def _write(source: _Source, draft: NextGeneration, writer: PlaceWriter, progress: Progress) -> int:
    """Write what the target lacks, and remove what the source does not have; returns how many were written."""
    store, copied = draft.writable(), 0
    draft.announce(source.manifest.fields)
    seen = set[str]()
    points = source.points()
    while batch := list(islice(points, _BATCH)):
        seen.update(point.id for point in batch)
        there = {point.id: point for point in store.get([point.id for point in batch], vectors=False)}
        fresh = [point for point in batch if not _same(point, there.get(point.id))]
        store.add([_with_photo(point, source, writer) for point in fresh])
        copied += len(fresh)
        progress.advance(len(batch))
    if store.count() > len(seen):
        store.delete([point.id for point in store.scan() if point.id not in seen])
    return copied


def _same(point: Point, there: Point | None) -> bool:
    """Return whether a point was copied before; its source may be another where the photo was copied too."""
    return there is not None and (point.hash, dict(point.attributes), point.fingerprint, point.regions) == (
        there.hash,
        dict(there.attributes),
        there.fingerprint,
        there.regions,
    )


def _with_photo(point: Point, source: _Source, target: PlaceWriter | ParquetExport) -> Point:
    photo = source.kept_photo(point)
    if photo is None:
        return point
    data = photo if isinstance(photo, bytes) else Path(str(photo)).read_bytes()
    return replace(point, source=target.keep_photo(point.id, data))


def _members(index: OpenIndex) -> Iterator[tuple[str, bytes]]:
    """Yield the files that note what each source named."""
    for name in index.manifest.files:
        if name.startswith(f"{FOLDER}/"):
            yield name, index.place.read_file(index.manifest, name)


def _sample(store: Store) -> list[Point]:
    """Return points that are spread evenly over a store."""
    ids = [point.id for point in store.scan()]
    return store.get(ids[:: _step(len(ids))])


def _step(items: int) -> int:
    return max(1, items // _SAMPLE)


def _compare_counts(wanted: int, found: int, where: str) -> None:
    if wanted != found:
        raise IndexDamaged(
            f"{where} holds {found:,} items and the source {wanted:,}, so it was not published: the source changed "
            "while it was copied? Run the same command again"
        )


def _compare(samples: Sequence[Point], found: dict[str, Point], manifest: Manifest, where: str) -> None:
    for point in samples:
        copy = found.get(point.id)
        if copy is None or not _same(point, copy) or not _same_vectors(point, copy, manifest):
            raise IndexDamaged(
                f"item {point.id!r} of {where} is not what was copied, so it was not published: delete it and run the "
                "same command again"
            )


def _same_vectors(point: Point, copy: Point, manifest: Manifest) -> bool:
    for name in manifest.spec.layout:
        here, there = np.atleast_2d(point.vectors[name]), np.atleast_2d(copy.vectors[name])
        if here.shape != there.shape or any(cosine(a, b) < _SAME for a, b in zip(here, there, strict=True) if a.any()):
            return False
    return True
