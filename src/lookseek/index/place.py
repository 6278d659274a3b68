"""Where an index is kept: the two protocols through which everything else reads and writes one.

What holds an index is a local folder (``folder.py``) or a server (``postgres/``, ``qdrant/``); ``address.py`` finds the
place of an address. A reader holds a ``Place``, which has no method that writes; a writer holds the place's one
``PlaceWriter``, and with it the right to write. A generation is one whole state of an index, described by its
``Manifest``; readers open the published one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TextIO

from ..store import Store, StoreType
from ..types import Photo
from .amended_store import AmendedStore
from .manifest import Manifest

__all__ = ["DUPLICATES", "ROUTERS", "SKIPPED", "Place", "PlaceWriter", "continues", "latest"]

ROUTERS = "routers"
"""Where the small files of a generation's routers are: ``routers/svm.npz``."""
SKIPPED, DUPLICATES = "skipped.csv", "duplicates.csv"
"""The reports of the last index job: what it skipped and why, and photos that the index holds more than once."""


class Place(Protocol):
    """The place of one index as readers see it. Making one touches nothing: the index need not exist."""

    @property
    def address(self) -> str:
        """The address, as commands take it."""

    @property
    def name(self) -> str:
        """A short name of the index for people, without the way to it."""

    @property
    def store(self) -> StoreType | None:
        """The store that keeps every index of this place; None where a new index may have any of a folder's."""

    def published(self) -> Manifest | None:
        """Return the manifest of the generation that readers open; None where nothing was published yet.

        Raises:
            IndexDamaged: the manifest can't be read.
            IndexMismatch: a newer lookseek wrote it.
        """

    def unfinished(self) -> Manifest | None:
        """Return the manifest of the generation that a job fills now or was filling when it was stopped, or None.

        Its counts, time and checksums are not known yet. Raises as ``published``.
        """

    def version(self) -> str:
        """Return a text that is another one whenever something was published. Cheap: called before each search."""

    def being_written(self) -> bool:
        """Return whether a process holds the right to write."""

    def damage(self, manifest: Manifest, *, contents: bool = False) -> Mapping[str, str]:
        """Compare a generation with what its manifest lists.

        Args:
            manifest: of the generation.
            contents: False looks at what is cheap to look at: sizes, files that nobody listed, checksums of small
                files; True compares the checksums of everything.

        Returns:
            What is damaged, e.g. a file, to what is wrong with it, as the end of a sentence. Empty if nothing is, and
            where the place's own engine watches over its data.
        """

    def open(self, manifest: Manifest, earlier: tuple[Manifest, Store] | None = None) -> Store:
        """Open a generation's points for reading: whatever is done with the store, nothing of the place changes.

        Args:
            manifest: of the generation.
            earlier: one that is open, with its store. Where only edits lie between both, a folder reads those alone,
                and both stores share what is below: it is released when either is closed.

        Raises:
            IndexDamaged: they can't be opened.
        """

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        """Return a small file of a generation, after a comparison with its checksum.

        Args:
            manifest: of the generation.
            name: as ``PlaceWriter.write_file`` got it.

        Raises:
            IndexDamaged: there is no such file, or it is not what was published.
        """

    def keeps(self, source: str) -> bool:
        """Return whether a photo of this source is kept by the place itself, as ``PlaceWriter.keep_photo`` does."""

    def photos(self, sources: Sequence[str]) -> list[Photo | None]:
        """Return the photos of some items, those among them that the place itself keeps.

        Args:
            sources: of items.

        Returns:
            A photo for each source, in order; None where it does not exist any more.
        """

    def report_address(self, name: str) -> str:
        """Return where a person finds a report, ``SKIPPED`` or ``DUPLICATES``."""

    def read_report(self, name: str) -> str:
        """Return the text of a report; "" where no job has written one here.

        Raises:
            IndexDamaged: it can't be read.
        """

    def fold(self, stopped: Callable[[], bool]) -> bool:
        """Publish a generation that holds the edits of the published one's journal, beside those who read and edit.

        Args:
            stopped: asked now and then; once it returns True, the work is given up and leaves nothing.

        Returns:
            Whether one was published; False where the place has no journals.

        Raises:
            IndexFolderError: it could not be made; what was published is whole and answers.
        """

    def writing(self) -> AbstractContextManager[PlaceWriter]:
        """Hold the right to write, which one process has at a time; makes the place where it does not exist.

        What earlier writers left behind and nothing points to is removed first.

        Raises:
            IndexBusy: another process has it.
            IndexMismatch: the address leads to something that is no index.
        """


