"""Writes the index folder, for the one process that holds its lock; what lies where is told in ``folder.py``."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..atomic import move, write_bytes, write_text
from ..errors import IndexDamaged
from ..store import Store, create_store, open_store
from ..store.room import require_room, size_on_disk
from .amended_store import AmendedStore
from .edits import write_edits
from .generation import checksum, copy_generation, generations, number_of, stored_files, sync_generation
from .journal import JournalWriter, beginning, create_journal, is_full, journal_name
from .journal_head import HEAD, JournalHead, write_head
from .kept_photos import KeptPhotos
from .manifest import JournalEnd, Manifest, manifest_to_json
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
        self._amended: AmendedStore | None = None

    @property
    def place(self) -> Place:
        return self._place

    def start(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        fresh = replace(manifest, generation=self._next_name(), files={}, updated="", journal=None)
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
        if base.journal is not None:
            write_edits(self._place.edits(base), self.open(fresh))
        return fresh

    def amend(self, manifest: Manifest, store: Store, runtime: str) -> AmendedStore | None:
        stored = self._place.stored()
        if stored is None or (stored.generation, stored.files) != (manifest.generation, manifest.files):
            return None
        end, file = manifest.journal or beginning(stored), self._place.journal(stored)
        if is_full(end):
            return None
        if stored.journal is None:
            create_journal(file)
            write_text(self._folder / PUBLISHED, manifest_to_json(replace(stored, journal=end)))
        journal = JournalWriter(file, end, stored.spec.layout)
        self._amended = AmendedStore(store, manifest.items, journal, runtime)
        return self._amended

    def open(self, manifest: Manifest) -> Store:
        data = self._folder / manifest.generation
        return open_store(manifest.spec.store, data, manifest.spec.layout, lock=self._lock)

    def announce(self, manifest: Manifest) -> None:
        write_text(self._folder / UNFINISHED, manifest_to_json(manifest))

    def publish(self, manifest: Manifest) -> Manifest:
        """The rename of ``lookseek.json`` is the moment: before it readers see the old index, after it the new.

        Where the published generation was amended, that of ``journal.json`` is.
        """
        amended = self._amended
        if amended is not None and manifest.journal is not None:
            return self._publish_edits(manifest, amended.end, amended.items)
        data = self._folder / manifest.generation
        self.open(manifest).close()  # lets the engine settle its files
        sync_generation(data)
        done = replace(manifest, files={name: checksum(data / name) for name in stored_files(data)})
        write_text(self._folder / PUBLISHED, manifest_to_json(done))
        (self._folder / UNFINISHED).unlink(missing_ok=True)
        (self._folder / HEAD).unlink(missing_ok=True)
        self.sweep()
        return done

    def _publish_edits(self, manifest: Manifest, end: JournalEnd, items: int) -> Manifest:
        head = JournalHead(manifest.generation, end, items, manifest.runtime, manifest.updated)
        write_head(self._folder, head)
        return head.applied(manifest)

    def publish_folded(self, base: Manifest, data: Path, files: Mapping[str, tuple[int, str]]) -> bool:
        """Publish a copy of the published generation that holds the edits of its journal.

        Args:
            base: the generation, with as much of its journal as the copy holds; later edits begin the next journal.
            data: the copy, which is moved away from there.
            files: of the copy, as a manifest lists them.

        Returns:
            Whether it was published: not where another generation was meanwhile.
        """
        now = self._place.published()
        if now is None or (now.generation, now.files) != (base.generation, base.files) or base.journal is None:
            return False
        fresh = replace(now, generation=self._next_name(), files=dict(files), journal=None)
        if rest := self._place.edits(now, base.journal):
            file = self._place.journal(fresh)
            create_journal(file)
            journal = JournalWriter(file, beginning(fresh), fresh.spec.layout)
            for change in rest:
                journal.append(change, now.items, now.runtime)
            journal.close()
            fresh = replace(fresh, journal=journal.end)
        move(data, self._folder / fresh.generation)
        write_text(self._folder / PUBLISHED, manifest_to_json(fresh))
        (self._folder / HEAD).unlink(missing_ok=True)
        self.sweep()
        return True

    def _next_name(self) -> str:
        last = max((number_of(path.name) for path in self._folder.iterdir()), default=0)
        return f"generation-{last + 1:04d}"

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

    def note_edited(self, ids: Collection[str], sources: Collection[str]) -> None:
        self._photos.edit(ids, sources)

    def edited(self) -> Collection[str]:
        return self._photos.edited()

    def remove_photos(self, ids: Collection[str] | None, sources: Iterable[str]) -> None:
        self._photos.remove(ids, sources)

    def sweep(self) -> None:
        """Publish edits that a killed writer acknowledged, and remove what it left besides.

        That is generations that no manifest names, and files that were half written. Only names that lookseek gives are
        touched: whatever else lies in the folder stays.
        """
        if (edits := self._place.unpublished_edits()) is not None and edits.journal is not None:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self._publish_edits(replace(edits, updated=now), edits.journal, edits.items)
        named = {m.generation for m in (self._place.published(), self._place.unfinished()) if m is not None}
        for path in generations(self._folder):
            if path.name not in named:
                shutil.rmtree(path, ignore_errors=True)  # on Windows a reader may hold it: the next writer tries again
        for file in self._folder.glob(journal_name("generation-*")):
            if file.stem not in named:
                file.unlink(missing_ok=True)
        for half in (PUBLISHED, UNFINISHED, HEAD):
            (self._folder / f"{half}.part").unlink(missing_ok=True)
