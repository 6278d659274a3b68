"""The writer of an index in PostgreSQL: one session, whose advisory lock is the right to write."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

from ...errors import IndexMismatch
from ...store import Store
from ...store.postgres import PostgresStore, Session
from ...store.postgres.connections import Connection, register_vectors, standby_error
from ...store.postgres.shards import drop_points
from ...store.postgres.tables import create_schema
from ...store.postgres.texts import text_from_server, text_to_server
from ..listed_files import ListedFiles, digests
from ..manifest import Manifest, manifest_to_json
from ..place import Place
from ..server_photos import is_kept, kept_source

if TYPE_CHECKING:
    from .place import PostgresPlace

__all__ = ["PostgresWriter"]

_TABLE = re.compile(r"points_(\d+)")
_LEAST_SERVER = 16_00_00
"""The first PostgreSQL with pg_input_is_valid, which tells dates from other texts."""

_LEAST_PGVECTOR = (0, 8)
"""The first with iterative scans, without which a filter over a graph loses items."""


class PostgresWriter:
    """The holder of an index's advisory lock. See ``PlaceWriter`` for what each method promises.

    Args:
        place: that is written.
        session: that holds the lock.
        schema: quoted, of the index.
    """

    def __init__(self, place: PostgresPlace, session: Session, schema: str) -> None:
        self._place, self._session, self._schema = place, session, schema
        self._files = ListedFiles()

    @property
    def place(self) -> Place:
        return self._place

    def prepare(self) -> bool:
        """Make the extension and the index's tables where they are not there; returns whether the extension was made.

        Raises:
            IndexMismatch: the server or its pgvector is too old.
            IndexUnreachable: the server is a standby.
        """

        def work(connection: Connection) -> bool:
            if connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
                raise standby_error(self._session.where)
            if connection.info.server_version < _LEAST_SERVER:
                raise IndexMismatch(
                    f"{self._place.address} is PostgreSQL {connection.info.server_version // 10_000}, and 16 is the "
                    "first that tells dates from other texts: use a later server"
                )
            row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
            if row is None:
                connection.execute("CREATE EXTENSION vector")
                register_vectors(connection)
            elif tuple(map(int, row[0].split(".")[:2])) < _LEAST_PGVECTOR:
                raise IndexMismatch(
                    f"{self._place.address} has pgvector {row[0]}, and 0.8 is the first with iterative scans: install "
                    "a later one, then ALTER EXTENSION vector UPDATE"
                )
            there = connection.execute("SELECT to_regclass(%s)", [f"{self._schema}.state"]).fetchone()
            for statement in create_schema(self._schema) if there is None or there[0] is None else ():
                connection.execute(statement)
            return row is None

        return self._session.run(work)

    def sweep(self) -> None:
        """Remove the tables of points that no manifest names, and what is kept of them."""
        named = {m.generation for m in (self._place.published(), self._place.unfinished()) if m is not None}
        for table in self._tables():
            if table not in named:
                self._drop(table)

    def start(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        if base is not None and base.spec.same_vectors(manifest.spec):
            self._files.begin(base.generation, base, self._place.published())
            return replace(manifest, generation=base.generation, files={}, updated="")
        last = max((int(_TABLE.fullmatch(table)[1]) for table in self._tables()), default=0)  # type: ignore[index]
        fresh = replace(manifest, generation=f"points_{last + 1}", files={}, updated="")
        PostgresStore.create(self._session, self._schema, fresh.generation, fresh.spec.layout)
        self._files.begin(fresh.generation)
        return fresh

    def amend(self, manifest: Manifest, store: Store, runtime: str) -> None:
        """Return None: ``start`` copies nothing here."""

    def open(self, manifest: Manifest) -> Store:
        return PostgresStore(self._session, self._schema, manifest.generation, manifest.spec.layout)

    def announce(self, manifest: Manifest) -> None:
        self._execute(f"UPDATE {self._schema}.state SET unfinished = %s", [manifest_to_json(manifest)])

    def publish(self, manifest: Manifest) -> Manifest:
        """One UPDATE is the moment. A table that was replaced stays until the next writer: searches may be on it."""
        done = replace(manifest, files=self._files.of(manifest.generation))

        def work(connection: Connection) -> None:
            connection.execute(
                f"UPDATE {self._schema}.state SET published = %s, unfinished = NULL, version = version + 1",
                [manifest_to_json(done)],
            )
            connection.execute(f"DELETE FROM {self._schema}.files WHERE NOT digest = ANY(%s)", [digests(done)])

        self._session.run(work)
        return done

    def discard(self, manifest: Manifest) -> None:
        named = (self._place.published(), self._place.unfinished())
        if all(known is None or known.generation != manifest.generation for known in named):
            self._drop(manifest.generation)

    def write_file(self, manifest: Manifest, name: str, data: bytes) -> None:
        digest = self._files.add(manifest.generation, name, data)
        self._execute(f"INSERT INTO {self._schema}.files VALUES (%s, %s) ON CONFLICT DO NOTHING", [digest, data])

    def remove_files(self, manifest: Manifest, folder: str) -> None:
        self._files.remove(manifest.generation, folder)

    def write_report(self, name: str) -> AbstractContextManager[TextIO]:
        return self._report(name)

    @contextmanager
    def _report(self, name: str) -> Iterator[TextIO]:
        report = io.StringIO(newline="")
        try:
            yield report
        finally:
            self._execute(
                f"INSERT INTO {self._schema}.reports VALUES (%s, %s) "
                "ON CONFLICT (name) DO UPDATE SET content = excluded.content",
                [name, text_to_server(report.getvalue())],
            )

    def keep_photo(self, id: str, photo: bytes) -> str:
        source = kept_source(id, photo)
        self.note_edited([id], [])
        self._execute(
            f"INSERT INTO {self._schema}.photos VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [source, text_to_server(id), photo],
        )
        return source

    def note_edited(self, ids: Collection[str], sources: Collection[str]) -> None:
        self._execute(
            f"INSERT INTO {self._schema}.edited SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
            [list(map(text_to_server, ids))],
        )

    def edited(self) -> Collection[str]:
        statement = f"SELECT item FROM {self._schema}.edited"
        rows = self._session.run(lambda connection: connection.execute(statement).fetchall())
        return {text_from_server(item) for (item,) in rows}

    def remove_photos(self, ids: Collection[str] | None, sources: Iterable[str]) -> None:
        theirs = None if ids is None else list(map(text_to_server, ids))
        may_go = f"FROM {self._schema}.photos WHERE (%s::text[] IS NULL OR item = ANY(%s::text[]))"

        def work(connection: Connection) -> None:
            if connection.execute(f"SELECT 1 {may_go} LIMIT 1", [theirs, theirs]).fetchone():
                stay = [source for source in sources if is_kept(source)]
                connection.execute(f"DELETE {may_go} AND NOT source = ANY(%s::text[])", [theirs, theirs, stay])
            connection.execute(f"DELETE FROM {self._schema}.edited")

        self._session.run(work)

    def _tables(self) -> list[str]:
        """Return the tables of points."""
        statement = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
        schema = self._schema.strip('"')
        rows = self._session.run(lambda connection: connection.execute(statement, [schema]).fetchall())
        return [name for (name,) in rows if _TABLE.fullmatch(name)]

    def _drop(self, table: str) -> None:
        drop_points(self._session, self._schema, table)
        self._execute(f"DELETE FROM {self._schema}.fields WHERE points = %s", [table])

    def _execute(self, statement: str, values: Sequence[Any]) -> None:
        self._session.run(lambda connection: connection.execute(statement, values))
