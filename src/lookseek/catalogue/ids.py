"""Checks the ids of items: each is usable and unique in its catalogue."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from ..types import Item, Skipped
from .id_hashes import IdHashes, id_hash

__all__ = ["check_ids"]

MAX_ID = 4096
"""Characters of an id. Source: PATH_MAX of Linux (limits.h), since a path can be an id."""


def check_ids(entries: Iterable[Item | Skipped]) -> Iterator[Item | Skipped]:
    """Yield entries, with a ``Skipped`` in place of each item whose id is unusable or not the first of its kind.

    Of an id a 64-bit hash is kept, see ``id_hashes``.
    """
    seen = IdHashes()
    for entry in entries:
        if isinstance(entry, Skipped):
            yield entry
            continue
        problem = _problem(entry.id)
        if problem:
            where = entry.id[:80].encode("utf-8", "replace").decode()
            yield Skipped(where, "unusable id", problem)
            continue
        if seen.add(id_hash(entry.id)):
            yield entry
        else:
            yield Skipped(entry.id, "duplicate id", f"{entry.id!r} is there more than once: the first is kept")


def _problem(id: str) -> str:
    """Return what is wrong with an id; "" if it is usable."""
    if not id.strip():
        return "the id is empty: give every item one"
    if len(id) > MAX_ID:
        return f"the id has {len(id):,} characters, {MAX_ID:,} are allowed: shorten it"
    if not id.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") for c in id):
        return f"the id {id[:80]!r} holds a control character or broken Unicode: rename it"
    return ""
