"""Writes the index folder, for the one process that holds its lock; what lies where is told in ``folder.py``."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from ..atomic import write_bytes, write_text
from ..errors import IndexDamaged
from ..store import Store, create_store, open_store
from ..store.room import require_room, size_on_disk
from .generation import checksum, copy_generation, generations, number_of, stored_files, sync_generation
from .kept_photos import KeptPhotos
from .manifest import Manifest, manifest_to_json
from .place import Place

if TYPE_CHECKING:
    from .folder import FolderPlace

__all__ = ["PHOTOS", "PUBLISHED", "UNFINISHED", "FolderWriter"]

PUBLISHED, UNFINISHED, PHOTOS = "lookseek.json", "building.json", "photos"


class FolderWriter:
    """The holder of a folder's writer lock. See ``PlaceWriter`` for what each method promises.

    Args:
        place: that is written.
        lock: the descriptor of the lock that the engine's process shares; None where there is no such process.
    """

    def __init__(self, place: FolderPlace, lock: int | None) -> None:
        self._place, self._folder, self._lock = place, place.folder, lock
        self._photos = KeptPhotos(place.folder / PHOTOS)

    @property
    def place(self) -> Place:
        return self._place

    def start(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        last = max((number_of(path.name) for path in self._folder.iterdir()), default=0)
        fresh = replace(manifest, generation=f"generation-{last + 1:04d}", files={}, updated="")
        data = self._folder / fresh.generation
        if base is None:
            create_store(manifest.spec.store, data, manifest.spec.layout, lock=self._lock).close()
            return fresh
        for name, wrong in self._place.damage(base, contents=True).items():
            raise IndexDamaged(
                f"{self._folder}: {name} of {base.generation} {wrong}, so a copy of it would be damaged too: delete "
                f"{self._folder} and index the catalogue again"
            )
        require_room(data, size_on_disk(self._folder / base.generation))
        copy_generation(self._folder / base.generation, data)
        return fresh

    def open(self, manifest: Manifest) -> Store:
        data = self._folder / manifest.generation
        return open_store(manifest.spec.store, data, manifest.spec.layout, lock=self._lock)

    def announce(self, manifest: Manifest) -> None:
        write_text(self._folder / UNFINISHED, manifest_to_json(manifest))

    def publish(self, manifest: Manifest) -> Manifest:
        """The rename of ``lookseek.json`` is the moment: before it readers see the old index, after it the new."""
        data = self._folder / manifest.generation
        self.open(manifest).close()  # lets the engine settle its files
        sync_generation(data)
        done = replace(manifest, files={name: checksum(data / name) for name in stored_files(data)})
        write_text(self._folder / PUBLISHED, manifest_to_json(done))
        (self._folder / UNFINISHED).unlink(missing_ok=True)
        self.sweep()
        return done

    def discard(self, manifest: Manifest) -> None:
        shutil.rmtree(self._folder / manifest.generation, ignore_errors=True)

    def write_file(self, manifest: Manifest, name: str, data: bytes) -> None:
        write_bytes(self._folder / manifest.generation / name, data)

    def remove_files(self, manifest: Manifest, folder: str) -> None:
        shutil.rmtree(self._folder / manifest.generation / folder, ignore_errors=True)

    def write_report(self, name: str) -> AbstractContextManager[TextIO]:
        return (self._folder / name).open("w", newline="", encoding="utf-8")

    def keep_photo(self, id: str, photo: bytes) -> str:
        return self._photos.keep(id, photo)

    def note_edited(self, ids: Collection[str]) -> None:
        self._photos.edit(ids)

    def edited(self) -> Collection[str]:
        return self._photos.edited()

    def remove_photos(self, ids: Collection[str] | None, sources: Iterable[str]) -> None:
        self._photos.remove(ids, sources)

    def sweep(self) -> None:
        """Remove what writers that were killed left: generations that no manifest names, files that were half written.

        Only names that lookseek gives are touched: whatever else lies in the folder stays.
        """
        named = {m.generation for m in (self._place.published(), self._place.unfinished()) if m is not None}
        for path in generations(self._folder):
            if path.name not in named:
                shutil.rmtree(path, ignore_errors=True)  # on Windows a reader may hold it: the next writer tries again
        for half in (f"{PUBLISHED}.part", f"{UNFINISHED}.part", f"{PHOTOS}/*.jpg.part"):
            for path in self._folder.glob(half):
                path.unlink(missing_ok=True)
