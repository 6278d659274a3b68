"""The points of a published generation with a journal of edits, for the holder of the right to write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from ..store import Store
from ..store.changes import Change
from ..store.edited import EditableStore, EditedStore
from ..types import Point
from .journal import JournalWriter, is_full
from .manifest import JournalEnd

__all__ = ["AmendedStore"]


class AmendedStore(EditedStore):
    """A store whose changes go into a journal, and not into the files that readers have open.

    Args:
        store: the points as readers have them.
        items: how many they are.
        journal: where changes go.
        runtime: what makes their vectors.
    """

    def __init__(self, store: Store, items: int, journal: JournalWriter, runtime: str) -> None:
        edited = store if isinstance(store, EditedStore) else EditedStore(cast(EditableStore, store))
        super().__init__(edited.below)
        self._take(edited)
        self.items = items
        self._journal, self._runtime = journal, runtime

    @property
    def end(self) -> JournalEnd:
        """Where the journal ends."""
        return self._journal.end

    @property
    def full(self) -> bool:
        """Whether the journal takes no more: the next edit makes a generation."""
        return is_full(self._journal.end)

    @property
    def runtime(self) -> str:
        """What made the vectors."""
        return self._runtime

    def add(self, points: Sequence[Point]) -> None:
        fresh = self.below.check(points)
        if fresh:
            self._commit(Change(fresh=list(fresh.values())))

    def delete(self, ids: Iterable[str]) -> int:
        there = [point.id for point in self.get(list(dict.fromkeys(ids)), vectors=False)]
        if there:
            self._commit(Change(gone=there))
        return len(there)

    def close(self) -> None:
        """Release the journal; the store below stays open."""
        self._journal.close()

    def _commit(self, change: Change) -> None:
        after = self.after([change])
        items = self.items + after.growth - self.growth
        self._journal.append(change, items, self._runtime)
        self._take(after)
        self.items = items
