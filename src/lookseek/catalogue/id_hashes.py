"""Hashes of very many ids in little memory: 8 bytes each, where a set of Python takes some 70."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["IdHashes", "id_hash"]

_RECENT = 1 << 16
"""Hashes that are kept in a set before they are sorted in."""


class IdHashes:
    """A set of 64-bit hashes that only grows."""

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._sorted: NDArray[np.uint64] = np.empty(0, np.uint64)

    def __contains__(self, hash: int) -> bool:
        if hash in self._recent:
            return True
        at = int(np.searchsorted(self._sorted, np.uint64(hash)))
        return at < len(self._sorted) and int(self._sorted[at]) == hash

    def add(self, hash: int) -> bool:
        """Add a hash, 0 to 2**64 - 1.

        Returns:
            Whether it is new.
        """
        if hash in self:
            return False
        self._recent.add(hash)
        if len(self._recent) == _RECENT:
            self.array()
        return True

    def array(self) -> NDArray[np.uint64]:
        """Return all hashes, uint64 (n,), sorted, each once."""
        if self._recent:
            recent = np.fromiter(self._recent, np.uint64, len(self._recent))
            self._sorted = np.union1d(self._sorted, recent)
            self._recent.clear()
        return self._sorted


def id_hash(id: str) -> int:
    """Return 64 bits that stand for an id.

    At a million ids the odds that any two different ones share a hash are 1 in 37 million.
    """
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest())
