"""Folds the journal of an index folder into a new generation, beside those who read it and edit it.

The copy is made and the edits are written into it without the right to write the index; what is edited meanwhile goes
on in the journal, and becomes the beginning of the new generation's. The right to write is held for the publication.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from filelock import Timeout

from ..atomic import DISK_FULL
from ..errors import IndexBusy, IndexDamaged, IndexFull
from ..store import open_store
from ..store.copying import copy_tree
from ..store.room import require_room, size_on_disk
from .edits import write_edits
from .file_locks import shared_lock
from .generation import checksum, stored_files, sync_generation
from .manifest import Manifest
from .place import ROUTERS

if TYPE_CHECKING:
    from .folder import FolderPlace

__all__ = ["FOLDING", "FOLDING_LOCK", "fold_journal"]

FOLDING, FOLDING_LOCK = "folding", "folding.lock"
"""The copy while it is made, and the lock of who makes it."""
_TRIES = 10
"""How often the right to write is asked for, 2 s each time, before the copy is given up."""


class _Stopped(Exception):
    """Whoever wanted the folding wants it no more."""


def fold_journal(place: FolderPlace, stopped: Callable[[], bool]) -> bool:
    """Publish a generation that holds what the published one and its journal hold.

    Args:
        place: of the index.
        stopped: asked now and then; once it returns True, the work is given up and leaves nothing.

    Returns:
        Whether one was published: not where there is no journal, another process folds it, or a job was quicker.

    Raises:
        IndexFull: the disk has no room for it; what was published is whole and answers.
        IndexDamaged: the generation or its journal is not what was written.
    """
    base = place.published()
    if base is None or base.journal is None or not base.journal.edits:
        return False
    try:
        with shared_lock(place.folder / FOLDING_LOCK, 0.0) as lock:
            return _fold(place, base, lock, stopped)
    except (Timeout, _Stopped):
        return False
    except OSError as error:
        if error.errno in DISK_FULL:
            raise IndexFull(f"there is no room on the disk of {place.folder} to fold its journal: make room") from error
        if place.published_generation() != base.generation:  # a job was quicker, and removed what was copied
            return False
        raise


def _fold(place: FolderPlace, base: Manifest, lock: int | None, stopped: Callable[[], bool]) -> bool:
    def go_on() -> None:
        if stopped():
            raise _Stopped

    source, data = place.folder / base.generation, place.folder / FOLDING
    shutil.rmtree(data, ignore_errors=True)
    try:
        for name, wrong in place.damage(base, contents=True).items():
            if place.published_generation() != base.generation:
                return False
            raise IndexDamaged(f"{place.folder}: {name} of {base.generation} {wrong}, so its journal is not folded")
        go_on()
        require_room(data, size_on_disk(source))
        copy_tree(source, data)
        go_on()
        shutil.rmtree(data / ROUTERS, ignore_errors=True)  # they keyed the items as they were
        write_edits(place.edits(base), open_store(base.spec.store, data, base.spec.layout, lock=lock), go_on)
        open_store(base.spec.store, data, base.spec.layout, lock=lock).close()  # lets the engine settle its files
        sync_generation(data)
        files = {name: checksum(data / name) for name in stored_files(data)}
        for left in reversed(range(_TRIES)):
            go_on()
            try:
                with place.writing() as writer:
                    return writer.publish_folded(base, data, files)
            except IndexBusy:
                if not left:
                    raise
        return False
    finally:
        shutil.rmtree(data, ignore_errors=True)
