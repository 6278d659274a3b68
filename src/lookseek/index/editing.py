"""Items put into an index and taken out one by one, as a service does it; ``job.py`` brings a whole catalogue.

What ``Editor.put`` and ``Editor.delete`` have answered survives the death of the process. Searches see it when the
``with`` block ends: the edited copy is published then, as at the end of a job. The copy costs about a second per
gigabyte, so many edits belong into one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from .. import images
from ..encode import ColourEncoder, Encoder, Model, encode_photos
from ..errors import IndexMismatch, ItemError, QueryError
from ..store.schema import kind_of
from ..types import Item, Photo, Point
from . import folder as place
from .draft import Draft
from .manifest import Manifest
from .points import content_hash, merge, point_of

__all__ = ["Done", "Editor", "editing"]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one item.

    Args:
        id: the item's.
        what: added; changed, if its photo or attributes were others; unchanged; removed; missing, of an item that is
            to be removed and is not there; failed.
        reason: why it failed, "" otherwise.
    """

    id: str
    what: Literal["added", "changed", "unchanged", "removed", "missing", "failed"]
    reason: str = ""


@contextmanager
def editing(folder: Path, model: Model) -> Iterator[Editor]:
    """Edit an index. Whatever ends the block, what was acknowledged is published.

    Args:
        folder: an index that is there.
        model: the one that it was made with.

    Raises:
        IndexBusy: another process is writing it.
        IndexMismatch: there is no index of this model.
        IndexDamaged: its files are not what they should be.
    """
    with place.writing(folder):
        found = place.building_manifest(folder) or place.published_manifest(folder)
        if found is None or found.recipe.checksum != model.checksum:
            raise IndexMismatch(f"{folder} holds no index of model {model.name}: open it anew, or index the catalogue")
        draft = Draft(folder, found.recipe, f"{model.runtime} {model.precision}", found.source)
        editor = Editor(draft, model, found)
        try:
            yield editor
        finally:
            try:
                editor.publish()
            finally:
                draft.close()


class Editor:
    """A draft of an index and the model that encodes for it."""

    def __init__(self, draft: Draft, model: Model, found: Manifest) -> None:
        self._draft, self._model = draft, model
        self._fields = dict(found.fields)
        self._encoded = False

    def put(self, items: Sequence[Item]) -> list[Done]:
        """Add items, or replace those whose ids are there. An item without a photo keeps the one that it has.

        Args:
            items: of a repeated id the last one counts.

        Returns:
            What became of each, in order; when it returns, this is lasting.
        """
        wanted = {item.id: item for item in items}
        store = self._draft.store
        there = {} if store is None else {point.id: point for point in store.get(list(wanted))}
        done, points, photos = dict[str, Done](), list[Point](), list[tuple[tuple[Item, str], Photo]]()
        for item in wanted.values():
            before = there.get(item.id)
            try:
                photo = None if item.image is None else images.read(item.image)
            except ItemError as error:
                done[item.id] = Done(item.id, "failed", str(error))
                continue
            digest = "" if photo is None else content_hash(photo)
            if photo is not None and (before is None or before.hash != digest):
                photos.append(((item, digest), photo))
            elif before is None:
                reason = f"item {item.id!r} is new and has no photo: give one"
                done[item.id] = Done(item.id, "failed", reason)
            elif dict(before.attributes) == dict(item.attributes):
                done[item.id] = Done(item.id, "unchanged")
            else:
                points.append(replace(before, attributes=item.attributes))
        for (item, digest), vectors, fingerprint in encode_photos(photos, self._encoders(), after=images.fingerprint):
            if isinstance(vectors, ItemError):
                done[item.id] = Done(item.id, "failed", str(vectors))
                continue
            try:
                points.append(point_of(item, digest, vectors, fingerprint, self._draft.layout))
            except QueryError as error:
                done[item.id] = Done(item.id, "failed", str(error))
        self._write(points)
        done.update((p.id, Done(p.id, "changed" if p.id in there else "added")) for p in points)
        return [done[item.id] for item in items]

    def delete(self, ids: Sequence[str]) -> list[Done]:
        """Take items out; when it returns, this is lasting."""
        store = self._draft.store
        there = set() if store is None else {point.id for point in store.get(ids, vectors=False)}
        if there:
            self._draft.writable().delete(sorted(there))
        return [Done(id_, "removed" if id_ in there else "missing") for id_ in ids]

    def publish(self) -> None:
        """Let searches see what was written."""
        if self._draft.unpublished:
            self._draft.publish(self._fields, encoded=self._encoded)

    def _encoders(self) -> list[Encoder]:
        return [e for e in (self._model.image, ColourEncoder()) if e.name in self._draft.layout]

    def _write(self, points: Sequence[Point]) -> None:
        if not points:
            return
        before = dict(self._fields)
        for point in points:
            merge(self._fields, kind_of(point.attributes))
        store = self._draft.writable()
        if self._fields != before:  # before the items that have them are acknowledged
            self._draft.announce(self._fields)
        store.add(points)
        self._encoded = True
