"""Compares an opened index with its checksums beside the searches: damage is reported by the next answer."""

from __future__ import annotations

import threading

from ..errors import IndexDamaged, IndexFolderError
from ..index.manifest import Manifest
from ..index.open_index import OpenIndex

__all__ = ["Verification", "same_files"]

_AWAITED = 512 * 2**20
"""Bytes of an index up to which a single query waits for its verification: at most some .3 s beside loading a model."""


def same_files(one: Manifest, other: Manifest) -> bool:
    """Return whether two generations have the same files: between them are edits at most, compared when read."""
    return (one.generation, one.files) == (other.generation, other.files)


class Verification:
    """The comparison of one generation with its checksums, in a thread of its own.

    Sizes and small files were compared when it was opened; this reads all the others.

    Args:
        index: that was opened.
        delay: seconds before it begins: of several generations that follow each other quickly only the last is read.
    """

    def __init__(self, index: OpenIndex, delay: float = 0.0) -> None:
        self._index, self._damage = index, ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(delay,), name="lookseek-verification", daemon=True)
        self._thread.start()

    def raise_if_damaged(self) -> None:
        """Raise what was found until now.

        Raises:
            IndexDamaged: a file is not what was published.
        """
        if self._damage:
            raise IndexDamaged(self._damage)

    def finish(self) -> None:
        """Wait for the end where the index is small enough to wait for, then raise what was found."""
        if sum(size for size, _ in self._index.manifest.files.values()) <= _AWAITED:
            self._thread.join()
        self.raise_if_damaged()

    def stop(self) -> None:
        """Report nothing more: the index was closed, or another generation is open."""
        self._stopped.set()

    def _run(self, delay: float) -> None:
        if self._stopped.wait(delay):
            return
        place, manifest = self._index.place, self._index.manifest
        try:
            found = place.damage(manifest, contents=True)
        except OSError as error:  # e.g. a generation that was removed while its folders were listed
            found = {"a file": f"can't be read ({error})"}
        for name, wrong in found.items():
            try:
                now = place.published()  # the generation may have gone while it was read
                replaced = now is None or not same_files(now, manifest)
            except IndexFolderError:
                replaced = False
            if not replaced and not self._stopped.is_set():
                self._damage = (
                    f"{place.address}: {name} of {manifest.generation} {wrong}: bring it back from a copy, or delete "
                    f"{place.address} and index the catalogue again"
                )
            return
