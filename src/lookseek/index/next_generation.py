"""The generation that a writer fills: a copy of the newest, made when the first change comes, published at the end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ..errors import IndexDamaged
from ..store import FieldType, Layout, Store, capabilities
from ..types import Role
from .amended_store import AmendedStore
from .manifest import IndexSpec, Manifest, declared_fields
from .open_index import OpenIndex
from .place import ROUTERS, PlaceWriter
from .source_members import Members, SourceMembers, members_to_bytes, name_of

__all__ = ["NextGeneration"]

_LOOKUP = 1024
"""Ids that are looked up at a time."""


class NextGeneration:
    """What a writer reads and changes.

    ``store`` holds the current points: those of ``previous`` until something is written, then those of the copy; None
    while there are neither.
    """

    def __init__(
        self,
        writer: PlaceWriter,
        spec: IndexSpec,
        runtime: str,
        source: str,
        roles: Mapping[Role, str] | None = None,
        earlier: tuple[str, ...] = (),
        columns: Mapping[str, Mapping[str, Any]] | None = None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        few: bool = False,
        opened: OpenIndex | None = None,
    ) -> None:
        """Find the generation to go on from.

        Args:
            writer: the right to write the index.
            spec: how vectors are made; with another than the index's the new generation begins empty.
            runtime: what will run the model, with its precision.
            source: the catalogue that is indexed; "" for none.
            roles: of its attributes, in place of those that the index has for the same roles.
            earlier: catalogues whose items a new index gets by other ways than this one's.
            columns: how the texts of its attributes are read, likewise; see ``Manifest``.
            options: how catalogues are read, likewise.
            few: a few changes are to come, which go without a copy where the place can do that.
            opened: the index as it is open for reading: its store is read, and stays open.
        """
        self._writer, self._place, self._spec, self._runtime = writer, writer.place, spec, runtime
        self._few, self._opened = few, opened if writer.place.store is None else None
        self._borrowed: Store | None = None
        self._amended: AmendedStore | None = None
        self._read: Store | None = None  # below what is amended
        self.previous, self.store = self._newest()
        self._started = False
        graph_items = 0 if self.previous is None else self.previous.graph_items
        fields = {} if self.previous is None else self.previous.fields
        routers = {} if self.previous is None else self.previous.outdated_routers()
        sources = earlier if self.previous is None else self.previous.sources
        known_roles = {} if self.previous is None else self.previous.roles
        known_columns = {} if self.previous is None else self.previous.columns
        known_options = {} if self.previous is None else self.previous.options
        if source:
            sources = (*(earlier for earlier in sources if earlier != source), source)
        self._manifest = Manifest(
            "",
            spec,
            runtime,
            fields=fields,
            graph_items=graph_items,
            sources=sources,
            routers=routers,
            roles={**known_roles, **(roles or {})},
            columns={**known_columns, **(columns or {})},
            options={**known_options, **(options or {})},
        )

    def _newest(self) -> tuple[Manifest | None, Store | None]:
        """Open the generation of an interrupted writer with this spec, else the published one, else nothing."""
        for manifest in (self._place.unfinished(), self._place.published()):
            if manifest is not None and manifest.spec.same_vectors(self._spec):
                try:
                    return manifest, self._open(manifest)
                except IndexDamaged:
                    if self._few or manifest.journal is not None:
                        raise  # a catalogue does not have what edits brought
                    continue  # an interrupted generation that can't be opened: the published one stands
        return None, None

    def _open(self, manifest: Manifest) -> Store:
        """Open a generation for reading; one that is open already is gone on with."""
        if self._opened is None or manifest.generation != self._opened.manifest.generation:
            return self._place.open(manifest)
        known, store = self._opened.manifest, self._opened.store
        self._borrowed = store if manifest == known else self._place.open(manifest, (known, store))
        return self._borrowed

    @property
    def layout(self) -> Layout:
        """The named vectors that a point needs."""
        return self._spec.layout

    @property
    def sources(self) -> tuple[str, ...]:
        """The origins of all catalogues whose items it holds or gets."""
        return self._manifest.sources

    def members(self) -> SourceMembers:
        """Return what the sources named when each was last read."""
        published = None if self.previous is None else self._place.published()
        return SourceMembers(self._place, published, self.sources, self.sources[-1] if self.sources else "")

    def keep_members(self, members: Members, moved: Collection[str]) -> None:
        """Keep what the source that is indexed names.

        Args:
            members: of it.
            moved: sources that it is under another name, which are forgotten.
        """
        self.writable()
        *others, source = self._manifest.sources
        self._manifest = replace(self._manifest, sources=(*(one for one in others if one not in moved), source))
        self.write_file(name_of(source), members_to_bytes(members))

    def write_file(self, name: str, data: bytes) -> None:
        """Keep a small file with it, as ``PlaceWriter.write_file`` does."""
        self.writable()
        self._writer.write_file(self._manifest, name, data)

    def forget_source(self, source: str) -> None:
        """Note that the items are of a source no more."""
        self.writable()
        self._manifest = replace(self._manifest, sources=tuple(one for one in self._manifest.sources if one != source))

    @property
    def can_build_graphs(self) -> bool:
        """Whether the store can build graphs at all."""
        return capabilities(self._spec.store).graphs

    @property
    def graph_items(self) -> int:
        """Items that the graph was built with; 0 without one."""
        return self._manifest.graph_items

    @property
    def replaces_other_vectors(self) -> bool:
        """Whether publishing puts this in the place of an index whose vectors can't be compared with these."""
        published = self._place.published()
        return published is not None and not published.spec.same_vectors(self._spec)

    @property
    def has_changes(self) -> bool:
        """Whether there is something that readers don't see yet."""
        if self._started or self.previous is None or self.previous != self._place.published():
            return True
        return (
            self._roles(self.previous.fields) != self.previous.roles
            or self._manifest.columns != self.previous.columns
            or self._manifest.options != self.previous.options
        )

    def runtime(self, *, encoded: bool) -> str:
        """Return what made the vectors: the previous generation's, and this writer's if it encoded anything."""
        before = self.previous.runtime.split(" + ") if self.previous is not None else []
        if before and not encoded:
            return " + ".join(before)
        return " + ".join(dict.fromkeys([*before, *self._runtime.split(" + ")]))

    def writable(self, fields: Mapping[str, FieldType] | None = None) -> Store:
        """Return the store to write into; from now on a killed writer's work is found again.

        That is a copy of the previous; for few changes, the previous itself with a journal over it, as long as no
        attribute is new or of another kind, which takes indexes of its own.

        Args:
            fields: the attributes that items will have, and their kinds; None where they stay the same.
        """
        if self._amended is not None and not self._can_amend(fields):
            self.previous = replace(self._manifest, items=self._amended.items, journal=self._amended.end)
            self._few = False
            self.close()
        if self._started and self.store is not None:
            return self.store
        if self._can_amend(fields) and (amended := self._amend()) is not None:
            return amended
        self.close()
        self._manifest = self._writer.start(self._manifest, self.previous)
        self._writer.remove_files(self._manifest, ROUTERS)  # they keyed the items as they were
        self.store = self._writer.open(self._manifest)
        self._started = True
        self.announce(self._manifest.fields)
        return self.store

    def _can_amend(self, fields: Mapping[str, FieldType] | None) -> bool:
        if not self._few or self.previous is None or (self._amended is not None and self._amended.full):
            return False
        return fields is None or fields == self.previous.fields

    def _amend(self) -> AmendedStore | None:
        """Begin to amend the previous generation; returns its points, or None where that can't be."""
        if self.previous is None or self.store is None:
            return None
        runtime = self.runtime(encoded=True)
        amended = self._writer.amend(self.previous, self.store, runtime)
        if amended is None:
            return None
        self._manifest = replace(self.previous, runtime=runtime, journal=amended.end)
        self._read, self._amended, self.store = self.store, amended, amended
        self._started = True
        return amended

    def announce(self, fields: Mapping[str, FieldType]) -> None:
        """Note which attributes the items have by now, for whoever opens the generation after a crash."""
        self._manifest = replace(self._manifest, fields=dict(fields))
        if self._started and self._amended is None:
            self._writer.announce(replace(self._manifest, runtime=self.runtime(encoded=True)))

    def count_left_behind(self) -> int:
        """Return how many items of an index that this replaces are not in this."""
        published = self._place.published()
        if published is None or not self.replaces_other_vectors:
            return 0
        if self.store is None:  # not one photo could be encoded
            return published.items
        old = self._place.open(published)
        try:
            ids = iter([point.id for point in old.scan()])
            missing = 0
            while batch := list(islice(ids, _LOOKUP)):
                missing += len(batch) - len(self.store.get(batch, vectors=False))
            return missing
        finally:
            old.close()

    def publish(self, fields: Mapping[str, FieldType], *, encoded: bool, pruned: bool = False) -> int:
        """Make it the one that readers open. Afterwards ``store`` is read only.

        Args:
            fields: the attributes that items have, and their kinds.
            encoded: whether this writer made vectors.
            pruned: whether all items are of this writer's source.

        Returns:
            How many items it has.
        """
        if self._amended is not None:
            return self._publish_edits(self._amended, encoded=encoded)
        self._few = False  # what is published without an edit is no edit
        store = self.writable()
        roles = self._roles(fields)
        store.declare({name: fields[name] for name in declared_fields(fields, roles)})
        items = store.count()
        sources = self._manifest.sources[-1:] if pruned else self._manifest.sources
        self._manifest = replace(
            self._manifest,
            items=items,
            fields=dict(sorted(fields.items())),
            runtime=self.runtime(encoded=encoded),
            sources=sources,
            roles=roles,
            options={source: told for source, told in self._manifest.options.items() if source in sources},
        )
        self._publish()
        return items

    def build_graph(self) -> None:
        """Build the graphs in a copy of what was just published, and publish that."""
        manifest = replace(self._manifest, graph_items=self._manifest.items)
        self._manifest = self._writer.start(manifest, self.previous)
        self.close()
        self.store = self._writer.open(self._manifest)
        self.store.optimise(graph=True)
        self._publish()

    def close(self) -> None:
        """Release the store that is open."""
        self._started = False
        store, amended, read = self.store, self._amended, self._read
        self.store = self._amended = self._read = None
        if amended is not None:
            amended.close()
            store = read
        if store is not None and store is not self._borrowed:
            store.close()

    def _roles(self, fields: Mapping[str, FieldType]) -> dict[Role, str]:
        """Return the roles whose attributes are among these."""
        return {role: name for role, name in self._manifest.roles.items() if name in fields}

    def _publish_edits(self, amended: AmendedStore, *, encoded: bool) -> int:
        runtime, now = self.runtime(encoded=encoded), _now()
        self._manifest = self.previous = self._writer.publish(replace(self._manifest, runtime=runtime, updated=now))
        amended.close()
        self._started = False
        return amended.items

    def _publish(self) -> None:
        self.close()
        self._manifest = self.previous = self._writer.publish(replace(self._manifest, updated=_now()))
        self.store = self._place.open(self._manifest)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
