"""Rows that were computed before, kept in files by the hash of what they are of.

One folder an encoder, in it segments that are called by the hash of what they hold, written whole or not at all and
never changed: any number of jobs may read and write at once, one that is killed loses at most its last ``SEGMENT``
rows, and a damaged segment is found out and made again. Delete the folder whenever you like.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..atomic import write_bytes
from ..errors import QueryError
from ..types import Vector, Vectors

__all__ = ["Segments"]

SEGMENT = 1024
"""Photos a file: at 1,280 numbers each, 5 MB."""


class Segments:
    """The vectors of one encoder: those of the folder, and those added since."""

    def __init__(self, folder: Path, dim: int) -> None:
        self._folder = folder
        with _explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._type = np.dtype([("hash", "V32"), ("vector", "<f4", (dim,))])
        self._segments = [s for path in sorted(folder.glob("*.npy")) if (s := self._read(path)) is not None]
        self._new: list[tuple[bytes, Vector]] = []
        self._places = {
            bytes(hash): (number, row)
            for number, segment in enumerate(self._segments)
            for row, hash in enumerate(segment["hash"])
        }

    def __contains__(self, hash: bytes) -> bool:
        return hash in self._places

    def add(self, hash: bytes, vector: Vector) -> None:
        if hash in self:
            return
        self._places[hash] = (len(self._segments), len(self._new))
        self._new.append((hash, vector))
        if len(self._new) >= SEGMENT:
            self.save()

    def rows(self, hashes: Sequence[bytes]) -> Vectors:
        """Return vectors in the order of the hashes, float32 (n, dim)."""
        rows = np.empty((len(hashes), *self._type["vector"].shape), np.float32)
        for place, hash in enumerate(hashes):
            number, row = self._places[hash]
            rows[place] = self._segments[number]["vector"][row]
        return rows

    def save(self) -> None:
        """Write what was added as a segment of its own."""
        if not self._new:
            return
        segment = np.array([(hash, vector) for hash, vector in self._new], self._type)
        file = io.BytesIO()
        np.save(file, segment, allow_pickle=False)
        data = file.getvalue()
        path = self._folder / f"{sha256(data).hexdigest()}.npy"
        with _explained(self._folder):
            write_bytes(path, data, shared=True)
        self._segments.append(segment)
        self._new = []

    def _read(self, path: Path) -> NDArray[np.void] | None:
        """Read a segment. A damaged or foreign one is removed, so that its photos are encoded again: None."""
        with _explained(self._folder):
            data = path.read_bytes()
            if sha256(data).hexdigest() == path.stem:
                segment: NDArray[np.void] = np.load(io.BytesIO(data), allow_pickle=False)
                return segment
            path.unlink(missing_ok=True)
            return None


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Say whose folder it is that can't be used."""
    try:
        yield
    except OSError as error:
        raise QueryError(
            f"vectors can't be kept in {folder} ({error.strerror}): make it writable, or set LOOKSEEK_CACHE to another "
            "folder"
        ) from error
