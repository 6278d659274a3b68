"""Opens an index for reading: which of its generations is the newest that is whole, and its store."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import IndexBusy, IndexDamaged, IndexFolderError, IndexMissing
from ..store import Store
from .address import Address, place_of
from .manifest import Manifest
from .place import Place, continues

__all__ = ["OpenIndex", "open_index"]


@dataclass(frozen=True, slots=True)
class OpenIndex:
    """An index opened for reading.

    Args:
        place: where it is.
        manifest: of the generation that is open.
        store: its points.
        note: what a person should be told, e.g. that the last job was interrupted; "" if nothing.
    """

    place: Place
    manifest: Manifest
    store: Store
    note: str = ""

    @property
    def address(self) -> str:
        """Where it is, as commands take it."""
        return self.place.address


def open_index(address: Address, earlier: OpenIndex | None = None) -> OpenIndex:
    """Open the newest generation that is whole.

    Args:
        address: of the index.
        earlier: the index as it was opened before: where there are only edits since, both share a store below.

    Raises:
        IndexMissing: there is no index.
        IndexBusy: its first job is still running.
        IndexMismatch: it was made by a newer lookseek.
        IndexDamaged: its files are not what they should be.
    """
    place = place_of(address)
    published, note = place.published(), ""
    try:
        unfinished = place.unfinished()
    except IndexFolderError as error:
        if published is None:
            raise
        unfinished, note = None, f"what the last job left can't be read, so the index is as it was before it: {error}"
    if unfinished is not None and not place.being_written() and continues(unfinished, published):
        edits = unfinished.journal is not None  # they are whole, a job may have more to do
        note = "" if edits else "the last index job was interrupted: run it again to finish it"
        try:
            return _opened(place, unfinished, note, earlier)
        except IndexFolderError:
            if published is None:
                raise
    if published is None:
        if unfinished is not None:
            raise IndexBusy(f"{place.address} is being built for the first time: search it when the job has ended")
        raise IndexMissing(f"there is no index in {place.address}: make one with lookseek index SOURCE {place.address}")
    try:
        return _opened(place, published, note, earlier)
    except IndexDamaged:  # a job may have published in between, and removed what this one lists
        newer = place.published()
        if newer is None or newer == published:
            raise
        return _opened(place, newer)


def _opened(place: Place, manifest: Manifest, note: str = "", earlier: OpenIndex | None = None) -> OpenIndex:
    known = None
    if earlier is not None and (earlier.manifest.generation, earlier.manifest.files) == (
        manifest.generation,
        manifest.files,
    ):
        known = earlier.manifest, earlier.store  # its files were compared when it was opened
    else:
        _raise_damage(place, manifest, contents=False)
    try:
        return OpenIndex(place, manifest, place.open(manifest, known), note)
    except IndexDamaged:  # in a large file, which is compared now to name it
        _raise_damage(place, manifest, contents=True)
        raise


def _raise_damage(place: Place, manifest: Manifest, *, contents: bool) -> None:
    for name, wrong in place.damage(manifest, contents=contents).items():
        raise IndexDamaged(
            f"{place.address}: {name} of {manifest.generation} {wrong}: delete {place.address} and index the catalogue "
            "again"
        )
