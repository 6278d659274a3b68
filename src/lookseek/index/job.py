"""The index job: from a catalogue to a published index. Resumable, incremental, safe to stop at any moment."""

from __future__ import annotations

import csv
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from .. import images
from ..catalogue import Catalogue
from ..encode import ColourEncoder, Model, encode_photos, load_model
from ..errors import IndexDamaged, ItemError, QueryError
from ..store import Store, StoreKind, VectorSpec, create_store, open_store
from ..store.schema import COLOUR, LOOK, LOOK_EUCLIDEAN, checked, kind_of
from ..types import Item, Metric, Photo, Point, Skipped, Vector
from . import folder as place
from .duplicates import Duplicates, find_duplicates
from .folder import Manifest, Recipe
from .report import Progress, Summary

GRAPH_FROM = 50_000
"""Items from which a graph pays: below, comparing with all takes under 15 ms (docs/benchmarks/search.md)."""
GRAPH_AGAIN = 0.2
"""Share of items outside the graph from which it is built again; those outside are compared one by one."""

_LOOKUP = 256
"""Items whose stored hashes are asked for at a time."""
_WRITE = 64
"""Points written, and so acknowledged, at a time: 4 ms of flushing for half a second of encoding."""


def build_index(
    catalogue: Catalogue,
    folder: Path,
    *,
    model: str | Path | None = None,
    metric: Metric | None = None,
    prune: bool = False,
    store: StoreKind = "edge",
    progress: Progress,
) -> Summary:
    """Bring an index up to date with a catalogue; make it if it is not there.

    Photos whose bytes the index knows are not encoded again. With another model or metric than the index has,
    a new one is built beside it and takes its place at the end. Ctrl-C publishes what is done, unless that
    would replace a whole index by part of another.

    Args:
        catalogue: the items.
        folder: the index; made where it does not exist.
        model: a shipped model's name or a model folder; None for the one that the index has.
        metric: "euclidean" also keeps the features as the model gives them; None for what the index has.
        prune: remove items that the catalogue no longer has. Nothing is removed by a job that was interrupted.
        store: what keeps a new index.
        progress: told of every step.

    Raises:
        IndexFolderError: the folder can't be written, or is being written by another process.
        ModelError: the model can't be used.
        CatalogueError: the source can't be read to its end; what was read is kept for the next run.
    """
    began = time.monotonic()
    with place.writing(folder):
        recipe, loaded = _recipe(folder, model, metric, store)
        job = _Job(folder, recipe, loaded, catalogue.origin, progress)
        try:
            job.encode(catalogue)
            if prune and not job.interrupted:
                job.prune()
            return job.finish(began)
        finally:
            job.close()


def _recipe(folder: Path, model: str | Path | None, metric: Metric | None, store: StoreKind) -> tuple[Recipe, Model]:
    there = place.published_manifest(folder) or place.building_manifest(folder)
    if there is not None:
        model = model or there.recipe.model_path or there.recipe.model
        metric = metric or ("euclidean" if LOOK_EUCLIDEAN in there.recipe.layout else "cosine")
        store = there.recipe.store
    loaded = load_model(model) if model else load_model()
    layout: dict[str, VectorSpec] = {LOOK: VectorSpec(loaded.dim, "cosine")}
    if metric == "euclidean":
        layout[LOOK_EUCLIDEAN] = VectorSpec(loaded.dim, "euclidean")
    layout[COLOUR] = VectorSpec(ColourEncoder().dim, "cosine")
    path = str(Path(model).resolve()) if model and Path(model).is_dir() else ""
    return Recipe(loaded.name, path, loaded.checksum, ColourEncoder.version, layout, store), loaded


class _Wanted(NamedTuple):
    """A photo that must be encoded: its item, the hash of its bytes, and whether the id is new."""

    item: Item
    digest: str
    news: str  # "added" or "changed"


