"""The one place of a service that writes: items with their photos, one by one or as a batch."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from ...atomic import write_bytes
from ...errors import LookseekError
from ...index.editing import Done, Editor, editing
from ...store.schema import point_id
from ...types import Item, Value
from ..engine import Engine
from ..uploads import check_size, taken_in
from .bodies import Refused, from_json, image_bytes
from .schemas import BatchLine, ItemBody

__all__ = ["Batch", "Writer"]

T = TypeVar("T")

PHOTOS = "photos"
"""The folder of an index that holds the photos that were put through the API."""

STORED_SIDE = 2048
"""Pixels of the longer side at the most of a photo that is put: enough to look at, and to index again."""


class Writer:
    """The one place of a service that writes; all of it runs in the engine's writing thread."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._folder, self._engine = folder, engine

    def edit(self) -> AbstractContextManager[Editor]:
        """Edit the index; searches see it when the block has ended."""
        return editing(self._folder, self._engine.searcher.model)

    def item(self, id_: str, body: ItemBody) -> Item:
        """An item as it is put, its photo made anew and kept in the index's folder.

        Raises:
            ItemError: the photo can't be used.
        """
        attributes: Mapping[str, Value] = {_nfc(name): _nfc(value) for name, value in body.attributes.items()}
        if body.image is None:
            return Item(id_, None, attributes=attributes)
        sent = image_bytes(body.image)
        check_size(sent)
        data = taken_in(sent, STORED_SIDE).data
        place = self._folder / PHOTOS / f"{point_id(id_)}-{hashlib.blake2b(data, digest_size=8).hexdigest()}.jpg"
        if not place.exists():
            write_bytes(place, data)
        return Item(id_, place, attributes=attributes, source=str(place.resolve()))

    def tidy(self, ids: list[str]) -> None:
        """Remove photos of items that are gone or have others now. Called once searches see the new index."""
        now = {point.source for point in self._engine.searcher.current().store.get(ids, vectors=False)}
        theirs = {str(point_id(id_)) for id_ in ids}
        for path in (self._folder / PHOTOS).glob("*.jpg"):
            if path.name.rpartition("-")[0] in theirs and str(path.resolve()) not in now:
                path.unlink(missing_ok=True)


class Batch:
    """A batch in the writing thread: one edit from the first line to the last."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._block = writer.edit()
        self._editor: Editor | None = None
        self._ids: list[str] = []

    def open(self) -> None:
        """Begin. Raises what ``editing`` raises."""
        self._editor = self._block.__enter__()

    def put(self, lines: Sequence[bytes]) -> list[Done]:
        if self._editor is None:
            raise RuntimeError("a batch is opened before it is put into")
        done: list[Done | None] = [None] * len(lines)
        items: dict[int, Item] = {}
        for place, line in enumerate(lines):
            id_ = ""
            try:
                body = from_json(BatchLine, line)
                id_ = unicodedata.normalize("NFC", body.id)
                self._ids.append(id_)
                items[place] = self._writer.item(id_, body)
            except Refused as refused:
                done[place] = Done(id_, "failed", str(json.loads(bytes(refused.answer.body))["detail"]))
            except LookseekError as error:
                done[place] = Done(id_, "failed", str(error))
        for place, outcome in zip(items, self._editor.put(list(items.values())), strict=True):
            done[place] = outcome
        return [one for one in done if one is not None]

    def end(self) -> None:
        """Publish, and remove photos that no item has."""
        if self._editor is not None:
            try:
                self._block.__exit__(None, None, None)
            finally:
                self._writer.tidy(self._ids)


def _nfc(value: T) -> T:
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value  # type: ignore[return-value]
