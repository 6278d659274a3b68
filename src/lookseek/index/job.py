"""The index job: from a catalogue to a published index. Resumable, incremental, safe to stop at any moment."""

from __future__ import annotations

import csv
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..catalogue import Catalogue, fields_of, options_of, roles_of, types_of, vector_origin
from ..catalogue.id_hashes import IdHashes, id_hash
from ..errors import CatalogueError, QueryError
from ..progress import NoProgress, Progress
from ..store import FieldType, default_store
from ..types import FolderStore, Item, Metric, Skipped
from .address import Address, place_of
from .duplicates import Duplicates, find_duplicates
from .left_items import left_items, vanished_items
from .next_generation import NextGeneration
from .photo_encoding import PhotoEncoding
from .place import DUPLICATES, SKIPPED, PlaceWriter
from .ray_encoding import job_encoding
from .remembered import open_as_before
from .report import DUPLICATE_COLUMNS, SKIPPED_COLUMNS, Summary, duplicate_rows, skipped_row, store_notes
from .source_ids import PrefixedCatalogue, id_prefix
from .spec import resolve_spec, runtime_of
from .upsert import Outcome, Upsert

GRAPH_FROM = 50_000
"""Items from which a graph pays: below, comparing with all takes under 15 ms (docs/benchmarks/search.md)."""
GRAPH_AGAIN = 0.2
"""Share of items outside the graph from which it is built again; those outside are compared one by one."""

_REMOVE = 64
"""Items removed at a time."""