class PlaceWriter(Protocol):
    """The place of one index as the one process sees it that may write there."""

    @property
    def place(self) -> Place:
        """The place that is written."""

    def start(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        """Make a generation to write in, which holds all that ``base`` holds; an empty one where that is None.

        A folder's readers do not see it before it is published. A place whose engine serves readers and a writer at
        once may return ``base`` under another manifest where the spec is the same; one of another spec is never
        seen before it is published.

        Returns:
            ``manifest`` with the generation's name. After a crash it is found again once it was announced.

        Raises:
            IndexDamaged: ``base`` is not what was published, nor would a copy of it be.
        """

    def amend(self, manifest: Manifest, store: Store, runtime: str) -> AmendedStore | None:
        """Edit the published generation without a copy of it: what changes goes into a journal beside it.

        ``publish`` lets readers see the changes, and until then they are found again after a crash.

        Args:
            manifest: of the generation.
            store: its points, opened for reading; not closed here.
            runtime: what makes the vectors of what is added.

        Returns:
            The points, to be changed; None where that takes ``start``: the journal is full, it is another generation
            than the published one, or the place has no journals.
        """

    def open(self, manifest: Manifest) -> Store:
        """Open the points of a generation that was started, for writing."""

    def announce(self, manifest: Manifest) -> None:
        """Make a generation that was started the place's unfinished one: it is found again after a crash."""

    def publish(self, manifest: Manifest) -> Manifest:
        """Make a generation, whose store is closed, the one that readers open, in one step; older ones may go.

        Returns:
            The manifest as it was published, with its checksums.
        """

    def discard(self, manifest: Manifest) -> None:
        """Remove a generation that was started and was neither announced nor published."""

    def write_file(self, manifest: Manifest, name: str, data: bytes) -> None:
        """Keep a small file with a generation that was started.

        Args:
            manifest: of the generation.
            name: relative, parts joined by "/".
            data: its content.
        """

    def remove_files(self, manifest: Manifest, folder: str) -> None:
        """Remove the small files of a started generation whose names begin with ``folder`` and "/"."""

    def write_report(self, name: str) -> AbstractContextManager[TextIO]:
        """Open a report, ``SKIPPED`` or ``DUPLICATES``, in the place of the earlier one. Line ends are kept."""

    def keep_photo(self, id: str, photo: bytes) -> str:
        """Keep the photo of an item that comes without a source of its own.

        Returns:
            The photo's source, see ``types.Item``; the same for the same item and bytes.
        """

    def note_edited(self, ids: Collection[str], sources: Collection[str]) -> None:
        """Note items before they change, so that the next writer removes their photos if this one can't.

        Args:
            ids: of the items.
            sources: of the photos that they have.
        """

    def edited(self) -> Collection[str]:
        """Return the ids that were noted since photos were last removed."""

    def remove_photos(self, ids: Collection[str] | None, sources: Iterable[str]) -> None:
        """Remove the kept photos of these items, of all for None, but for those of these sources.

        What was noted is forgotten. The sources are not read where there is nothing that may go.
        """


def continues(unfinished: Manifest, published: Manifest | None) -> bool:
    """Return whether what a stopped job left can stand for the whole index: a part with other vectors can't."""
    return published is None or unfinished.spec.same_vectors(published.spec)


def latest(place: Place) -> Manifest | None:
    """Return the manifest that an edit goes on from: what a stopped job left if it continues the index, else the index.

    Raises:
        IndexDamaged: a manifest can't be read.
        IndexMismatch: a newer lookseek wrote it.
    """
    published, unfinished = place.published(), place.unfinished()
    return unfinished if unfinished is not None and continues(unfinished, published) else published
