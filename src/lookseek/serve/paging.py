"""Cursors: where the next results of a search begin, and by which version of the index the last ones were found."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, fields

from ..errors import QueryError
from ..index.open_index import OpenIndex
from ..query import Query

__all__ = ["Cursor", "index_version", "parse_cursor", "query_digest"]

_MAX_CURSOR = 200
_DIGEST_BYTES = 6
_WITHOUT_EFFECT = ("k", "explain")
"""Fields of a query that change neither which results come nor their order."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in the results of a query.

    Args:
        offset: how many results came before it, >= 0.
        version: of the index that they were found in.
        query: digest of the query, as ``query_digest`` returns it.
    """

    offset: int
    version: str
    query: str

    def to_text(self) -> str:
        """Return it as letters, digits, - and _."""
        packed = json.dumps([self.offset, self.version, self.query], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def parse_cursor(text: str) -> Cursor:
    """Parse what ``Cursor.to_text`` returned.

    Raises:
        QueryError: it is something else.
    """
    try:
        if len(text) > _MAX_CURSOR:
            raise ValueError
        padded = text + "=" * (-len(text) % 4)
        offset, version, query = json.loads(base64.b64decode(padded, b"-_", validate=True))
        if type(offset) is not int or offset < 0 or not isinstance(version, str) or not isinstance(query, str):
            raise ValueError
    except (binascii.Error, ValueError, TypeError, RecursionError):
        shown = text[:40]
        raise QueryError(f"cursor {shown!r} is none of this service: give what an answer has as next") from None
    return Cursor(offset, version, query)


def index_version(index: OpenIndex) -> str:
    """Return what changes whenever the index does."""
    manifest = index.manifest
    edits = "" if manifest.journal is None else manifest.journal.digest
    return _digest(f"{manifest.generation} {manifest.updated} {manifest.items} {edits}".encode())


def query_digest(query: Query, more: str = "") -> str:
    """Return a digest of ``more`` and of all that decides which results a query has, and in what order."""
    digest = hashlib.blake2b(more.encode(), digest_size=_DIGEST_BYTES)
    for field in fields(query):
        if field.name not in _WITHOUT_EFFECT:
            value = getattr(query, field.name)
            digest.update(value if isinstance(value, bytes) else repr(value).encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
    return digest.hexdigest()


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()
