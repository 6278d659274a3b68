"""Items put into an index and taken out one by one, as a service does it; ``job.py`` brings a whole catalogue.

What ``Editor.put`` and ``Editor.delete`` have answered survives the death of the process. Searches see it when the
``with`` block ends. In a folder edits go into a journal, so that they cost the same whatever the index holds; where
they bring an attribute that no item had, and once some thousand are in the journal, they make a generation as a job
does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from ..catalogue.column_types import ColumnType
from ..catalogue.typed_text import type_texts
from ..encode import Model
from ..errors import IndexMismatch
from ..types import Item
from .address import Address, place_of
from .manifest import IndexSpec
from .next_generation import NextGeneration
from .open_index import OpenIndex
from .photo_encoding import LocalEncoding
from .place import PlaceWriter, latest
from .upsert import Outcome, Upsert

__all__ = ["MAX_FIELDS", "Editor", "editing"]

MAX_FIELDS = 1_000
"""Attributes that the items of an index may have together, where items are put one by one."""


@contextmanager
def editing(index: Address, model: Model, opened: OpenIndex | None = None) -> Iterator[Editor]:
    """Edit an index. Whatever ends the block, what was acknowledged is published.

    Args:
        index: the folder or address of an index that is there.
        model: the model that made its vectors.
        opened: the index as it is open in this process, which then is not opened again; it stays open.

    Raises:
        IndexBusy: another process is writing it.
        IndexMismatch: there is no index of this model.
        IndexFull: the disk has no room.
        IndexDamaged: its files are not what they should be.
    """
    place = place_of(index)
    if place.published() is None and place.unfinished() is None:  # before anything is made there
        raise IndexMismatch(f"{place.address} holds no index: make one with lookseek index")
    with place.writing() as writer:
        found = latest(writer.place)
        if found is None or found.spec.checksum != model.checksum:
            raise IndexMismatch(
                f"{writer.place.address} holds no index of model {model.name}: open it anew, or index the catalogue"
            )
        draft = NextGeneration(writer, found.spec, f"{model.runtime} {model.precision}", "", few=True, opened=opened)
        editor = Editor(writer, draft, model, found.spec)
        try:
            yield editor
        finally:
            try:
                editor.publish()
            finally:
                draft.close()


class Editor:
    """The next generation of an index, and the model that encodes for it."""

    def __init__(self, writer: PlaceWriter, draft: NextGeneration, model: Model, spec: IndexSpec) -> None:
        self._writer, self._draft = writer, draft
        self._outcomes: dict[str, Outcome] = {}
        columns = {} if draft.previous is None else draft.previous.columns
        self._types = {name: ColumnType.from_dict(told) for name, told in columns.items()}
        self._odd: dict[str, tuple[str, ...]] = {}  # id to what is odd about its texts
        known = {} if draft.previous is None else draft.previous.fields  # one odd item changes no kind
        self._upsert = Upsert(draft, LocalEncoding(model, spec), self._note, known)
        self._touched = set(writer.edited())  # those of a writer that was killed

    def put(self, items: Sequence[Item]) -> list[Outcome]:
        """Add items, or replace those whose ids are there.

        Args:
            items: of a repeated id the last one counts. An item without a photo keeps the one that the index has. A
                photo that comes as bytes and without a source is kept with the index, which is its source then.

        Returns:
            What became of each, in order; when it returns, this is lasting. A text is read as the column of the
            catalogue that the index was made of; one that is not of its type is kept, and the outcome's reason says so.

        Raises:
            IndexMismatch: the index keeps garments that another parser found, or that features brought.
        """
        self._odd.clear()
        wanted = {item.id: item for item in items}
        self._touch(list(wanted))
        self._outcomes.clear()
        few = self._with_few_fields(map(self._typed, wanted.values()))
        self._upsert.run(map(self._with_source, few))
        return [self._outcomes[item.id] for item in items]

    def delete(self, ids: Sequence[str]) -> list[Outcome]:
        """Take items out; when it returns, this is lasting."""
        there = self._touch(ids)
        if there:
            self._draft.writable().delete(sorted(there))
        return [Outcome(id, "removed" if id in there else "missing") for id in ids]

    def publish(self) -> None:
        """Let searches see what was written, and remove kept photos that no item has any more."""
        if self._draft.has_changes:
            self._draft.publish(self._upsert.known_fields(), encoded=bool(self._upsert.encoded))
        if self._touched and self._draft.store is not None:
            points = self._draft.store.get(sorted(self._touched), vectors=False)
            self._writer.remove_photos(self._touched, {point.source for point in points})

    def _touch(self, ids: Sequence[str]) -> set[str]:
        """Note items before they change; returns those that are there."""
        store = self._draft.store
        points = [] if store is None else store.get(ids, vectors=False)
        self._touched |= set(ids)
        self._writer.note_edited(ids, [point.source for point in points])
        return {point.id for point in points}

    def _with_few_fields(self, items: Iterable[Item]) -> Iterator[Item]:
        """Pass on the items; those that would give the index more than ``MAX_FIELDS`` attributes fail."""
        fields = set(self._upsert.known_fields())
        for item in items:
            if len(fields | item.attributes.keys()) > MAX_FIELDS and not item.attributes.keys() <= fields:
                new = sorted(item.attributes.keys() - fields)
                reason = (
                    f"the index has {len(fields):,} attributes and this item {len(new):,} more ({', '.join(new[:3])} "
                    f"...), {MAX_FIELDS:,} are taken: give it attributes that other items have"
                )
                self._note([Outcome(item.id, "failed", "too many attributes", reason)])
                continue
            fields |= item.attributes.keys()
            yield item

    def _with_source(self, item: Item) -> Item:
        if isinstance(item.image, bytes) and not item.source:
            return replace(item, source=self._writer.keep_photo(item.id, item.image))
        return item

    def _typed(self, item: Item) -> Item:
        attributes, odd = type_texts(item.attributes, self._types)
        if odd:
            self._odd[item.id] = odd
        return replace(item, attributes=attributes)

    def _note(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            odd = () if outcome.what == "failed" else self._odd.get(outcome.id, ())
            self._outcomes[outcome.id] = replace(outcome, reason="; ".join(odd)) if odd else outcome
