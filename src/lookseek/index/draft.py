"""The generation that a job writes: a copy of the newest, made when the first change comes, published at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from ..errors import IndexDamaged
from ..store import FieldKind, Layout, Store, capabilities, create_store, open_store
from . import folder as place
from .manifest import Manifest, Recipe

DECLARED = 32
"""Attributes that are made quick to filter by. Each costs the engine several files and a tenth of a second; filters on
others work as well, only more slowly."""

_LOOKUP = 1024
"""Ids that are looked up at a time."""


class Draft:
    """What a job reads and writes. Needs the folder's writer lock.

    ``store`` is what is there now: the generation that this job goes on from until something is written, then its
    own copy; None as long as there is neither.
    """

    def __init__(self, folder: Path, recipe: Recipe, runtime: str, source: str) -> None:
        """Find what to go on from.

        Args:
            folder: the index.
            recipe: how vectors are made; another than the index's begins with nothing.
            runtime: what will run the model, with its precision.
            source: the catalogue.
        """
        self._folder, self._recipe, self._runtime = folder, recipe, runtime
        self.base, self.store = self._newest()
        self._own = False
        graph_items = 0 if self.base is None else self.base.graph_items
        fields = {} if self.base is None else self.base.fields
        routers = {} if self.base is None else self.base.outdated()  # whatever is written, they did not key it
        self._target = Manifest(
            "", recipe, runtime, fields=fields, graph_items=graph_items, source=source, routers=routers
        )

    def _newest(self) -> tuple[Manifest | None, Store | None]:
        """The generation of an interrupted job with this recipe, else the published one, else nothing."""
        for manifest in (place.building_manifest(self._folder), place.published_manifest(self._folder)):
            if manifest is not None and manifest.recipe.same_vectors(self._recipe):
                try:
                    return manifest, self._opened(manifest)
                except IndexDamaged:
                    continue  # an interrupted generation that can't be opened: the published one stands
        return None, None

    @property
    def layout(self) -> Layout:
        """The named vectors that a point needs."""
        return self._recipe.layout

    @property
    def keeps_graphs(self) -> bool:
        """Whether the store can build graphs at all."""
        return capabilities(self._recipe.store).graphs

    @property
    def graph_items(self) -> int:
        """Items that the graph was built with; 0 without one."""
        return self._target.graph_items

    @property
    def replaces(self) -> bool:
        """Whether publishing would put this in the place of an index with other vectors."""
        published = place.published_manifest(self._folder)
        return published is not None and not published.recipe.same_vectors(self._recipe)

    @property
    def unpublished(self) -> bool:
        """Whether there is something that readers don't see yet."""
        return self._own or self.base is None or self.base != place.published_manifest(self._folder)

    def runtime(self, encoded: bool) -> str:
        """What made the vectors: the base's, and this job's if it encoded anything."""
        before = self.base.runtime.split(" + ") if self.base is not None else []
        if before and not encoded:
            return " + ".join(before)
        return " + ".join(dict.fromkeys([*before, *self._runtime.split(" + ")]))

    def writable(self) -> Store:
        """The store to write into, a copy of the base; from now on a killed job is found again."""
        if self._own and self.store is not None:
            return self.store
        self.close()
        self._target = place.start(self._folder, self._target, self.base)
        if self.base is None:
            data = self._folder / self._target.generation
            self.store = create_store(self._recipe.store, data, self._recipe.layout)
        else:
            place.forget_routers(self._folder, self._target)
            self.store = self._opened(self._target)
        self._own = True
        self.announce(self._target.fields)
        return self.store

    def announce(self, fields: Mapping[str, FieldKind]) -> None:
        """Say which attributes the items have by now, for whoever opens the draft after a crash."""
        self._target = replace(self._target, fields=dict(fields))
        if self._own:
            place.announce(self._folder, replace(self._target, runtime=self.runtime(encoded=True)))

    def left_behind(self) -> int:
        """How many items of the index that this would replace it does not have."""
        published = place.published_manifest(self._folder)
        if published is None or not self.replaces:
            return 0
        if self.store is None:  # not one photo could be encoded
            return published.items
        recipe = published.recipe
        old = open_store(recipe.store, self._folder / published.generation, recipe.layout)
        try:
            ids = iter([point.id for point in old.scan()])
            missing = 0
            while batch := list(islice(ids, _LOOKUP)):
                missing += len(batch) - len(self.store.get(batch, vectors=False))
            return missing
        finally:
            old.close()

    def publish(self, fields: Mapping[str, FieldKind], *, encoded: bool) -> int:
        """Make it the one that readers open; returns how many items it has. Afterwards ``store`` is read only."""
        store = self.writable()
        store.declare(dict(sorted(fields.items())[:DECLARED]))
        items = store.count()
        self._target = replace(
            self._target, items=items, fields=dict(sorted(fields.items())), runtime=self.runtime(encoded)
        )
        self._swap_in()
        return items

    def build_graph(self) -> None:
        """Build the graphs in a copy of what was just published, and publish that."""
        self._target = place.start(self._folder, replace(self._target, graph_items=self._target.items), self.base)
        self.close()
        self.store = self._opened(self._target)
        self.store.optimise(graph=True)
        self._swap_in()

    def close(self) -> None:
        """Let go of the store that is open."""
        self._own = False
        if self.store is not None:
            self.store.close()
            self.store = None

    def _swap_in(self) -> None:
        self.close()
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        self._target = self.base = place.publish(self._folder, replace(self._target, updated=stamp))
        self.store = self._opened(self._target)

    def _opened(self, manifest: Manifest) -> Store:
        return open_store(self._recipe.store, self._folder / manifest.generation, self._recipe.layout)
