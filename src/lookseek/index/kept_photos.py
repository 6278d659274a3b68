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

    def keep(self, id: str, photo: bytes) -> str:
        """Keep a photo; returns its source.

        Raises:
            IndexFolderError: it can't be written.
        """
        file = self._folder / photo_name(id, photo)
        try:
            self._folder.mkdir(exist_ok=True)
            self.edit([id])
            if not file.exists():
                write_bytes(file, photo)
        except (FileExistsError, NotADirectoryError, PermissionError) as error:
            raise IndexFolderError(f"{self._folder} can't keep a photo ({error}): make it a folder of yours") from error
        return str(file.resolve())

    def edit(self, ids: Collection[str]) -> None:
        """Note ids before their items change, so that the next writer finds them if this one is killed."""
        new = set(ids) - self._noted
        if new and self._folder.is_dir():  # else there is no photo that could be left
            with self._edited.open("a", encoding="utf-8") as notes:
                notes.writelines(json.dumps(id) + "\n" for id in sorted(new))
                notes.flush()
                os.fsync(notes.fileno())
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
        theirs = None if ids is None else {str(point_id(id)) for id in ids}
        files = [
            file for file in self._folder.glob("*.jpg") if theirs is None or file.stem.rpartition("-")[0] in theirs
        ]
        if files:
            kept = {PurePath(source).name for source in sources}
            for file in files:
                if file.name not in kept:
                    file.unlink(missing_ok=True)
        self._noted.clear()
        self._edited.unlink(missing_ok=True)
