"""What every source of items provides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ..types import Item, Skipped

__all__ = ["Catalogue"]


class Catalogue(Protocol):
    """A source of items that can be iterated any number of times, in the same order."""

    name: str
    """A short name for messages."""

    origin: str
    """The argument by which ``open_catalogue`` opens it again, from any folder."""

    def __len__(self) -> int:
        """How many entries an iteration yields at most."""

    def __iter__(self) -> Iterator[Item | Skipped]:
        """Stream the entries; memory stays bounded at any size."""
