"""The index folder: what lies in it, and which of its generations is the one to open.

    INDEX/
      lookseek.json     the published generation: model, layout, fields, counts, checksums of its files
      building.json     the same for a generation that a job is filling, or was filling when it was stopped
      generation-0007/  the store's files; one that is published is never written again. routers/ in it: its routers
      writer.lock       held by the one process that writes
      skipped.csv       what the last job had to leave out, and why
      duplicates.csv    photos that the index holds more than once, as the last job found them

A job never writes where a reader may look: it copies the newest generation, changes the copy, and publishes it
by renaming one file. So an old index serves while a new one is built, and a reader needs no lock. A job that
was killed leaves its ``building.json``; whoever opens the index next finds every acknowledged item there.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import IndexBusy, IndexDamaged, IndexFolderError, IndexMismatch, IndexMissing
from ..store import Store, open_store
from .manifest import Manifest, read_manifest, write_manifest

PUBLISHED, _BUILDING, _LOCK = "lookseek.json", "building.json", "writer.lock"
ROUTERS = "routers"
"""The folder of a generation that holds its routers."""
_BLOCK = 1 << 16
"""Bytes copied at a time; a block of zeros becomes a hole."""
_REWRITTEN = ("edge_config.json", "segment.json")
"""Files that the engine writes anew whenever it opens a folder: no checksum can be kept of them."""


@dataclass(frozen=True, slots=True)
class OpenIndex:
    """An index opened for reading.

    Args:
        folder: the index folder.
        manifest: of the generation that is open.
        store: its points.
        note: what the person should know, e.g. that the last job was interrupted; "" if nothing.
    """

    folder: Path
    manifest: Manifest
    store: Store
    note: str = ""


def open_index(folder: Path) -> OpenIndex:
    """Open the newest generation that is whole.

    Raises:
        IndexMissing: there is no index.
        IndexBusy: its first job is still running.
        IndexMismatch: it was made by a newer lookseek.
        IndexDamaged: its files are not what they should be.
    """
    published, building = published_manifest(folder), building_manifest(folder)
    if building is not None and not being_written(folder) and _continues(building, published):
        note = "the last index job was interrupted: run it again to finish it"
        try:
            return _opened(folder, building, note)
        except IndexFolderError:
            if published is None:
                raise
    if published is None:
        if building is not None:
            raise IndexBusy(f"{folder} is being built for the first time: search it when the job has ended")
        raise IndexMissing(f"there is no index in {folder}: make one with lookseek index SOURCE {folder}")
    try:
        return _opened(folder, published, "")
    except IndexDamaged:  # a job may have published a newer generation in between, and removed this one
        newer = published_manifest(folder)
        if newer is None or newer.generation == published.generation:
            raise
        return _opened(folder, newer, "")


def _opened(folder: Path, manifest: Manifest, note: str) -> OpenIndex:
    data = folder / manifest.generation
    for name, (size, _) in manifest.files.items():
        file = data / name
        found = file.stat().st_size if file.is_file() else None
        if found != size:
            state = "is missing" if found is None else f"has {found:,} bytes"
            raise IndexDamaged(f"{file} {state}, not {size:,}: delete {folder} and index the catalogue again")
    return OpenIndex(folder, manifest, open_store(manifest.recipe.store, data, manifest.recipe.layout), note)


def _continues(building: Manifest, published: Manifest | None) -> bool:
    return published is None or building.recipe.same_vectors(published.recipe)


# what a writer does


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the folder's one writer lock, and tidy up what earlier writers left.

    Raises:
        IndexBusy: another process holds it.
        IndexMismatch: the folder holds something else than an index.
    """
    if folder.exists() and not folder.is_dir():
        raise IndexMismatch(f"{folder} is a file: give a folder for the index")
    if folder.is_dir() and any(folder.iterdir()) and not is_index(folder):
        raise IndexMismatch(f"{folder} holds other things than an index: give a new or empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=2)
    except Timeout:
        raise IndexBusy(f"another process is writing {folder}: wait until it has ended, or stop it") from None
    try:
        _sweep(folder)
        yield
    finally:
        lock.release()


def is_index(folder: Path) -> bool:
    """Whether a folder holds an index, or the beginning of one."""
    return any((folder / name).exists() for name in (PUBLISHED, _BUILDING, _LOCK))


def being_written(folder: Path) -> bool:
    """Whether a process holds the writer lock."""
    if not (folder / _LOCK).exists():
        return False
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0.3)  # another reader may be asking the same
    except Timeout:
        return True
    except OSError:
        return False  # a folder that may not be written: no writer of ours is there
    lock.release()
    return False


