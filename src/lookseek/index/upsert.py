"""Adds items to an index and replaces those that are there: what a job and an edit do alike.

A photo whose bytes the index holds is not encoded again: its item alone gets other attributes. Others go through
the encoders, each photo once however many items show it (``repeated_photos``), and are written in batches; what was
reported as written survives the death of the process.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

from .. import images
from ..errors import ItemError, QueryError
from ..store import FieldType
from ..store.schema import COLOUR, LOOK, field_types
from ..types import Attributes, Item, Point
from .next_generation import NextGeneration
from .photo_encoding import EncodedPhoto, PhotoEncoding
from .points import content_hash, merge_fields, point_of
from .repeated_photos import RepeatedPhotos

__all__ = ["Outcome", "Upsert"]

_LOOKUP = 64
"""Items read ahead, whose stored hashes are looked up at once. A table's photos are held meanwhile."""
_WRITE = 64
"""Points written, and so acknowledged, at a time: 4 ms of flushing for half a second of encoding."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item.

    Args:
        id: the item's.
        what: added; changed, if its photo, attributes or source were others; unchanged; failed; and of an item that is
            to be removed: removed, or missing if it is not there.
        kind: what to count a failure by, as ``types.Skipped`` has it; "" otherwise.
        reason: why it failed, or what is odd about it though it was kept; "" otherwise.
    """

    id: str
    what: Literal["added", "changed", "unchanged", "failed", "removed", "missing"]
    kind: str = ""
    reason: str = ""


Report: TypeAlias = Callable[[Sequence[Outcome]], None]
"""Receives outcomes once they last: one after the other, or those of a batch together."""


class _Pending(NamedTuple):
    """What must be encoded and written: the item, the hash of its photo, and what it will be once it is written."""

    item: Item
    hash: str
    what: Literal["added", "changed"]


_Encoded: TypeAlias = tuple[_Pending, EncodedPhoto | ItemError]


