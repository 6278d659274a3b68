"""The index job: from a catalogue to a published index. Resumable, incremental, safe to stop at any moment."""

from __future__ import annotations

import csv
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from .. import images
from ..catalogue import Catalogue, made_of
from ..encode import ColourEncoder, Model, encode_photos
from ..encode.pipeline import Encoded
from ..errors import ItemError, QueryError
from ..progress import Progress
from ..store import FieldKind, StoreKind, capabilities, default_store
from ..store.schema import COLOUR, LOOK, kind_of
from ..types import Item, Metric, Photo, Point, Skipped
from . import folder as place
from .draft import Draft
from .duplicates import Duplicates, find_duplicates
from .points import content_hash, merge, point_of
from .recipe import recipe_for, runtime_of
from .report import Summary

GRAPH_FROM = 50_000
"""Items from which a graph pays: below, comparing with all takes under 15 ms (docs/benchmarks/search.md)."""
GRAPH_AGAIN = 0.2
"""Share of items outside the graph from which it is built again; those outside are compared one by one."""

_LOOKUP = 64
"""Items read ahead, whose stored hashes are asked for at once. A table's photos are held meanwhile."""
_WRITE = 64
"""Points written, and so acknowledged, at a time: 4 ms of flushing for half a second of encoding."""


def build_index(
    catalogue: Catalogue,
    folder: Path,
    *,
    model: str | Path | None = None,
    metric: Metric | None = None,
    prune: bool = False,
    store: StoreKind | None = None,
    progress: Progress,
) -> Summary:
    """Bring an index up to date with a catalogue; make it if it is not there.

    Photos whose bytes the index knows are not encoded again, nor are items that bring their vectors. With another
    model or metric than the index has, a new one is built beside it and takes its place at the end. Ctrl-C
    publishes what is done, unless that would replace a whole index by part of another.

    Args:
        catalogue: the items.
        folder: the index; made where it does not exist.
        model: a shipped model's name or a model folder; None for the one that the index has.
        metric: "euclidean" also keeps the features as the model gives them; None for what the index has.
        prune: remove items that the catalogue no longer has. Nothing is removed by a job that was interrupted.
        store: what keeps a new index; None for the engine, or numpy files where the engine can't be used.
        progress: told of every step.

    Raises:
        IndexFolderError: the folder can't be written, or is being written by another process.
        ModelError: the model can't be used.
        CatalogueError: the source can't be read to its end; what was read is kept for the next run. Or its vectors are
            not those of the model.
    """
    began = time.monotonic()
    with place.writing(folder):
        made = made_of(catalogue)
        recipe, loaded = recipe_for(folder, made, model, metric, store)
        draft = Draft(folder, recipe, runtime_of(made, loaded), catalogue.origin)
        new = draft.base is None and not draft.replaces
        fallback = default_store()[1] if new and store is None else ""
        job = _Job(folder, draft, loaded, progress)
        try:
            job.encode(catalogue)
            if prune and not job.interrupted:
                job.prune(catalogue.origin)
            summary = job.finish(began)
            return replace(summary, notes=_notes(fallback, recipe.store, summary.items))
        finally:
            draft.close()


class _Wanted(NamedTuple):
    """What must be encoded and written: the item, the hash of its photo, and whether the id is new."""

    item: Item
    digest: str
    news: str  # "added" or "changed"


