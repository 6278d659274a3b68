"""What an index on a Qdrant server keeps beside its points: records without vectors in one collection of its own.

A record has a kind and a key, which together make its id, and JSON values. Bytes, of any length, are kept as several.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from qdrant_client import models

from ...store.qdrant import Runner

__all__ = ["INDEXED", "Kind", "Records", "keyed", "of_kind", "record_id"]

Kind: TypeAlias = Literal["lease", "manifest", "file", "report", "photo", "edited"]

INDEXED = ("kind", "key", "item", "owner", "stamp")
"""Keys that records are filtered by."""
_NAMESPACE = uuid.UUID("2ff8ac61-3c5b-5d0e-8a0f-6c6f6f6b7365")
_PART = 4 * 2**20
"""Bytes of a record's data, a third more as text: a server takes requests of 32 MB."""
_PAGE = 256


class Records:
    """The records of one index.

    Args:
        runner: makes requests: the server, or the session of the writer.
        collection: of the records.
    """

    def __init__(self, runner: Runner, collection: str) -> None:
        self._runner, self.collection = runner, collection

    def get(self, kind: Kind, key: str, only: Sequence[str] | None = None) -> Mapping[str, Any] | None:
        """Return the values of a record, None where it is not there.

        Args:
            kind: of the record.
            key: of the record.
            only: the values that are wanted; None for all.

        Raises:
            CollectionMissing: there are no records of this index at all.
        """
        return self._get(record_id(kind, key), only)

    def put(self, kind: Kind, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Write records, key to values; those of the same kind and key are replaced."""
        made = [_point(kind, key, **values) for key, values in records.items()]
        for start in range(0, len(made), _PAGE):
            self._upsert(made[start : start + _PAGE])

    def keys(self, kind: Kind, items: Collection[str] | None = None) -> Iterator[str]:
        """Yield the keys of all records of a kind, or of those of some items."""
        if items is None:
            yield from self._keys(of_kind(kind))
            return
        wanted = list(items)
        for start in range(0, len(wanted), _PAGE):
            among = models.FieldCondition(key="item", match=models.MatchAny(any=wanted[start : start + _PAGE]))
            yield from self._keys(of_kind(kind, among))

    def remove(self, kind: Kind, keys: Collection[str] | None = None) -> None:
        """Remove records of a kind, all of them for None."""
        if keys is None:
            self._delete(of_kind(kind))
            return
        gone = list(keys)
        for start in range(0, len(gone), _PAGE):
            self._delete(keyed(kind, gone[start : start + _PAGE]))

    def write_bytes(self, kind: Kind, key: str, data: bytes, **values: Any) -> None:
        """Keep bytes. Their first part is written last, so that they are whole or not there."""
        parts = [data[start : start + _PART] for start in range(0, len(data), _PART)] or [b""]
        for number in reversed(range(len(parts))):
            text = base64.b64encode(parts[number]).decode()
            self._upsert([_point(kind, key, number, data=text, parts=len(parts), **values)])

    def read_bytes(self, kind: Kind, key: str) -> bytes | None:
        """Return bytes, None where they are not there."""
        first = self.get(kind, key)
        if first is None:
            return None
        found = [base64.b64decode(first["data"])]
        for number in range(1, first["parts"]):
            part = self._get(record_id(kind, key, number), None)
            if part is None:  # they are being removed
                return None
            found.append(base64.b64decode(part["data"]))
        return b"".join(found)

    def _get(self, id: str, only: Sequence[str] | None) -> Mapping[str, Any] | None:
        wanted = True if only is None else list(only)
        found = self._runner.run(lambda client: client.retrieve(self.collection, [id], with_payload=wanted))
        return found[0].payload or {} if found else None

    def _keys(self, wanted: models.Filter) -> Iterator[str]:
        offset: Any = None
        while True:
            found, offset = self._scroll(wanted, offset)
            yield from dict.fromkeys(str((record.payload or {})["key"]) for record in found)
            if offset is None:
                return

    def _scroll(self, wanted: models.Filter, after: Any) -> tuple[list[models.Record], Any]:
        return self._runner.run(
            lambda client: client.scroll(self.collection, wanted, limit=_PAGE, offset=after, with_payload=["key"])
        )

    def _upsert(self, points: list[models.PointStruct]) -> None:
        self._runner.run(lambda client: client.upsert(self.collection, points, wait=True))

    def _delete(self, wanted: models.Filter) -> None:
        gone = models.FilterSelector(filter=wanted)
        self._runner.run(lambda client: client.delete(self.collection, gone, wait=True))


def record_id(kind: Kind, key: str, part: int = 0) -> str:
    """Return the id of a record."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{part}/{key}"))


def of_kind(kind: Kind, *others: models.FieldCondition) -> models.Filter:
    """Return the filter of a kind of records that meet other conditions too."""
    return models.Filter(must=[models.FieldCondition(key="kind", match=models.MatchValue(value=kind)), *others])


def keyed(kind: Kind, keys: Sequence[str]) -> models.Filter:
    """Return the filter of records by their keys."""
    return of_kind(kind, models.FieldCondition(key="key", match=models.MatchAny(any=list(keys))))


def _point(kind: Kind, key: str, part: int = 0, **values: Any) -> models.PointStruct:
    return models.PointStruct(
        id=record_id(kind, key, part), vector={}, payload={"kind": kind, "key": key, "part": part, **values}
    )
