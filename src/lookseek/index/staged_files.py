"""Files of one set that are written together: rows and lines stream into each, and all take their places at the end.

Rows are written one block after another, not through a mapped file: a full disk then gives an error instead of killing
the process. Every file is written beside its name and renamed once all are whole, the one that describes the set first:
until the last one is in its place the checksums in it disagree with the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..atomic import move

__all__ = ["StagedFile", "staged"]


class StagedFile:
    """A file while it is written: beside its name, its checksum kept on the way."""

    def __init__(self, target: Path) -> None:
        self.target, self.path = target, target.with_name(target.name + ".part")
        self._file, self._size, self._digest = self.path.open("wb"), 0, hashlib.sha256()

    def header(self, dtype: str, shape: tuple[int, ...]) -> None:
        """Begin a .npy file of rows in C order."""
        np.lib.format.write_array_header_1_0(self, {"descr": dtype, "fortran_order": False, "shape": shape})

    def rows(self, array: NDArray[np.generic]) -> None:
        """Add the rows of an array."""
        self.write(array.tobytes())

    def lines(self, texts: Iterable[str]) -> None:
        """Add lines of text."""
        self.write("".join(f"{text}\n" for text in texts).encode("utf-8"))

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def finish(self) -> tuple[int, str]:
        """Close the file; returns its size in bytes and its SHA-256."""
        self._file.close()
        return self._size, self._digest.hexdigest()

    def close(self) -> None:
        """Close and remove what was not renamed."""
        self._file.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def staged(
    folder: Path, about: str, names: Sequence[str], earlier: Collection[str]
) -> Iterator[tuple[dict[str, StagedFile], Callable[[bytes], None]]]:
    """Write files that take their places together.

    Args:
        folder: where they go.
        about: the name of the file that describes them.
        names: of the others.
        earlier: names that an earlier set may have; those that this one lacks are removed at the end.

    Yields:
        The files by name, and a function that puts all in their places; it takes the content of ``about``.
    """
    with ExitStack() as cleaning:
        files = {}
        for name in names:
            files[name] = StagedFile(folder / name)
            cleaning.callback(files[name].close)

        def publish(description: bytes) -> None:
            first = StagedFile(folder / about)
            cleaning.callback(first.close)
            first.write(description)
            first.finish()
            for file in (first, *files.values()):
                move(file.path, file.target)
            for name in set(earlier) - {about, *files}:
                (folder / name).unlink(missing_ok=True)

        yield files, publish
