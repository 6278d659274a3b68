"""Writes items with their photos into the index, one by one or as a batch: all writes of a service are here."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from ...errors import LookseekError
from ...index.editing import Editor, editing
from ...index.upsert import Outcome
from ...types import Attributes, AttributeValue, Item
from ..engine import Engine
from ..uploads import check_pixel_limit, normalise_upload
from .bodies import RequestRefused, parse_json
from .queries import decode_image
from .request_schemas import BatchLine, ItemBody

__all__ = ["Batch", "Writer"]

T = TypeVar("T")

STORED_SIDE = 2048
"""Pixels of the longer side at most of a stored photo: enough to look at, and to index again."""


class Writer:
    """Edits a service's index. All methods run in the engine's writing thread.

    Args:
        engine: of the service.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def edit(self) -> Iterator[Editor]:
        """Edit the index in a ``with`` block; searches see the changes after its end."""
        searcher = self._engine.searcher
        try:
            with editing(searcher.index.place, searcher.model, searcher.current()) as editor:
                yield editor
        finally:
            searcher.current()  # opens what was published here, so that no search waits for it
            self._engine.folding.begin_if_many()

    def to_item(self, id_: str, body: ItemBody) -> Item:
        """Return the item of a body; its photo is encoded anew, and kept by the index once the item is put.

        Raises:
            ItemError: the photo can't be used.
            RequestRefused: invalid base64.
        """
        attributes: Attributes = {_nfc(name): _value(value) for name, value in body.attributes.items()}
        if body.image is None:
            return Item(id_, None, attributes=attributes)
        photo = decode_image(body.image)
        check_pixel_limit(photo)
        return Item(id_, normalise_upload(photo, STORED_SIDE).data, attributes=attributes)


class Batch:
    """A batch of items: one edit of the index from ``open`` to ``close``. All methods run in the writing thread."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._block = writer.edit()
        self._editor: Editor | None = None

    def open(self) -> None:
        """Begin the edit. Raises what ``editing`` raises."""
        self._editor = self._block.__enter__()

    def put(self, lines: Sequence[bytes]) -> list[Outcome]:
        """Put the items of some lines; returns an outcome for each line, in order. An invalid line fails alone."""
        if self._editor is None:
            raise RuntimeError("a batch was not opened: call open() before put()")
        outcomes: list[Outcome | None] = [None] * len(lines)
        items: dict[int, Item] = {}
        for number, line in enumerate(lines):
            id_ = ""
            try:
                body = parse_json(BatchLine, line)
                id_ = unicodedata.normalize("NFC", body.id)
                items[number] = self._writer.to_item(id_, body)
            except RequestRefused as refused:
                outcomes[number] = Outcome(
                    id_, "failed", reason=str(json.loads(bytes(refused.response.body))["detail"])
                )
            except LookseekError as error:
                outcomes[number] = Outcome(id_, "failed", reason=str(error))
        for number, outcome in zip(items, self._editor.put(list(items.values())), strict=True):
            outcomes[number] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def close(self) -> None:
        """Publish the edit."""
        if self._editor is not None:
            self._block.__exit__(None, None, None)


def _value(value: bool | int | float | str | list[str]) -> AttributeValue:
    return tuple(dict.fromkeys(map(_nfc, value))) if isinstance(value, list) else _nfc(value)


def _nfc(value: T) -> T:
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value  # type: ignore[return-value]