class _Job:
    """The state of one run: the draft that is read and written, and what was counted."""

    def __init__(self, folder: Path, draft: Draft, model: Model, progress: Progress) -> None:
        self._folder, self._draft, self._model, self._progress = folder, draft, model, progress
        self.interrupted = False
        self._counts: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._seen: set[int] = set()
        self._layout = draft.layout
        self._fields: dict[str, FieldKind] = {}  # of the items that this run saw
        self._pruned = self._given = False

    def encode(self, catalogue: Catalogue) -> None:
        """Go through the catalogue, encode what is new, write it. Ctrl-C ends it early, with nothing lost."""
        self._given = made_of(catalogue) is not None
        self._progress.phase("reading vectors" if self._given else "encoding", len(catalogue))
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
                with closing(_given(wanted) if self._given else self._encoded(wanted)) as results:
                    for (item, digest, news), vectors, fingerprint in results:
                        if isinstance(vectors, ItemError):
                            skip(item.id, "broken photo", vectors)
                            continue
                        try:
                            point = point_of(item, digest, vectors, fingerprint, self._layout)
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
        entries, announced = iter(catalogue), self._known_fields()
        while chunk := list(islice(entries, _LOOKUP)):
            items = [entry for entry in chunk if isinstance(entry, Item)]
            for entry in chunk:
                if isinstance(entry, Skipped):
                    self._seen.add(_mark(entry.where))  # it is still named, whatever is wrong with it
                    skip(entry.where, entry.kind, entry.reason)
            stored = (
                self._draft.store.get([i.id for i in items], vectors=False) if self._draft.store is not None else []
            )
            known, said_anew = {point.id: point for point in stored}, dict[str, Item]()
            for item in items:
                self._note(item)
            if (fields := self._known_fields()) != announced:  # before the items that have them are acknowledged
                announced = fields
                self._draft.announce(fields)
            for item in items:
                try:
                    photo, digest = _content(item)
                except ItemError as error:
                    skip(item.id, "unreadable file", error)
                    continue
                before = known.get(item.id)
                if before is None or before.hash != digest:
                    yield _Wanted(item, digest, "added" if before is None else "changed"), photo
                elif dict(before.attributes) != dict(item.attributes) or before.source != item.source:
                    said_anew[item.id] = item
                else:
                    self._counts["unchanged"] += 1
                    self._progress.advance(1)
            self._relabel(said_anew)

    def _encoded(self, wanted: Iterator[tuple[_Wanted, Photo]]) -> Generator[Encoded[_Wanted], None, None]:
        encoders = [e for e in (self._model.image, ColourEncoder()) if e.name in self._layout]
        return encode_photos(wanted, encoders, after=images.fingerprint)

    def _note(self, item: Item) -> None:
        self._seen.add(_mark(item.id))
        self._counts["read"] += 1
        merge(self._fields, kind_of(item.attributes))

    def _relabel(self, items: Mapping[str, Item]) -> None:
        """Items whose photos the index knows, with other attributes than before: the vectors stay."""
        if items:
            store = self._draft.writable()
            points = store.get(list(items))
            store.add([replace(p, attributes=items[p.id].attributes, source=items[p.id].source) for p in points])
            self._counts["changed"] += len(points)
            self._progress.advance(len(points))

    def _write(self, points: list[Point]) -> None:
        if points:
            self._draft.writable().add(points)
            self._counts["written"] += len(points)
            self._counts["encoded"] += 0 if self._given else len(points)
            self._progress.advance(len(points))

    def prune(self, source: str) -> None:
        """Remove what the catalogue, read to its end, did not have."""
        self._pruned = True
        if self._draft.store is None:
            return
        if unread := self._left_out["unreadable folder"]:
            self._pruned = False
            reason = f"{unread} folders could not be read, so nobody knows what left them: nothing was pruned"
            self._progress.skipped(Skipped(source, "prune", reason))
            self._left_out["prune"] += 1
            return
        gone = [point.id for point in self._draft.store.scan() if _mark(point.id) not in self._seen]
        if gone and not self._counts["read"]:
            raise QueryError(
                f"the catalogue {source} gave no item: --prune would remove all {len(gone):,} items of {self._folder}. "
                "If that is meant, delete the folder"
            )
        self._progress.phase("removing what the catalogue no longer has", len(gone))
        for at in range(0, len(gone), _LOOKUP):
            self._counts["removed"] += self._draft.writable().delete(gone[at : at + _LOOKUP])
            self._progress.advance(min(_LOOKUP, len(gone) - at))

    def finish(self, began: float) -> Summary:
        """Publish what was written and say what was done."""
        # Part of a new index must not take the place of a whole one: the next run goes on from there.
        partial = self.interrupted and self._draft.replaces
        asked = self._pruned and self._draft.store is not None  # nobody asks to swap in an empty index
        if not partial and not asked and (lost := self._draft.left_behind()):
            raise QueryError(
                f"the new vectors lack {lost:,} items that {self._folder} has, since this catalogue doesn't name them. "
                "Index their catalogue with the same options as well, or leave them out with --prune; what was "
                "encoded is kept for that run, and the old index answers meanwhile"
            )
        duplicates = Duplicates()
        if self._draft.unpublished and not partial:
            self._progress.phase("finishing", None)
            items = self._draft.publish(self._known_fields(), encoded=bool(self._counts["written"]))
            if not self.interrupted and self._graph_pays(items):
                self._progress.phase("building the search graph (the index can be searched meanwhile)", None)
                self._draft.build_graph()
            if self._draft.store is not None:
                duplicates = find_duplicates(self._draft.store)
            self._list(duplicates)
        store = self._draft.store
        counted = {name: self._counts[name] for name in ("added", "changed", "unchanged", "removed", "encoded")}
        return Summary(
            items=0 if store is None else store.count(),
            **counted,
            skipped=dict(self._left_out.most_common()),
            duplicates=duplicates,
            runtime=self._draft.runtime(bool(self._counts["written"])),
            interrupted=self.interrupted,
            seconds=time.monotonic() - began,
            notes=(),
        )

    def _known_fields(self) -> dict[str, FieldKind]:
        """Attributes that items have; those of items that this run did not see stay, unless it removed them all."""
        before = {} if self._draft.base is None or self._pruned else dict(self._draft.base.fields)
        merge(before, self._fields)
        return before

    def _graph_pays(self, items: int) -> bool:
        outside = items - self._draft.graph_items + 2 * self._counts["changed"]  # a changed item leaves a gap too
        return self._draft.keeps_graphs and items >= GRAPH_FROM and outside > GRAPH_AGAIN * items

    def _list(self, duplicates: Duplicates) -> None:
        with (self._folder / "duplicates.csv").open("w", newline="", encoding="utf-8") as report:
            lines = csv.writer(report)
            lines.writerow(["kind", "group", "id"])
            for kind, groups in (("same bytes", duplicates.same), ("near-identical", duplicates.near)):
                lines.writerows((kind, number, id_) for number, ids in enumerate(groups, 1) for id_ in ids)


