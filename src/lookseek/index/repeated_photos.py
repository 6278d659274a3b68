"""Photos that several items show: each is encoded once a job, and the others get its vectors."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from .photo_encoding import EncodedPhoto

__all__ = ["RepeatedPhotos"]

T = TypeVar("T")

_KNOWN = 4096
"""Photos whose vectors are remembered: some 4 KB each. Items that share a photo mostly lie close together."""
_WAITING = 32_768
"""Items that wait for photos which are being encoded: some 1 KB each. Beyond, a photo is encoded anew."""


class RepeatedPhotos(Generic[T]):
    """Remembers what the last photos were encoded to, and which items wait for one that is being encoded."""

    def __init__(self, known: int = _KNOWN, waiting: int = _WAITING) -> None:
        self._most_known, self._most_waiting = known, waiting
        self._known: OrderedDict[str, EncodedPhoto] = OrderedDict()
        self._in_flight: dict[str, list[T]] = {}
        self._waiting = 0

    def find(self, hash: str) -> EncodedPhoto | None:
        """Return what a photo was encoded to; None of one that is not remembered."""
        if hash in self._known:
            self._known.move_to_end(hash)
        return self._known.get(hash)

    def wait(self, hash: str, item: T) -> bool:
        """Let an item wait for its photo if that is being encoded; else it is from now on, for this item.

        Returns:
            Whether the item waits.
        """
        if hash not in self._in_flight:
            self._in_flight[hash] = []
        elif self._waiting < self._most_waiting:
            self._in_flight[hash].append(item)
            self._waiting += 1
            return True
        return False

    def done(self, hash: str, photo: EncodedPhoto | None) -> list[T]:
        """Note what a photo was encoded to.

        Args:
            hash: of its bytes.
            photo: what it was encoded to; None where it could not be, which is not remembered.

        Returns:
            The items that waited for it.
        """
        waited = self._in_flight.pop(hash, [])
        self._waiting -= len(waited)
        if photo is not None:
            self._known[hash] = photo
            if len(self._known) > self._most_known:
                self._known.popitem(last=False)
        return waited

    def forget_waiting(self) -> None:
        """Drop the items that wait: a run was stopped, and nothing is being encoded any more."""
        self._in_flight.clear()
        self._waiting = 0
