"""Writes items with their photos into the index, one by one or as a batch: all writes of a service are here."""

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
from ..uploads import check_pixel_limit, normalise_upload
from .bodies import RequestRefused, parse_json
from .queries import decode_image
from .schemas import BatchLine, ItemBody

__all__ = ["Batch", "Writer"]

T = TypeVar("T")

PHOTOS = "photos"
"""The folder of an index that holds the photos that clients put through the API."""

STORED_SIDE = 2048
"""Pixels of the longer side at most of a stored photo: enough to look at, and to index again."""


class Writer:
    """Edits a service's index. All methods run in the engine's writing thread.

    Args:
        folder: of the index.
        engine: of the service.
    """

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._folder, self._engine = folder, engine

    def edit(self) -> AbstractContextManager[Editor]:
        """Edit the index in a ``with`` block; searches see the changes after its end."""
        return editing(self._folder, self._engine.searcher.model)

    def to_item(self, id_: str, body: ItemBody) -> Item:
        """Return the item of a body; its photo is encoded anew and stored in the index's folder.

        Raises:
            ItemError: the photo can't be used.
            RequestRefused: invalid base64.
        """
        attributes: Mapping[str, Value] = {_nfc(name): _nfc(value) for name, value in body.attributes.items()}
        if body.image is None:
            return Item(id_, None, attributes=attributes)
        photo = decode_image(body.image)
        check_pixel_limit(photo)
        data = normalise_upload(photo, STORED_SIDE).data
        path = self._folder / PHOTOS / f"{point_id(id_)}-{hashlib.blake2b(data, digest_size=8).hexdigest()}.jpg"
        if not path.exists():
            write_bytes(path, data)
        return Item(id_, path, attributes=attributes, source=str(path.resolve()))

    def remove_unused_photos(self, ids: list[str]) -> None:
        """Remove photos of these items that none of them has now. Call it once searches see the new index."""
        used = {point.source for point in self._engine.searcher.current().store.get(ids, vectors=False)}
        prefixes = {str(point_id(id_)) for id_ in ids}
        for path in (self._folder / PHOTOS).glob("*.jpg"):
            if path.name.rpartition("-")[0] in prefixes and str(path.resolve()) not in used:
                path.unlink(missing_ok=True)


class Batch:
    """A batch of items: one edit of the index from ``open`` to ``close``. All methods run in the writing thread."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._block = writer.edit()
        self._editor: Editor | None = None
        self._ids: list[str] = []

    def open(self) -> None:
        """Begin the edit. Raises what ``editing`` raises."""
        self._editor = self._block.__enter__()

    def put(self, lines: Sequence[bytes]) -> list[Done]:
        """Put the items of some lines; returns an outcome for each line, in order. An invalid line fails alone."""
        if self._editor is None:
            raise RuntimeError("a batch was not opened: call open() before put()")
        outcomes: list[Done | None] = [None] * len(lines)
        items: dict[int, Item] = {}
        for number, line in enumerate(lines):
            id_ = ""
            try:
                body = parse_json(BatchLine, line)
                id_ = unicodedata.normalize("NFC", body.id)
                self._ids.append(id_)
                items[number] = self._writer.to_item(id_, body)
            except RequestRefused as refused:
                outcomes[number] = Done(id_, "failed", str(json.loads(bytes(refused.response.body))["detail"]))
            except LookseekError as error:
                outcomes[number] = Done(id_, "failed", str(error))
        for number, outcome in zip(items, self._editor.put(list(items.values())), strict=True):
            outcomes[number] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def close(self) -> None:
        """Publish the edit, and remove photos that no item has."""
        if self._editor is not None:
            try:
                self._block.__exit__(None, None, None)
            finally:
                self._writer.remove_unused_photos(self._ids)


def _nfc(value: T) -> T:
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value  # type: ignore[return-value]