def _content(item: Item) -> tuple[Photo, str]:
    """An item's photo and the hash that its point keeps; of a photo that was encoded before, the hash alone."""
    if item.encoding is not None:
        return b"", item.encoding.hash
    photo = images.read(item.image or b"")
    return photo, content_hash(photo)


def _given(wanted: Iterable[tuple[_Wanted, Photo]]) -> Generator[Encoded[_Wanted], None, None]:
    """What ``encode_photos`` would give, of items that bring it."""
    for one, _ in wanted:
        known = one.item.encoding
        if known is not None:
            vectors = {LOOK: known.look} | ({} if known.colour is None else {COLOUR: known.colour})
            vectors |= known.vectors
            yield one, vectors, known.fingerprint


def _notes(fallback: str, store: StoreKind, items: int) -> tuple[str, ...]:
    """What a person should know of the store that keeps the index."""
    limit, notes = capabilities(store).most_items, [fallback] if fallback else []
    if limit is not None and items > limit:
        notes.append(
            f"the {store} store compares a query with all {items:,} items, and is meant for up to {limit:,}: a new "
            "index with --store edge is searched by a graph"
        )
    return tuple(notes)


def _mark(item_id: str) -> int:
    """64 bits that stand for an id where millions must be remembered."""
    return int.from_bytes(hashlib.blake2b(item_id.encode(), digest_size=8).digest())
