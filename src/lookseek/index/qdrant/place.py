"""The place of an index on a Qdrant server as readers see it; ``store/qdrant/collections.py`` lists its collections.

Readers and the writer share one collection of points, so an edit is seen as soon as it is acknowledged. Another model
or layout gets a collection of its own, and the alias, switched in one step, puts it in the place of the old one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from ...errors import IndexMismatch
from ...store import Store, StoreType
from ...store.qdrant import CollectionMissing, QdrantStore, Server, Session, create_records, server_at
from ...types import Photo
from ..listed_files import checked, digest_of, digests, wrong_files
from ..manifest import Manifest, manifest_from_json
from ..place import PlaceWriter
from ..server_photos import is_kept, photos_of
from .address import QdrantAddress
from .lease import Lease, is_held
from .records import INDEXED, Records
from .writer import UNFINISHED, QdrantWriter

__all__ = ["QdrantPlace"]

_LEAST_SERVER = (1, 19)
"""The oldest that the client of this range speaks with (one minor version apart); older ones pass over conditions."""


@dataclass(frozen=True, slots=True)
class QdrantPlace:
    """An index on a server. See ``Place`` for what each method promises."""

    parsed: QdrantAddress

    @classmethod
    def at(cls, address: str) -> QdrantPlace:
        """Return the place of an address. Raises what ``QdrantAddress.parse`` raises."""
        return cls(QdrantAddress.parse(address))

    @property
    def address(self) -> str:
        return self.parsed.shown

    @property
    def name(self) -> str:
        return self.parsed.name

    @property
    def store(self) -> StoreType | None:
        return "qdrant"

    @property
    def alias(self) -> str:
        """The alias of the published collection of points; names have no @, so no other index has one like it."""
        return f"lookseek_{self.parsed.name}"

    def collection(self, generation: str) -> str:
        """Return the collection of points of a generation."""
        return f"{self.alias}@{generation}"

    def published(self) -> Manifest | None:
        generation = self.published_generation()
        return self._manifest(generation) if generation else None

    def unfinished(self) -> Manifest | None:
        return self._manifest(UNFINISHED)

    def published_generation(self) -> str:
        """Return the generation that the alias leads to; "" for none."""
        for known in self.server().run(lambda client: client.get_aliases()).aliases:
            if known.alias_name == self.alias:
                return known.collection_name.removeprefix(f"{self.alias}@")
        return ""

    def version(self) -> str:
        generation = self.published_generation()
        if not generation:
            return ""
        known = self._records().get("manifest", generation, ["number"])
        return f"{generation}/{known['number']}" if known else generation

    def being_written(self) -> bool:
        try:
            return is_held(self.server(), self._records().collection)
        except CollectionMissing:
            return False

    def damage(self, manifest: Manifest, *, contents: bool = False) -> Mapping[str, str]:
        records, kept = self._records(), dict[str, bytes | None]()
        for digest in digests(manifest):
            if contents:
                if (data := records.read_bytes("file", digest)) is not None:
                    kept[digest] = data
            elif records.get("file", digest, ["key"]) is not None:
                kept[digest] = None
        return wrong_files(manifest, kept)

    def open(self, manifest: Manifest, earlier: tuple[Manifest, Store] | None = None) -> Store:
        return QdrantStore(self.server(), self.collection(manifest.generation), manifest.spec.layout)

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        digest = digest_of(manifest, name, self.address)
        return checked(self._records().read_bytes("file", digest), digest, name, self.address)

    def keeps(self, source: str) -> bool:
        return is_kept(source)

    def photos(self, sources: Sequence[str]) -> list[Photo | None]:
        records = self._records()
        return photos_of(sources, lambda kept: {source: records.read_bytes("photo", source) for source in kept})

    def report_address(self, name: str) -> str:
        return f"{name} in {self._records().collection} of {self.address}"

    def read_report(self, name: str) -> str:
        try:
            data = self._records().read_bytes("report", name)
        except CollectionMissing:
            return ""
        return (data or b"").decode("utf-8", "surrogatepass")

    def fold(self, stopped: Callable[[], bool]) -> bool:
        return False

    def writing(self) -> AbstractContextManager[PlaceWriter]:
        return self._writing()

    @contextmanager
    def _writing(self) -> Iterator[PlaceWriter]:
        server = self.server()
        self._prepare(server)
        collection = self._records().collection
        lease = Lease(server, collection, self.address)
        try:
            lease.acquire()
            session = Session(server, lease.require)
            writer = QdrantWriter(self, session, Records(session, collection))
            writer.sweep()
            yield writer
        finally:
            lease.release()

    def _prepare(self, server: Server) -> None:
        """Make the collection of records where it is not there."""
        version = server.run(lambda client: client.info()).version
        numbers = re.match(r"(\d+)\.(\d+)", version)
        if numbers is None or (int(numbers[1]), int(numbers[2])) < _LEAST_SERVER:
            raise IndexMismatch(
                f"{self.parsed.where} is Qdrant {version}, and {'.'.join(map(str, _LEAST_SERVER))} is the first that "
                "can be written: use a later server"
            )
        collection = self._records().collection
        if not server.run(lambda client: client.collection_exists(collection)):
            server.run(lambda client: create_records(client, collection, self.parsed.placement, INDEXED))

    def server(self) -> Server:
        """Return the server, as readers see it."""
        return server_at(self.parsed.url, self.parsed.where)

    def _records(self) -> Records:
        return Records(self.server(), f"{self.alias}@records")

    def _manifest(self, which: str) -> Manifest | None:
        try:
            known = self._records().get("manifest", which)
        except CollectionMissing:
            return None
        return manifest_from_json(known["text"], f"the manifest of {self.address}") if known else None