class Upsert:
    """Brings items into the next generation of an index.

    ``fields`` are the attributes of the items that this has seen in the index, and their kinds; ``encoded`` is the
    number of photos that were encoded, or of items that brought their vectors.
    """

    def __init__(
        self,
        draft: NextGeneration,
        encoding: PhotoEncoding | None,
        report: Report,
        declared: Mapping[str, FieldType] | None = None,
    ) -> None:
        """Prepare.

        Args:
            draft: what is read and written.
            encoding: makes the vectors; None where each item has its own (``Item.encoding``).
            report: receives every outcome.
            declared: kinds of attributes that hold whatever an odd item has there.
        """
        self._declared = declared or {}
        self._draft, self._encoding, self._report = draft, encoding, report
        self._waiting: list[tuple[Point, Outcome]] = []
        self._repeated = RepeatedPhotos[_Pending]()
        self.fields: dict[str, FieldType] = {}
        self.encoded = 0

    def run(self, items: Iterable[Item]) -> None:
        """Go through the items. Whatever ends this, also Ctrl-C, what was encoded by then is written.

        Args:
            items: each id once. An item without a photo keeps the one that the index has.
        """
        try:
            with closing(self._with_vectors(self._to_encode(items))) as results:
                for pending, photo in results:
                    if isinstance(photo, ItemError):
                        for each in (pending, *self._repeated.done(pending.hash, None)):
                            self._fail(each.item.id, "broken photo", photo)
                        continue
                    self.encoded += 1
                    shown_by = [] if self._encoding is None else self._repeated.done(pending.hash, photo)
                    for each in (pending, *shown_by):
                        self._keep(each, photo)
        finally:
            self._repeated.forget_waiting()
            self._write()

    def known_fields(self) -> dict[str, FieldType]:
        """Return the attributes of the previous generation's items and of those seen here, and their kinds."""
        known = {} if self._draft.previous is None else dict(self._draft.previous.fields)
        merge_fields(known, self.fields)
        return known

    def _to_encode(self, items: Iterable[Item]) -> Iterator[tuple[_Pending, bytes]]:
        """Yield the photos that must be encoded; deal with all others."""
        source = iter(items)
        while chunk := list(islice(source, _LOOKUP)):
            store = self._draft.store
            known = {p.id: p for p in store.get([i.id for i in chunk], vectors=False)} if store is not None else {}
            relabelled = dict[str, Item]()
            for item in chunk:
                before = known.get(item.id)
                try:
                    photo, digest = _content(item, before)
                except ItemError as error:
                    self._fail(item.id, "unreadable file", error, before)
                    continue
                if before is None or before.hash != digest:
                    pending = _Pending(item, digest, "added" if before is None else "changed")
                    if self._encoding is None:
                        yield pending, photo
                    elif (encoded := self._repeated.find(digest)) is not None:
                        self._keep(pending, encoded)
                    elif not self._repeated.wait(digest, pending._replace(item=replace(item, image=None))):
                        yield pending, photo
                elif dict(before.attributes) != dict(item.attributes) or before.source != _source(item, before):
                    relabelled[item.id] = item
                else:
                    self._note_fields(item.attributes)
                    self._report([Outcome(item.id, "unchanged")])
            self._replace_attributes(relabelled)

    def _with_vectors(self, pending: Iterator[tuple[_Pending, bytes]]) -> Generator[_Encoded, None, None]:
        return _own_vectors(pending) if self._encoding is None else self._encoding.encode(pending)

    def _keep(self, pending: _Pending, photo: EncodedPhoto) -> None:
        """Queue an item with its vectors to be written."""
        item, digest, what = pending
        try:
            point = point_of(item, digest, photo.vectors, photo.fingerprint, self._draft.layout, photo.regions)
        except QueryError as error:
            self._fail(item.id, "unusable embedding", error)
            return
        self._waiting.append((point, Outcome(item.id, what)))
        if len(self._waiting) == _WRITE:
            self._write()

    def _replace_attributes(self, items: Mapping[str, Item]) -> None:
        """Replace the attributes and sources of items whose photos the index holds; their vectors stay."""
        if items:
            points = self._draft.writable().get(list(items))
            fresh = [replace(p, attributes=items[p.id].attributes, source=_source(items[p.id], p)) for p in points]
            self._add(fresh, [Outcome(point.id, "changed") for point in points])

    def _write(self) -> None:
        """Write what was encoded."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._add([point for point, _ in waiting], [outcome for _, outcome in waiting])

    def _add(self, points: Sequence[Point], outcomes: Sequence[Outcome]) -> None:
        before = self.known_fields()
        for point in points:
            self._note_fields(point.attributes)
        fields = self.known_fields()
        store = self._draft.writable(fields)
        if fields != before:  # before the items that have them are acknowledged
            self._draft.announce(fields)
        store.add(points)
        self._report(outcomes)

    def _fail(self, id: str, kind: str, error: Exception, before: Point | None = None) -> None:
        if before is not None:  # it stays in the index as it was
            self._note_fields(before.attributes)
        self._report([Outcome(id, "failed", kind, str(error))])

    def _note_fields(self, attributes: Attributes) -> None:
        kinds = field_types(attributes)
        merge_fields(self.fields, {name: self._declared.get(name, kind) for name, kind in kinds.items()})


def _content(item: Item, before: Point | None) -> tuple[bytes, str]:
    """Return an item's photo and its hash; of a photo that is not encoded here, the hash alone.

    Raises:
        ItemError: the photo can't be read, or there is none.
    """
    if item.encoding is not None:
        return b"", item.encoding.hash
    if item.image is not None:
        photo = images.read(item.image)
        return photo, content_hash(photo)
    if before is None:
        raise ItemError(f"item {item.id!r} is new and has no photo: give one")
    return b"", before.hash


def _source(item: Item, before: Point) -> str:
    """Return where the photo of an item can be had from now on."""
    return before.source if item.image is None and item.encoding is None else item.source


def _own_vectors(pending: Iterable[tuple[_Pending, bytes]]) -> Generator[_Encoded, None, None]:
    """Yield items that have their vectors as if those had been encoded."""
    for one, _ in pending:
        encoding = one.item.encoding
        if encoding is not None:
            colour = {} if encoding.colour is None else {COLOUR: encoding.colour}
            vectors = {LOOK: encoding.look, **colour, **encoding.vectors}
            yield one, EncodedPhoto(vectors, encoding.fingerprint, ())