def build_index(
    catalogue: Catalogue | str | Path,
    index: Address,
    *,
    model: str | Path | None = None,
    metric: Metric | None = None,
    prune: bool = False,
    strict: bool = False,
    store: FolderStore | None = None,
    garments: bool | None = None,
    response_colour: bool | None = None,
    pairs: bool | None = None,
    ray: str | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Bring an index up to date with a catalogue; make it if it is not there.

    Photos whose bytes the index holds are not encoded again, nor are items that bring their vectors. With another
    model or metric than the index has, a new one is built beside it and takes its place at the end. Ctrl-C
    publishes what is done, unless that would replace a whole index by part of another.

    Args:
        catalogue: the items, or what ``open_catalogue`` opens.
        index: its folder or address; made where it does not exist.
        model: a shipped model's name or a model folder; None for the one that the index has.
        metric: "euclidean" also keeps the features as the model gives them; None for what the index has.
        prune: remove items that the catalogue no longer has. Nothing is removed by a job that was interrupted.
        strict: publish nothing where something was skipped or is odd.
        store: what keeps a new index in a folder; None for the engine, or numpy files where the engine can't be used.
            Left out of an index on a server.
        garments: True keeps a vector for each garment that is found in a photo, beside the photo's own; an index that
            keeps none is made anew. None for what the index has.
        response_colour: True keeps the mean colour where the model responds most (``encode.response_colour``), for
            ``Query.response_colour_weight``; each photo goes through the tower twice. An index without is made anew.
        pairs: True keeps the cells of each photo that the model's matcher compares (``encode.pairs``), for
            ``Query.rerank`` "pairs"; each photo goes through the tower twice. An index without is made anew.
        ray: encodes photos on a Ray cluster: its address, HOST:PORT, or "auto" for the one of this machine, else a
            local one for this job. None encodes in this process.
        progress: receives every step; None reports nothing.

    Returns:
        What was done: how many items were added, changed, left out and why.

    Raises:
        IndexFolderError: the folder can't be written, or is being written by another process.
        ModelError: the model can't be used.
        CatalogueError: the source can't be read to its end; what was read is kept for the next run. Or its vectors are
            not those of the model. Or something was skipped, and the job is strict.
        ClusterError: the Ray cluster can't be used, or lost its workers; what was encoded is kept for the next run.
    """
    began = time.monotonic()
    catalogue = open_as_before(catalogue, index) if isinstance(catalogue, str | Path) else catalogue
    with place_of(index).writing() as writer:
        origin = vector_origin(catalogue)
        spec, loaded = resolve_spec(writer.place, origin, model, metric, store, garments, response_colour, pairs)
        encoding = job_encoding(loaded, spec, origin, ray)
        columns = {name: kind.to_dict() for name, kind in types_of(catalogue).items()}
        told = options_of(catalogue).to_dict()
        options = {catalogue.origin: told} if told else {}
        runtime, roles = runtime_of(origin, loaded), roles_of(catalogue)
        draft = NextGeneration(writer, spec, runtime, catalogue.origin, roles, columns=columns, options=options)
        new = draft.previous is None and not draft.replaces_other_vectors
        fallback = default_store()[1] if new and store is None and writer.place.store is None else ""
        job = _Job(writer, draft, progress or NoProgress())
        try:
            if prefix := id_prefix(catalogue, draft.store):
                catalogue = PrefixedCatalogue(catalogue, prefix)
            job.upsert(catalogue, encoding)
            if strict:
                job.refuse_skipped()
            if prune and not job.interrupted:
                job.prune(catalogue.origin, prefix)
            summary = job.finish(began)
            encoded = 0 if origin is not None else summary.encoded
            notes = store_notes(fallback, spec.store, summary.items, prefix)
            return replace(summary, encoded=encoded, notes=(*notes, *summary.notes))
        finally:
            draft.close()


class _Job:
    """The state of one run: the generation that is read and written, and what was counted."""

    def __init__(self, writer: PlaceWriter, draft: NextGeneration, progress: Progress) -> None:
        self._writer, self._draft, self._progress = writer, draft, progress
        self.interrupted = False
        self._counts: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._odd: dict[str, list[int]] = defaultdict(list)  # column to the lines of its odd values
        self._seen = IdHashes()
        self.notes: list[str] = []
        self._fields: dict[str, FieldType] = {}  # of the items that this run saw
        self._known_fields: dict[str, FieldType] = {}  # and of those that were there before
        self._encoded = 0
        self._pruned = False
        self._kept_others = False

    def upsert(self, catalogue: Catalogue, encoding: PhotoEncoding | None) -> None:
        """Add and replace all items of a catalogue. Ctrl-C ends it early, with nothing lost.

        Args:
            catalogue: the items.
            encoding: makes the vectors; None where the items have their own.
        """
        self._progress.phase("reading vectors" if encoding is None else "encoding", len(catalogue))
        with self._writer.write_report(SKIPPED) as report:
            lines = csv.writer(report)
            lines.writerow(SKIPPED_COLUMNS)

            def skip(skipped: Skipped) -> None:
                self._skipped[skipped.kind] += 1
                lines.writerow(skipped_row(skipped))
                self._progress.skipped(skipped)

            def note(outcomes: Sequence[Outcome]) -> None:
                self._counts.update(outcome.what for outcome in outcomes)
                for outcome in outcomes:
                    if outcome.what == "failed":
                        skip(Skipped(outcome.id, outcome.kind, outcome.reason))
                self._progress.advance(len(outcomes))

            def items() -> Iterator[Item]:
                for entry in catalogue:
                    if isinstance(entry, Skipped):
                        self._seen.add(id_hash(entry.where))  # it is still named, whatever is wrong with it
                        skip(entry)
                        self._progress.advance(1)
                    else:
                        self._seen.add(id_hash(entry.id))
                        self._counts["read"] += 1
                        lines.writerows(map(skipped_row, entry.remarks))
                        self._note_odd(entry.remarks)
                        yield entry

            upsert = Upsert(self._draft, encoding, note, fields_of(catalogue))
            try:
                upsert.run(items())
            except KeyboardInterrupt:
                self.interrupted = True
        self._fields, self._known_fields, self._encoded = upsert.fields, upsert.known_fields(), upsert.encoded

    def refuse_skipped(self) -> None:
        """Raise where something was skipped or is odd."""
        kinds = [f"{kind} {count:,}" for kind, count in self._skipped.most_common()]
        kinds += [f"odd {column} {len(lines):,}" for column, lines in self._odd.items()]
        if kinds:
            raise CatalogueError(
                f"nothing was published, since --strict allows no skipped or odd entry ({', '.join(kinds)}): mend what "
                f"{self._writer.place.report_address(SKIPPED)} lists, or leave --strict out; what was encoded is kept "
                "for the next run"
            )

    def _note_odd(self, remarks: Sequence[Skipped]) -> None:
        for odd in remarks:
            self._odd[odd.column or odd.kind].append(odd.line)

    def prune(self, source: str, prefix: str = "") -> None:
        """Remove what the catalogue, read to its end, did not have.

        Args:
            source: the catalogue's origin.
            prefix: of its ids; items without it, and those that another source names, are left alone.
        """
        self._pruned = True
        if self._draft.store is None:
            return
        if unread := self._skipped["unreadable folder"]:
            self._pruned = False
            reason = f"{unread} folders could not be read, so it is unknown what left them: nothing was pruned"
            self._progress.skipped(Skipped(source, "prune", reason))
            self._skipped["prune"] += 1
            return
        gone, kept, notes = left_items(
            self._draft.store, self._seen, self._draft.members(), self._draft.sources, source, prefix
        )
        self._kept_others = bool(kept)
        self.notes += notes
        if gone and not self._counts["read"]:
            raise QueryError(
                f"the catalogue {source} gave no item: --prune would remove all {len(gone):,} items of "
                f"{self._writer.place.address}. If that is meant, delete the folder"
            )
        self._progress.phase("removing what the catalogue no longer has", len(gone))
        for at in range(0, len(gone), _REMOVE):
            self._counts["removed"] += self._draft.writable().delete(gone[at : at + _REMOVE])
            self._progress.advance(min(_REMOVE, len(gone) - at))

    def finish(self, began: float) -> Summary:
        """Publish what was written and sum up what was done."""
        # Part of a new index must not take the place of a whole one: the next run goes on from there.
        partial = self.interrupted and self._draft.replaces_other_vectors
        # --prune never puts nothing in the place of an index
        leaves_out = self._pruned and self._draft.store is not None
        if not partial and not leaves_out and (lost := self._draft.count_left_behind()):
            raise QueryError(
                f"the new vectors lack {lost:,} items that {self._writer.place.address} has, since this catalogue "
                "doesn't name them. Index their catalogue with the same options as well, or leave them out with "
                "--prune; what was encoded is kept for that run, and the old index answers meanwhile"
            )
        if not partial:
            self._keep_members()
        duplicates = Duplicates()
        if self._draft.has_changes and not partial:
            self._progress.phase("finishing", None)
            alone = self._pruned and not self._kept_others
            fields = self._fields if alone else self._known_fields
            items = self._draft.publish(fields, encoded=bool(self._encoded), pruned=alone)
            if not self.interrupted and self._graph_pays(items):
                self._progress.phase("building the search graph (the index can be searched meanwhile)", None)
                self._draft.build_graph()
            if self._draft.store is not None:
                self._writer.remove_photos(None, (point.source for point in self._draft.store.scan()))
                duplicates = find_duplicates(self._draft.store)
            self._list(duplicates)
        store = self._draft.store
        counted = {name: self._counts[name] for name in ("added", "changed", "unchanged", "removed")}
        return Summary(
            items=0 if store is None else store.count(),
            **counted,
            encoded=self._encoded,
            skipped=dict(self._skipped.most_common()),
            odd={column: tuple(lines) for column, lines in self._odd.items()},
            duplicates=duplicates,
            runtime=self._draft.runtime(encoded=bool(self._encoded)),
            interrupted=self.interrupted,
            seconds=time.monotonic() - began,
            notes=tuple(self.notes),
        )

    def _keep_members(self) -> None:
        """Keep what the source names, and say what left it."""
        store = self._draft.store
        if store is None:
            return
        members = self._draft.members()
        if members.own is None and not self._draft.has_changes and len(self._draft.sources) == 1:
            return  # an index of before with one source, which needs no new generation for this
        moved = members.moved(self._seen)
        left, said = vanished_items(store, members.vanished(self._seen, moved))
        if said and not self.interrupted:
            self.notes.append(said)
        now = np.union1d(self._seen.array(), left)
        if moved or members.own is None or not np.array_equal(now, members.own):
            self._draft.keep_members(now, moved)

    def _graph_pays(self, items: int) -> bool:
        outside = items - self._draft.graph_items + 2 * self._counts["changed"]  # a changed item leaves a gap too
        return self._draft.can_build_graphs and items >= GRAPH_FROM and outside > GRAPH_AGAIN * items

    def _list(self, duplicates: Duplicates) -> None:
        with self._writer.write_report(DUPLICATES) as report:
            lines = csv.writer(report)
            lines.writerow(DUPLICATE_COLUMNS)
            lines.writerows(duplicate_rows(duplicates))