def start(folder: Path, manifest: Manifest, base: Manifest | None) -> Manifest:
    """Make a new generation to write in: a copy of ``base``, or nothing yet where that is None.

    Returns:
        ``manifest`` with the new generation's name. Nothing points to it until it is announced or published.
    """
    numbers = [int(path.name.partition("-")[2]) for path in folder.glob("generation-[0-9]*")]
    fresh = replace(manifest, generation=f"generation-{max(numbers, default=0) + 1:04d}", files={}, updated="")
    if base is not None:
        data = folder / base.generation
        damaged = [name for name, expected in base.files.items() if checksum(data / name) != expected]
        if damaged:
            raise IndexDamaged(
                f"{data / damaged[0]} is not what was written, nor would a copy of it be: delete {folder} and index "
                "the catalogue again"
            )
        _copy(data, folder / fresh.generation)
    return fresh


def discard(folder: Path, manifest: Manifest) -> None:
    """Remove a generation that was started and is not wanted."""
    shutil.rmtree(folder / manifest.generation, ignore_errors=True)


def forget_routers(folder: Path, manifest: Manifest) -> None:
    """Remove the routers' files from a generation whose items are about to change: nobody may use them any more."""
    shutil.rmtree(folder / manifest.generation / ROUTERS, ignore_errors=True)


def announce(folder: Path, manifest: Manifest) -> None:
    """Write ``building.json``: from now on the generation is found again after a crash."""
    write_manifest(folder / _BUILDING, manifest)


def publish(folder: Path, manifest: Manifest) -> Manifest:
    """Make a closed generation the one that readers open, and remove the older ones.

    The rename of ``lookseek.json`` is the moment: before it readers see the old index, after it the new.
    """
    data = folder / manifest.generation
    open_store(manifest.recipe.store, data, manifest.recipe.layout).close()  # lets the engine settle its files
    done = replace(manifest, files={name: checksum(data / name) for name in lasting_files(data)})
    write_manifest(folder / PUBLISHED, done)
    (folder / _BUILDING).unlink(missing_ok=True)
    _sweep(folder)
    return done


def _copy_file(source: str, target: str) -> None:
    """A copy that leaves holes as holes: the engine's files are mostly empty at first, 30 MB that take 100 KB."""
    with open(source, "rb") as read, open(target, "wb") as write:  # noqa: PTH123  copytree gives text
        while block := read.read(_BLOCK):
            if block.count(0) == len(block):
                write.seek(len(block), 1)
            else:
                write.write(block)
        write.truncate(read.tell())


def lasting_files(data: Path) -> list[str]:
    """The files of a generation that stay as they are, relative, sorted."""
    found = (path for path in data.rglob("*") if path.is_file() and path.name not in _REWRITTEN)
    return sorted(path.relative_to(data).as_posix() for path in found)


def checksum(file: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file."""
    with file.open("rb") as opened:
        return file.stat().st_size, hashlib.file_digest(opened, "sha256").hexdigest()


def verified(file: Path, expected: tuple[int, str]) -> bytes:
    """What a file holds, compared with its size and SHA-256 before anything parses it.

    Raises:
        IndexDamaged: it is another file than was published, or gone.
    """
    data = file.read_bytes() if file.is_file() else b""
    if (len(data), hashlib.sha256(data).hexdigest()) != tuple(expected):
        raise IndexDamaged(
            f"{file} is not what was published ({len(data):,} bytes, {expected[0]:,} expected): bring it back from a "
            "copy, or index and route the catalogue again"
        )
    return data


def published_manifest(folder: Path) -> Manifest | None:
    """What ``lookseek.json`` says, or None where there is none."""
    return read_manifest(folder / PUBLISHED)


def building_manifest(folder: Path) -> Manifest | None:
    """What ``building.json`` says, or None where no job is running or was interrupted."""
    return read_manifest(folder / _BUILDING)


def _sweep(folder: Path) -> None:
    kept = {m.generation for m in (published_manifest(folder), building_manifest(folder)) if m is not None}
    for path in folder.glob("generation-*"):
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)  # on Windows a reader may hold it: the next writer tries again


def _copy(source: Path, target: Path) -> None:
    beside = target.with_name(target.name + ".copying")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside, copy_function=_copy_file)
    beside.rename(target)
