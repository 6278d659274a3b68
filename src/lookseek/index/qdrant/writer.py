"""The writer of an index on a Qdrant server, for the one process that holds its lease."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from qdrant_client import models

from ...store import Store
from ...store.qdrant import QdrantStore, Session
from ..listed_files import ListedFiles, digests
from ..manifest import Manifest, manifest_to_json
from ..place import Place
from ..server_photos import kept_source
from .records import Records

if TYPE_CHECKING:
    from .place import QdrantPlace

__all__ = ["UNFINISHED", "QdrantWriter"]

UNFINISHED = "unfinished"
"""The key of the manifest that was announced; those of generations have their names."""
_POINTS = re.compile(r"points_(\d+)")


class QdrantWriter:
    """The holder of an index's lease. See ``PlaceWriter`` for what each method promises.

    Args:
        place: that is written.
        session: makes requests while the lease is held.
        records: of the index, through the session.
    """

    def __init__(self, place: QdrantPlace, session: Session, records: Records) -> None:
        self._place, self._session, self._records = place, session, records
        self._files = ListedFiles()

    @property
    def place(self) -> Place:
        return self._place

    def sweep(self) -> None:
        """Remove the collections of points that neither the alias nor a manifest names, and what is kept of them."""
        unfinished = self._place.unfinished()
        named = {self._place.published_generation(), unfinished.generation if unfinished is not None else ""}
        for generation in self._generations():
            if generation not in named:
                self._drop(generation)

    def start(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        if base is not None and base.spec.same_vectors(manifest.spec):
            self._files.begin(base.generation, base, self._place.published())
            return replace(manifest, generation=base.generation, files={}, updated="")
        last = max((int(name.rpartition("_")[2]) for name in self._generations()), default=0)
        fresh = replace(manifest, generation=f"points_{last + 1}", files={}, updated="")
        QdrantStore.create(
            self._session,
            self._place.collection(fresh.generation),
            fresh.spec.layout,
            self._place.parsed.placement,
        )
        self._files.begin(fresh.generation)
        return fresh

    def amend(self, manifest: Manifest, store: Store, runtime: str) -> None:
        """Return None: ``start`` copies nothing here."""

    def open(self, manifest: Manifest) -> Store:
        return QdrantStore(self._session, self._place.collection(manifest.generation), manifest.spec.layout)

    def announce(self, manifest: Manifest) -> None:
        self._records.put("manifest", {UNFINISHED: {"text": manifest_to_json(manifest)}})

    def publish(self, manifest: Manifest) -> Manifest:
        """The write of the generation's manifest is the moment, or for a new generation the switch of the alias.

        A collection that was replaced stays until the next writer: searches may be on it.
        """
        generation = manifest.generation
        done = replace(manifest, files=self._files.of(generation))
        known = self._records.get("manifest", generation, ["number"])
        number = known["number"] + 1 if known else 1
        self._records.put("manifest", {generation: {"text": manifest_to_json(done), "number": number}})
        self._switch(generation)
        self._records.remove("manifest", [UNFINISHED])
        listed = set(digests(done))
        self._records.remove("file", [key for key in self._records.keys("file") if key not in listed])
        return done

    def discard(self, manifest: Manifest) -> None:
        unfinished = self._place.unfinished()
        if manifest.generation != self._place.published_generation() and (
            unfinished is None or manifest.generation != unfinished.generation
        ):
            self._drop(manifest.generation)

    def write_file(self, manifest: Manifest, name: str, data: bytes) -> None:
        self._records.write_bytes("file", self._files.add(manifest.generation, name, data), data)

    def remove_files(self, manifest: Manifest, folder: str) -> None:
        self._files.remove(manifest.generation, folder)

    def write_report(self, name: str) -> AbstractContextManager[TextIO]:
        return self._report(name)

    @contextmanager
    def _report(self, name: str) -> Iterator[TextIO]:
        report = io.StringIO(newline="")
        try:
            yield report
        finally:
            self._records.write_bytes("report", name, report.getvalue().encode("utf-8", "surrogatepass"))

    def keep_photo(self, id: str, photo: bytes) -> str:
        source = kept_source(id, photo)
        self.note_edited([id], [])
        self._records.write_bytes("photo", source, photo, item=id)
        return source

    def note_edited(self, ids: Collection[str], sources: Collection[str]) -> None:
        self._records.put("edited", {id: {} for id in ids})

    def edited(self) -> Collection[str]:
        return set(self._records.keys("edited"))

    def remove_photos(self, ids: Collection[str] | None, sources: Iterable[str]) -> None:
        may_go = set(self._records.keys("photo", ids))
        if may_go:
            self._records.remove("photo", may_go.difference(sources))
        self._records.remove("edited")

    def _generations(self) -> list[str]:
        """Return the generations whose collections are there."""
        before = f"{self._place.alias}@"
        there = self._session.run(lambda client: client.get_collections()).collections
        names = [one.name.removeprefix(before) for one in there if one.name.startswith(before)]
        return [name for name in names if _POINTS.fullmatch(name)]

    def _switch(self, generation: str) -> None:
        """Let the alias lead to a generation: all in one request, which is done at once or not at all."""
        before = self._place.published_generation()
        if before == generation:
            return
        alias = self._place.alias
        made = models.CreateAlias(collection_name=self._place.collection(generation), alias_name=alias)
        removing = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
        steps: list[models.AliasOperations] = [removing] if before else []
        steps.append(models.CreateAliasOperation(create_alias=made))
        self._session.run(lambda client: client.update_collection_aliases(steps))

    def _drop(self, generation: str) -> None:
        self._session.run(lambda client: client.delete_collection(self._place.collection(generation)))
        self._records.remove("manifest", [generation])
