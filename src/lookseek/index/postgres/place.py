"""The place of an index in PostgreSQL as readers see it; ``store/postgres/tables.py`` lists its tables.

Readers and the writer share one table of points, so an edit is seen as soon as it is acknowledged. Another model or
layout gets a table of its own, and one UPDATE of the published manifest puts it in the place of the old one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import errors

from ...errors import IndexBusy
from ...store import Store, StoreType
from ...store.postgres import Connections, PostgresStore, Session, connections_to
from ...store.postgres.texts import text_from_server
from ...types import Photo
from ..listed_files import checked, digest_of, digests, wrong_files
from ..manifest import Manifest, manifest_from_json
from ..place import PlaceWriter
from ..server_photos import is_kept, photos_of
from .address import PostgresAddress
from .writer import PostgresWriter

__all__ = ["PostgresPlace"]

_LOCK = 0x10_0C_5E_EC
"""The first half of the advisory lock of every index; the second is of its schema's name."""
_WAIT, _EVERY = 2.0, 0.1
"""Seconds that a writer waits for another, and between two tries."""


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """An index in a database. See ``Place`` for what each method promises."""

    parsed: PostgresAddress

    @classmethod
    def at(cls, address: str) -> PostgresPlace:
        """Return the place of an address. Raises what ``PostgresAddress.parse`` raises."""
        return cls(PostgresAddress.parse(address))

    @property
    def address(self) -> str:
        return self.parsed.shown

    @property
    def name(self) -> str:
        return self.parsed.name

    @property
    def store(self) -> StoreType | None:
        return "postgresql"

    @property
    def schema(self) -> str:
        """The name of the index's schema, quoted."""
        return f'"lookseek_{self.parsed.name}"'

    def published(self) -> Manifest | None:
        return self._manifest("published")

    def unfinished(self) -> Manifest | None:
        return self._manifest("unfinished")

    def version(self) -> str:
        return self._state("nullif(version, 0)::text")

    def being_written(self) -> bool:
        statement = (
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = %s "
            "AND objid::bigint = %s AND granted AND database = (SELECT oid FROM pg_database "
            "WHERE datname = current_database()))"
        )
        lock, index = self._lock()
        row = self._connections().run(
            lambda connection: connection.execute(statement, [lock % 2**32, index % 2**32]).fetchone()
        )
        return bool(row and row[0])

    def damage(self, manifest: Manifest, *, contents: bool = False) -> Mapping[str, str]:
        if not manifest.files:
            return {}
        statement = f"SELECT digest, CASE WHEN %s THEN data END FROM {self.schema}.files WHERE digest = ANY(%s)"
        rows = self._connections().run(
            lambda connection: connection.execute(statement, [contents, digests(manifest)]).fetchall()
        )
        return wrong_files(manifest, dict(rows))

    def open(self, manifest: Manifest, earlier: tuple[Manifest, Store] | None = None) -> Store:
        return PostgresStore(self._connections(), self.schema, manifest.generation, manifest.spec.layout)

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        digest = digest_of(manifest, name, self.address)
        statement = f"SELECT data FROM {self.schema}.files WHERE digest = %s"
        row = self._connections().run(lambda connection: connection.execute(statement, [digest]).fetchone())
        return checked(bytes(row[0]) if row else None, digest, name, self.address)

    def keeps(self, source: str) -> bool:
        return is_kept(source)

    def photos(self, sources: Sequence[str]) -> list[Photo | None]:
        def read(kept: Sequence[str]) -> Mapping[str, Photo | None]:
            statement = f"SELECT source, data FROM {self.schema}.photos WHERE source = ANY(%s)"
            rows = self._connections().run(lambda connection: connection.execute(statement, [list(kept)]).fetchall())
            return {source: bytes(data) for source, data in rows}

        return photos_of(sources, read)

    def report_address(self, name: str) -> str:
        return f"{name} in the table lookseek_{self.parsed.name}.reports of {self.address}"

    def read_report(self, name: str) -> str:
        statement = f"SELECT content FROM {self.schema}.reports WHERE name = %s"
        row = self._connections().run(lambda connection: connection.execute(statement, [name]).fetchone())
        return text_from_server(row[0]) if row else ""

    def fold(self, stopped: Callable[[], bool]) -> bool:
        return False

    def writing(self) -> AbstractContextManager[PlaceWriter]:
        return self._writing()

    @contextmanager
    def _writing(self) -> Iterator[PlaceWriter]:
        session = Session(self._connections())
        try:
            self._acquire(session)
            writer = PostgresWriter(self, session, self.schema)
            if writer.prepare():
                self._connections().close_idle()  # those of before the extension was there can't read vectors
            writer.sweep()
            yield writer
        finally:
            session.close()

    def _acquire(self, session: Session) -> None:
        until = time.monotonic() + _WAIT
        lock = list(self._lock())
        while not session.run(
            lambda connection: connection.execute("SELECT pg_try_advisory_lock(%s, %s)", lock).fetchone()
        )[0]:  # type: ignore[index]
            if time.monotonic() > until:
                raise IndexBusy(
                    f"another process is writing {self.address}: wait until it has ended, or stop it"
                ) from None
            time.sleep(_EVERY)

    def _lock(self) -> tuple[int, int]:
        digest = hashlib.blake2b(self.schema.encode(), digest_size=4).digest()
        return _LOCK, int.from_bytes(digest, signed=True)

    def _connections(self) -> Connections:
        return connections_to(self.parsed.conninfo, self.parsed.shown.rpartition("#")[0])

    def _manifest(self, which: str) -> Manifest | None:
        text = self._state(which)
        return manifest_from_json(text, f"the manifest of {self.address}") if text else None

    def _state(self, column: str) -> str:
        """Return a column of the index's state; "" where it is empty or there is no index."""

        def work(connection: psycopg.Connection[tuple[str | None]]) -> str:
            try:
                row = connection.execute(f"SELECT {column} FROM {self.schema}.state").fetchone()
            except (errors.UndefinedTable, errors.InvalidSchemaName):
                return ""
            return (row and row[0]) or ""

        return self._connections().run(work)
