"""Edits of a journal written into the store of a new generation, which then needs no journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..store import Store
from ..store.changes import Change
from ..types import Point

__all__ = ["write_edits"]

_BATCH = 256
"""Points written at a time."""


def write_edits(changes: Sequence[Change], store: Store, go_on: Callable[[], None] = lambda: None) -> None:
    """Write what edits come to into a store, and close it.

    Args:
        changes: in their order.
        store: a copy of what was edited.
        go_on: called between batches; what it raises ends the writing.
    """
    last: dict[str, Point | None] = {}
    for change in changes:
        last |= dict.fromkeys(change.gone)
        last |= {point.id: point for point in change.fresh}
    try:
        gone = [id for id, point in last.items() if point is None]
        points = [point for point in last.values() if point is not None]
        for at in range(0, len(gone), _BATCH):
            go_on()
            store.delete(gone[at : at + _BATCH])
        for at in range(0, len(points), _BATCH):
            go_on()
            store.add(points[at : at + _BATCH])
    finally:
        store.close()
