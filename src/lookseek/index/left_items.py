"""Which items of an index its source no longer names, and which of them ``--prune`` may remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..catalogue.id_hashes import IdHashes, id_hash
from ..store import Store
from .source_ids import lies_in
from .source_members import Members, SourceMembers, holds, is_there

__all__ = ["Left", "left_items", "vanished_items"]

_EXAMPLES = 3


class Left(NamedTuple):
    """What a source, read to its end, did not name.

    Args:
        ids: of the items that may go.
        kept: how many stay, since another source names them.
        notes: of sources that are gone and whose items stay, a line each.
    """

    ids: list[str]
    kept: int
    notes: list[str]


def left_items(
    store: Store, seen: IdHashes, members: SourceMembers, sources: Sequence[str], origin: str, prefix: str
) -> Left:
    """Return what may be removed after a source was read.

    Args:
        store: the index's points.
        seen: what the source names.
        members: what the sources named before.
        sources: the origins of all sources.
        origin: of the one that was read.
        prefix: of its ids; items without it are left alone.
    """
    moved = members.moved(seen)
    named = members.named_by_others(moved)
    unknown = [source for source in members.unknown if source != origin]
    gone: list[str] = []
    kept = 0
    of_missing = dict.fromkeys((source for source in named if not is_there(source)), 0)
    for point in store.scan():
        mark = id_hash(point.id)
        if mark in seen:
            continue
        namers = [source for source, ids in named.items() if holds(ids, mark)]
        if namers or not point.id.startswith(prefix) or lies_in(point.source, unknown, origin):
            kept += 1
            for source in of_missing.keys() & namers[:1]:
                of_missing[source] += 1
        else:
            gone.append(point.id)
    notes = [
        f"{count:,} items of {source} stay, though it is not there any more: lookseek index --drop-source {source} "
        "INDEX removes them"
        for source, count in of_missing.items()
        if count
    ]
    return Left(gone, kept, notes)


def vanished_items(store: Store, vanished: Members) -> tuple[Members, str]:
    """Return which of these the index still has, and a sentence for people; "" where it has none.

    Args:
        store: the index's points.
        vanished: hashes of ids that no source names any more.
    """
    if not len(vanished):
        return vanished, ""
    marks: list[int] = []
    examples: list[str] = []
    for point in store.scan():
        if holds(vanished, mark := id_hash(point.id)):
            marks.append(mark)
            if len(examples) < _EXAMPLES:
                examples.append(point.id)
    there = np.array(sorted(marks), np.uint64)
    if not marks:
        return there, ""
    what = f"{len(marks):,} items of before are" if len(marks) > 1 else "1 item of before is"
    shown = ", ".join(examples)
    return there, f"{what} no more in the source, and can still be found, e.g. {shown}: --prune removes them"
