"""The index folder, the place of an index on a local disk.

    INDEX/
      lookseek.json     the published generation: model, layout, fields, counts, checksums of its files
      building.json     the same for a generation that a job is filling, or was filling when it was stopped
      generation-0007/  the store's files; one that is published is never written again. routers/ in it: its routers
      generation-0007.journal  items that were edited since it was published; made with the first edit
      journal.json      how much of the journal belongs to the index
      writer.lock       held by the one process that writes
      engine.lock       held by it and by the process in which the engine writes, which may outlive it for a moment
      folding/          a copy into which a service writes the journal's edits; folding.lock is held meanwhile
      photos/           photos that came without a source of their own
      photos.edited     ids whose photos may have to go, while a writer edits their items
      skipped.csv       what the last job had to leave out, and why
      duplicates.csv    photos that the index holds more than once, as the last job found them

A writer never writes where a reader may look: a job copies the newest generation, changes the copy, and publishes it
by renaming one file; an edit appends to the journal, and publishes by renaming another. So an old index serves while a
new one is built, and a reader needs no lock. A job that was killed leaves its ``building.json``, an edit the end of the
journal; whoever opens the index next finds every acknowledged item there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from filelock import FileLock, Timeout

from ..atomic import DISK_FULL
from ..catalogue import photos_at
from ..errors import IndexBusy, IndexDamaged, IndexFolderError, IndexFull, IndexMismatch
from ..store import Store, StoreType, open_store
from ..store.changes import Change
from ..store.edited import EditableStore, EditedStore
from ..types import Photo
from .file_locks import is_locked, shared_lock, wait_until_free
from .folder_writer import PHOTOS, PUBLISHED, UNFINISHED, FolderWriter
from .folding import fold_journal
from .generation import ENGINE_REWRITES, content_matches, matches, stored_files
from .journal import beginning, changes_between, journal_damage, journal_name, tail_of
from .journal_head import JournalHead, head_version, read_head
from .manifest import JournalEnd, Manifest, manifest_from_json

__all__ = ["FolderPlace", "is_index"]

_SMALL = 2**18
"""Bytes of a file up to which its checksum is compared whenever the index is opened: some .2 ms."""
_LOCK, _ENGINE_LOCK = "writer.lock", "engine.lock"
_ENGINE_SECONDS = 10.0
"""Seconds that the engine of a killed writer may take to end the call in which it is; most take milliseconds."""


def is_index(folder: Path) -> bool:
    """Return whether a folder holds an index, or the beginning of one."""
    return any((folder / name).exists() for name in (PUBLISHED, UNFINISHED, _LOCK))


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder that holds an index, or will. See ``Place`` for what each method promises."""

    folder: Path

    @property
    def address(self) -> str:
        return str(self.folder)

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    @property
    def store(self) -> StoreType | None:
        return None

    def stored(self) -> Manifest | None:
        """Return the manifest of the published generation as its file has it, without the last edits."""
        return _read(self.folder / PUBLISHED)

    def published_generation(self) -> str:
        """Return the name of the published generation; "" where there is none."""
        stored = self.stored()
        return "" if stored is None else stored.generation

    def published(self) -> Manifest | None:
        stored = self.stored()
        while stored is not None and stored.journal is not None:
            head = read_head(self.folder)
            if head is not None and head.generation == stored.generation:
                return head.applied(stored)
            again = self.stored()
            if again == stored:
                return stored
            stored = again  # another generation was published in between, and the head is of that
        return stored

    def unfinished(self) -> Manifest | None:
        building, edits = _read(self.folder / UNFINISHED), self.unpublished_edits()
        # the job of another model goes on once the next writer has published the edits
        return building if building is not None and (edits is None or building.spec.same_vectors(edits.spec)) else edits

    def unpublished_edits(self) -> Manifest | None:
        """Return the published generation with what was edited and not published; None where there is nothing such."""
        stored = self.stored()
        if stored is None or stored.journal is None:
            return None
        try:
            size = self.journal(stored).stat().st_size  # before the manifest: what is published meanwhile is no tail
        except OSError:
            return None  # opening the generation tells
        manifest = self.published()
        if manifest is None or manifest.generation != stored.generation or manifest.journal is None:
            return None
        record = tail_of(self.journal(stored), manifest.journal) if size > manifest.journal.size else None
        if record is None:
            return None
        return JournalHead(stored.generation, record.end, record.items, record.runtime, "").applied(stored)

    def version(self) -> str:
        try:  # the manifest is replaced, never written in place
            stat = (self.folder / PUBLISHED).stat()
        except OSError:  # e.g. gone, or on a disk that is
            return ""
        return f"{stat.st_ino}-{stat.st_mtime_ns}-{head_version(self.folder)}"

    def being_written(self) -> bool:
        return is_locked(self.folder / _LOCK) or not wait_until_free(self.folder / _ENGINE_LOCK, _ENGINE_SECONDS)

    def damage(self, manifest: Manifest, *, contents: bool = False) -> Mapping[str, str]:
        data = self._data(manifest)
        found = {}
        for name, (size, digest) in manifest.files.items():
            if wrong := _damage_of(data / name, size, digest, contents or size <= _SMALL):
                found[name] = wrong
        if manifest.journal is not None and (wrong := self._journal_damage(manifest, manifest.journal, contents)):
            found[journal_name(manifest.generation)] = wrong
        if manifest.files:  # those of a generation that is being filled are not listed yet
            rewritten = ENGINE_REWRITES if not any(_is_rewritten(name) for name in manifest.files) else ()
            found |= {
                name: "is not listed in the index, so something else put it there"
                for name in stored_files(data)
                if name not in manifest.files and name.rpartition("/")[2] not in rewritten
            }
        return found

    def open(self, manifest: Manifest, earlier: tuple[Manifest, Store] | None = None) -> Store:
        layout = manifest.spec.layout
        if manifest.journal is None:
            return open_store(manifest.spec.store, self._data(manifest), layout, read_only=True)
        known, store = earlier or (None, None)
        begin = beginning(manifest)
        if known is None or not _goes_on(known, manifest):
            store = None
        elif known.journal is not None:
            begin = known.journal
        changes = self.edits(manifest, begin)
        if store is None:
            store = open_store(manifest.spec.store, self._data(manifest), layout, read_only=True)
        return (store if isinstance(store, EditedStore) else EditedStore(cast(EditableStore, store))).after(changes)

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        file = self._data(manifest) / name
        if name not in manifest.files:
            raise IndexDamaged(f"{file} is not listed in the index, so it is not read: fit the router again")
        data = file.read_bytes() if file.is_file() else b""
        if not content_matches(data, *manifest.files[name]):
            raise IndexDamaged(
                f"{file} is not what was published ({len(data):,} bytes, {manifest.files[name][0]:,} expected): bring "
                "it back from a copy, or index and route the catalogue again"
            )
        return data

    def keeps(self, source: str) -> bool:
        return bool(source) and Path(source).parent == (self.folder / PHOTOS).resolve()

    def photos(self, sources: Sequence[str]) -> list[Photo | None]:
        return photos_at(sources)

    def report_address(self, name: str) -> str:
        return str(self.folder / name)

    def read_report(self, name: str) -> str:
        try:
            with (self.folder / name).open(encoding="utf-8", newline="") as file:
                return file.read()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise IndexDamaged(
                f"{self.folder / name} can't be read ({error}): the next index job writes it anew"
            ) from error

    def fold(self, stopped: Callable[[], bool]) -> bool:
        return fold_journal(self, stopped)

    @contextmanager
    def writing(self) -> Iterator[FolderWriter]:
        if self.folder.exists() and not self.folder.is_dir():
            raise IndexMismatch(f"{self.folder} is a file: give a folder for the index")
        if self.folder.is_dir() and any(self.folder.iterdir()) and not is_index(self.folder):
            raise IndexMismatch(f"{self.folder} holds other things than an index: give a new or empty folder")
        lock = FileLock(self.folder / _LOCK)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=2)
        except Timeout:
            raise IndexBusy(f"another process is writing {self.folder}: wait until it has ended, or stop it") from None
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno in DISK_FULL:
                raise IndexFull(f"there is no room on the disk of {self.folder} ({reason}): make room") from error
            raise IndexFolderError(
                f"{self.folder} can't be written ({reason}): give this user the right to it, or name another folder"
            ) from error
        try:
            with shared_lock(self.folder / _ENGINE_LOCK, _ENGINE_SECONDS) as shared:
                writer = FolderWriter(self, shared)
                writer.sweep()
                yield writer
        except Timeout:
            raise IndexBusy(
                f"the engine of a writer that was stopped still writes {self.folder}: wait until it has ended"
            ) from None
        except OSError as error:
            if error.errno in DISK_FULL:
                raise IndexFull(
                    f"there is no room on the disk of {self.folder} ({error}): make room and run the same again. What "
                    "was published is whole and answers"
                ) from error
            raise
        finally:
            lock.release()

    def journal(self, manifest: Manifest) -> Path:
        """Return the file of a generation's journal."""
        return self.folder / journal_name(manifest.generation)

    def edits(self, manifest: Manifest, begin: JournalEnd | None = None) -> list[Change]:
        """Return the edits of a generation, or those after a place of its journal.

        Raises:
            IndexDamaged: the journal is not what was written.
        """
        begin = begin or beginning(manifest)
        end = manifest.journal or begin
        return changes_between(self.journal(manifest), begin, end, manifest.spec.layout)

    def _data(self, manifest: Manifest) -> Path:
        return self.folder / manifest.generation

    def _journal_damage(self, manifest: Manifest, end: JournalEnd, contents: bool) -> str:
        return journal_damage(self.journal(manifest), beginning(manifest), end, contents=contents)


def _goes_on(known: Manifest, manifest: Manifest) -> bool:
    """Return whether a generation is another one with more edits."""
    before, now = known.journal, manifest.journal
    same = (known.generation, known.files) == (manifest.generation, manifest.files)
    return same and now is not None and (before is None or before.size <= now.size)


def _damage_of(file: Path, size: int, digest: str, contents: bool) -> str:
    """Return what is wrong with a file; "" if nothing is."""
    try:
        actual = file.stat().st_size if file.is_file() else None
        if actual is None:
            return "is missing"
        if actual != size:
            return f"has {actual:,} bytes, not {size:,}"
        if contents and not matches(file, size, digest):
            return "is not what was written"
    except OSError as error:
        return f"can't be read ({error.strerror})"
    return ""


def _is_rewritten(name: str) -> bool:
    return name.rpartition("/")[2] in ENGINE_REWRITES


def _read(file: Path) -> Manifest | None:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IndexDamaged(f"{file} can't be read ({error}): index the catalogue again into a new folder") from error
    return manifest_from_json(data, str(file))
