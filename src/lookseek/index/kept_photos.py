"""Photos that an index folder keeps of items that came without a source of their own: ``photos/`` in it.

An item's photo must be there before the item is, and may go only once no reader can find the item. So a writer that is
killed in between leaves photos of no item: the ids that it edits stand in ``photos.edited``, and the next writer
removes what they no longer have.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path, PurePath

from ..atomic import sync_folder, write_bytes
from ..errors import IndexFolderError
from ..store.schema import point_id

__all__ = ["KeptPhotos", "photo_name"]

_UUID = "00000000-0000-0000-0000-000000000000"
"""What the name of a photo begins with: the id of its item's point."""


def photo_name(id: str, photo: bytes) -> str:
    """Return the file name of an item's kept photo: another one for another photo."""
    return f"{point_id(id)}-{hashlib.blake2b(photo, digest_size=8).hexdigest()}.jpg"


class KeptPhotos:
    """The kept photos of one index, as its writer sees them.

    Args:
        folder: ``photos/`` of the index; made with the first photo.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._edited = folder, folder.with_name(f"{folder.name}.edited")
        self._noted = set[str]()
        self._known = set[str]()  # ids that were noted together with the sources that they had
        self._names = set[str]()  # of the photos that the noted items had or got; more than these no noted item has

    def keep(self, id: str, photo: bytes) -> str:
        """Keep a photo; returns its source.

        Raises:
            IndexFolderError: it can't be written.
        """
        file = self._folder / photo_name(id, photo)
        try:
            self._folder.mkdir(exist_ok=True)
            self._note([id])
            self._names.add(file.name)
            if not file.exists():
                write_bytes(file, photo)
        except (FileExistsError, NotADirectoryError, PermissionError) as error:
            raise IndexFolderError(f"{self._folder} can't keep a photo ({error}): make it a folder of yours") from error
        return str(file.resolve())

    def edit(self, ids: Collection[str], sources: Collection[str]) -> None:
        """Note ids before their items change, so that the next writer finds them if this one is killed.

        Args:
            ids: of the items.
            sources: of the photos that they have.
        """
        self._names.update(PurePath(source).name for source in sources)
        self._known.update(ids)
        self._note(ids)

    def _note(self, ids: Collection[str]) -> None:
        new = set(ids) - self._noted
        if new and self._folder.is_dir():  # else there is no photo that could be left
            fresh = not self._edited.exists()
            with self._edited.open("a", encoding="utf-8") as notes:
                notes.writelines(json.dumps(id) + "\n" for id in sorted(new))
                notes.flush()
                os.fsync(notes.fileno())
            if fresh:
                sync_folder(self._folder.parent)
            self._noted |= new

    def edited(self) -> set[str]:
        """Return the ids that were noted since photos were last removed; a line that was cut short is passed over."""
        try:
            lines = self._edited.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return set()
        found = set[str]()
        for line in lines:
            try:
                found.add(str(json.loads(line)))
            except ValueError:
                continue
        return found

    def remove(self, ids: Collection[str] | None, sources: Iterable[str]) -> None:
        """Remove photos, and the notes of what was edited.

        Args:
            ids: of the items whose photos may go; None for all.
            sources: of the photos that stay; not read where there are none that may go. Names alone are compared, since
                an index may have been moved.
        """
        files = self._files_of(ids)
        if files:
            kept = {PurePath(source).name for source in sources}
            for file in files:
                if file.name not in kept:
                    file.unlink(missing_ok=True)
        self._noted.clear()
        if self._edited.exists():  # emptied, not removed: the next note then waits for one file alone
            self._edited.write_bytes(b"")

    def _files_of(self, ids: Collection[str] | None) -> list[Path]:
        """Return the files that photos of items may have; of all items for None.

        Of items that this writer noted with their sources they are known; else the folder is listed, which takes the
        longer the more photos are kept.
        """
        theirs = None if ids is None else {str(point_id(id)) for id in ids}
        if ids is not None and self._known.issuperset(ids):
            found: Iterable[Path] = filter(Path.exists, (self._folder / name for name in sorted(self._names)))
        else:
            found = self._folder.glob("*.jpg*")  # also what a killed writer wrote half
        return [file for file in found if theirs is None or file.name[: len(_UUID)] in theirs]
