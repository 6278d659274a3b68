"""Which items each source of an index named when it was last read: so sources with ids of their own are told apart.

Kept with the generation as ``sources/HASH.npy``: the sorted 64-bit hashes of the ids, 8 bytes an item. Indexes of
before have none: there a source's items are known by where their photos lie, see ``source_ids.lies_in``.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..catalogue.id_hashes import IdHashes
from ..errors import IndexDamaged
from .manifest import Manifest
from .place import Place

__all__ = ["FOLDER", "Members", "SourceMembers", "holds", "is_there", "members_to_bytes", "name_of"]

Members: TypeAlias = NDArray[np.uint64]
"""Hashes of ids, uint64 (n,), sorted, each once."""

FOLDER = "sources"
"""Where these files are in a generation."""
_SAME = 0.5
"""Share of the items of a source that is gone which another must name to be the same catalogue under another name."""


class SourceMembers:
    """What the sources of an index named, as the published generation has it.

    Args:
        place: of the index.
        published: the generation; None where there is none.
        sources: the origins of the other sources than the one that is indexed now.
        origin: of that one.
    """

    def __init__(self, place: Place, published: Manifest | None, sources: Sequence[str], origin: str) -> None:
        self._place, self._published = place, published
        self.own = self._read(origin)
        self._others = {source: self._read(source) for source in sources if source != origin}

    @property
    def unnoted(self) -> tuple[str, ...]:
        """Other sources of which nobody noted what they named, whether they are there or not."""
        return tuple(source for source, members in self._others.items() if members is None)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Other sources that are there, and of which nobody noted what they named."""
        return tuple(source for source in self.unnoted if is_there(source))

    def moved(self, seen: IdHashes) -> tuple[str, ...]:
        """Return the sources that are gone, and that the one indexed now is under another name.

        Args:
            seen: what it names.
        """
        now = seen.array()
        return tuple(
            source
            for source, members in self._others.items()
            if members is not None
            and len(members)
            and not is_there(source)
            and len(np.intersect1d(members, now, assume_unique=True)) >= _SAME * len(members)
        )

    def named_by_others(self, moved: Sequence[str]) -> dict[str, Members]:
        """Return what each other source named; those that moved are no others."""
        return {
            source: members for source, members in self._others.items() if members is not None and source not in moved
        }

    def vanished(self, seen: IdHashes, moved: Sequence[str]) -> Members:
        """Return what the source named before, does not name now, and no other source names either."""
        before = [members for members in (self.own, *(self._others[source] for source in moved)) if members is not None]
        named = _union([seen.array(), *self.named_by_others(moved).values()])
        return np.setdiff1d(_union(before), named, assume_unique=True)

    def _read(self, source: str) -> Members | None:
        if self._published is None:
            return None
        try:
            data = self._place.read_file(self._published, name_of(source))
            members: Members = np.load(io.BytesIO(data), allow_pickle=False)
        except (IndexDamaged, ValueError):
            return None
        return members if members.dtype == np.uint64 and members.ndim == 1 else None


def name_of(source: str) -> str:
    """Return the name of the file that keeps what a source named."""
    return f"{FOLDER}/{hashlib.blake2b(source.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}.npy"


def members_to_bytes(members: Members) -> bytes:
    """Return the content of such a file."""
    file = io.BytesIO()
    np.save(file, members, allow_pickle=False)
    return file.getvalue()


def holds(members: Members, hash: int) -> bool:
    """Return whether a hash is among these."""
    at = int(np.searchsorted(members, np.uint64(hash)))
    return at < len(members) and int(members[at]) == hash


def is_there(origin: str) -> bool:
    """Return whether a source can be opened again; drawn garments always can."""
    try:
        return origin.startswith("drawn") or Path(origin).exists()
    except (OSError, ValueError):
        return False


def _union(arrays: Sequence[Members]) -> Members:
    return reduce(np.union1d, arrays, np.empty(0, np.uint64))