class _Job:
    """The state of one run: the generation that is read or written, and what was counted."""

    def __init__(self, folder: Path, recipe: Recipe, model: Model, source: str, progress: Progress) -> None:
        self._folder, self._recipe, self._model, self._progress = folder, recipe, model, progress
        self.interrupted = False
        self._counts: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._seen: set[int] = set()
        self._base, self._store = self._newest()
        self._target = Manifest("", recipe, "", source=source)
        if self._base is not None:
            self._target = replace(self._target, graph_items=self._base.graph_items)
        self._fields = dict(self._base.fields) if self._base is not None else {}
        self._writing = False

    def _newest(self) -> tuple[Manifest | None, Store | None]:
        """What this run goes on from: the generation of an interrupted run, or the published one."""
        for manifest in (place.building_manifest(self._folder), place.published_manifest(self._folder)):
            if manifest is not None and manifest.recipe.same_vectors(self._recipe):
                try:
                    return manifest, open_store(
                        self._recipe.store, self._folder / manifest.generation, self._recipe.layout
                    )
                except IndexDamaged:
                    continue  # an interrupted generation that can't be opened: the published one stands
        return None, None

    # reading the catalogue

    def encode(self, catalogue: Catalogue) -> None:
        """Go through the catalogue, encode what is new, write it. Ctrl-C ends it early, with nothing lost."""
        self._progress.phase("encoding", len(catalogue))
        waiting: list[Point] = []
        with (self._folder / "skipped.csv").open("w", newline="", encoding="utf-8") as report:
            lines = csv.writer(report)
            lines.writerow(["where", "kind", "reason"])

            def skip(where: str, kind: str, reason: object) -> None:
                self._left_out[kind] += 1
                lines.writerow([where, kind, reason])
                self._progress.skipped(Skipped(where, kind, str(reason)))
                self._progress.advance(1)

            try:
                wanted = self._wanted(catalogue, skip)
                encoders = [self._model.image, ColourEncoder()]
                with closing(encode_photos(wanted, encoders, after=images.fingerprint)) as results:
                    for (item, digest, news), vectors, fingerprint in results:
                        if isinstance(vectors, ItemError):
                            skip(item.id, "broken photo", vectors)
                            continue
                        try:
                            point = self._point(item, digest, vectors, fingerprint)
                        except QueryError as error:
                            skip(item.id, "unusable embedding", error)
                            continue
                        waiting.append(point)
                        self._counts[news] += 1
                        if len(waiting) == _WRITE:
                            self._write(waiting)
                            waiting = []
            except KeyboardInterrupt:
                self.interrupted = True
            finally:  # whatever ended it: what was encoded is kept
                self._write(waiting)

    def _wanted(
        self, catalogue: Catalogue, skip: Callable[[str, str, object], None]
    ) -> Iterator[tuple[_Wanted, Photo]]:
        """The photos that must be encoded. Others are counted, and relabelled where only attributes changed."""
        entries = iter(catalogue)
        while chunk := list(islice(entries, _LOOKUP)):
            items = [entry for entry in chunk if isinstance(entry, Item)]
            for entry in chunk:
                if isinstance(entry, Skipped):
                    skip(entry.where, entry.kind, entry.reason)
            stored = self._store.get([i.id for i in items], vectors=False) if self._store is not None else []
            known = {point.id: point for point in stored}
            for item in items:
                self._note(item)
                try:
                    photo = images.read(item.image or b"")
                except ItemError as error:
                    skip(item.id, "unreadable file", error)
                    continue
                digest = hashlib.blake2b(photo, digest_size=16).hexdigest()
                before = known.get(item.id)
                if before is None or before.hash != digest:
                    yield _Wanted(item, digest, "added" if before is None else "changed"), photo
                else:
                    self._compare(item, before)

    def _note(self, item: Item) -> None:
        self._seen.add(_mark(item.id))
        for name, kind in kind_of(item.attributes).items():
            if self._fields.setdefault(name, kind) != kind:
                self._fields[name] = "words"

    def _compare(self, item: Item, before: Point) -> None:
        """An item whose photo the index knows: only what is said of it may be new."""
        if dict(before.attributes) == dict(item.attributes) and before.source == item.source:
            self._counts["unchanged"] += 1
        else:
            self._counts["changed"] += 1
            store = self._writable()
            for point in store.get([item.id]):
                store.add([replace(point, attributes=item.attributes, source=item.source)])
        self._progress.advance(1)

    def _point(self, item: Item, digest: str, vectors: Mapping[str, Vector], fingerprint: str) -> Point:
        named = {**vectors, LOOK_EUCLIDEAN: vectors[LOOK]}
        kept = {name: named[name] for name in self._recipe.layout}
        point = Point(item.id, kept, item.attributes, digest, item.source, fingerprint)
        return checked([point], self._recipe.layout)[item.id]

    def prune(self) -> None:
        """Remove what the catalogue, read to its end, did not have."""
        if self._store is None:
            return
        gone = [point.id for point in self._store.scan() if _mark(point.id) not in self._seen]
        if gone and not self._seen:
            raise QueryError(
                f"the catalogue {self._target.source} gave no item: --prune would remove all {len(gone):,} items of "
                f"{self._folder}. If that is meant, delete the folder"
            )
        self._progress.phase("removing what the catalogue no longer has", len(gone))
        for at in range(0, len(gone), _LOOKUP):
            self._counts["removed"] += self._writable().delete(gone[at : at + _LOOKUP])
            self._progress.advance(min(_LOOKUP, len(gone) - at))

    # writing

    def _write(self, points: list[Point]) -> None:
        if points:
            self._writable().add(points)
            self._counts["encoded"] += len(points)
            self._progress.advance(len(points))

    def _writable(self) -> Store:
        """The generation that this run may write: made when the first change comes."""
        if self._store is not None and self._writing:
            return self._store
        self.close()
        self._target = place.start(self._folder, self._target, self._base)
        opened = create_store if self._base is None else open_store
        data = self._folder / self._target.generation
        self._store = opened(self._recipe.store, data, self._recipe.layout)
        self._writing = True
        place.announce(self._folder, replace(self._target, runtime=self._runtime()))
        return self._store

    def finish(self, began: float) -> Summary:
        """Publish what was written and say what was done."""
        published = place.published_manifest(self._folder)
        replaces = published is not None and not published.recipe.same_vectors(self._recipe)
        resumed = self._base is not None and self._base != published
        if self.interrupted and replaces:
            duplicates = Duplicates()  # part of a new index must not replace a whole one: the next run goes on
        elif self._writing or resumed or replaces or published is None:
            duplicates = self._publish()
        else:
            duplicates = find_duplicates(self._store) if self._store is not None else Duplicates()
        self._list(duplicates)
        counted = {name: self._counts[name] for name in ("added", "changed", "unchanged", "removed", "encoded")}
        return Summary(
            items=0 if self._store is None else self._store.count(),
            **counted,
            skipped=dict(self._left_out.most_common()),
            duplicates=duplicates,
            runtime=self._runtime(),
            interrupted=self.interrupted,
            seconds=time.monotonic() - began,
        )

    def _publish(self) -> Duplicates:
        store = self._writable()
        self._progress.phase("finishing", None)
        store.declare(self._fields)
        duplicates = find_duplicates(store)
        items = store.count()
        outside = items - self._target.graph_items + 2 * self._counts["changed"]  # a changed item leaves a gap too
        self._swap_in(items)
        pays = self._recipe.store == "edge" and items >= GRAPH_FROM and outside > GRAPH_AGAIN * items
        if pays and not self.interrupted:
            self._progress.phase("building the search graph (the index can be searched meanwhile)", None)
            self._target = place.start(self._folder, replace(self._target, graph_items=items), self._target)
            self.close()
            self._store = open_store(self._recipe.store, self._folder / self._target.generation, self._recipe.layout)
            self._store.optimise(graph=True)
            self._swap_in(items)
        return duplicates

    def _swap_in(self, items: int) -> None:
        self.close()
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        fields = dict(sorted(self._fields.items()))
        done = replace(self._target, items=items, fields=fields, runtime=self._runtime(), updated=stamp)
        self._target = self._base = place.publish(self._folder, done)
        self._store = open_store(self._recipe.store, self._folder / done.generation, self._recipe.layout)

    def _runtime(self) -> str:
        """What made the vectors of the index, this run included."""
        before = self._base.runtime.split(" + ") if self._base is not None else []
        if before and not self._counts["encoded"]:
            return " + ".join(before)
        return " + ".join(dict.fromkeys([*before, f"{self._model.runtime} {self._model.precision}"]))

    def _list(self, duplicates: Duplicates) -> None:
        with (self._folder / "duplicates.csv").open("w", newline="", encoding="utf-8") as report:
            lines = csv.writer(report)
            lines.writerow(["kind", "group", "id"])
            for kind, groups in (("same bytes", duplicates.same), ("near-identical", duplicates.near)):
                lines.writerows((kind, number, id_) for number, ids in enumerate(groups, 1) for id_ in ids)

    def close(self) -> None:
        """Let go of the store that is open."""
        self._writing = False
        if self._store is not None:
            self._store.close()
            self._store = None


def _mark(item_id: str) -> int:
    """64 bits that stand for an id where millions must be remembered."""
    return int.from_bytes(hashlib.blake2b(item_id.encode(), digest_size=8).digest())
