"""Connections to a PostgreSQL server: a pool for readers, one session for the writer, and what their errors mean.

A reader's work is repeated once on a new connection where the one that it got was lost meanwhile, so a server that was
restarted, or a standby that was promoted, is found again by the next query. A writer's session is never opened anew:
the right to write hangs on it.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, TypeVar

import psycopg
from pgvector.psycopg.halfvec import register_halfvec_info
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.types import TypeInfo

from ...errors import IndexDamaged, IndexFolderError, IndexFull, IndexUnreachable

__all__ = ["Connection", "Connections", "Runner", "Session", "connections_to", "standby_error", "translated"]

T = TypeVar("T")
Connection: TypeAlias = psycopg.Connection[Any]

_MOST = 32
"""Connections of one process at a time: more than a service has threads that search or read pictures."""
_IDLE = 8
"""Connections that are kept open while nobody uses them."""
_DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "fallback_application_name": "lookseek",
}
"""Parameters of libpq where the address names none: a server that is gone is noticed within 15 seconds."""
_SETTINGS = {"hnsw.ef_search": "128", "hnsw.iterative_scan": "relaxed_order", "jit": "off"}
"""Of each session: the breadth of ``edge.py``; a scan goes on where a filter left too few; compiling a query to machine
code takes longer than any query here."""


class Runner(Protocol):
    """Runs work on a connection."""

    def run(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` returns. It may run twice, so it must come to the same both times.

        Raises:
            IndexUnreachable: the server can't be reached, or the connection was lost.
            IndexFolderError: what else the server refuses, see ``translated``.
        """


class Connections(Runner):
    """A pool of connections that are opened when they are needed.

    Args:
        conninfo: an address as libpq takes it.
        where: the address in messages, without a password.
    """

    def __init__(self, conninfo: str, where: str) -> None:
        self._conninfo, self.where = conninfo, where
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(_MOST)

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run work on a connection of the pool. See ``Runner``."""
        with self._free, translated(self.where):
            connection, fresh = self._take()
            try:
                done = work(connection)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                if not connection.closed or fresh:
                    self.give_back(connection)
                    raise
                self.close_idle()  # the others were lost with it
                connection = self.connect()
                try:
                    done = work(connection)
                except BaseException:
                    self.give_back(connection)
                    raise
            except BaseException:
                self.give_back(connection)
                raise
            self.give_back(connection)
            return done

    def connect(self) -> Connection:
        """Open a connection of one's own."""
        given = conninfo_to_dict(self._conninfo)
        more = {name: value for name, value in _DEFAULTS.items() if name not in given}
        connection = psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=None, **more)  # type: ignore[arg-type]
        try:
            connection.execute(
                "SELECT set_config(n, v, false) FROM unnest(%s::text[], %s::text[]) AS s (n, v)",
                [list(_SETTINGS), list(_SETTINGS.values())],
            )
            register_vectors(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def close_idle(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def take_alive(self) -> Connection:
        """Return a connection that has just answered; ``give_back`` takes it back."""
        connection, fresh = self._take()
        if not fresh:
            try:
                connection.execute("SELECT 1")
            except psycopg.Error:
                connection.close()
                self.close_idle()  # the others were lost with it
                return self.connect()
        return connection

    def _take(self) -> tuple[Connection, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), False
        return self.connect(), True

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next one who needs one; close it where it is in use, lost, or one too many."""
        idle = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE  # unknown of one that is lost
        with self._lock:
            if not connection.closed and idle and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()


class Session(Runner):
    """One connection that is never replaced: a writer's, whose lock goes with it.

    Args:
        connections: the pool that it is taken from, and given back to.
    """

    def __init__(self, connections: Connections) -> None:
        self._pool, self.where = connections, connections.where
        with translated(self.where):
            self._connection = connections.take_alive()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run work in a transaction: all of it is done, or nothing. See ``Runner``."""
        with translated(self.where), self._connection.transaction():
            return work(self._connection)

    def run_alone(self, work: Callable[[Connection], T]) -> T:
        """Run work outside a transaction, e.g. ``VACUUM``."""
        with translated(self.where):
            return work(self._connection)

    def close(self) -> None:
        """Give back the locks, and the connection."""
        try:
            self._connection.execute("SELECT pg_advisory_unlock_all()")
        except psycopg.Error:  # it is lost, and the locks with it
            self._connection.close()
        self._pool.give_back(self._connection)


@lru_cache(maxsize=64)
def connections_to(conninfo: str, where: str) -> Connections:
    """Return the pool of a database; one in a process, for all its indexes, closed when the process ends."""
    pool = Connections(conninfo, where)
    atexit.register(pool.close_idle)
    return pool


def register_vectors(connection: Connection) -> None:
    """Let a connection read and write halfvec in binary; nothing where the extension is not there yet."""
    if (info := TypeInfo.fetch(connection, "halfvec")) is not None:
        register_halfvec_info(connection, info)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise errors of the database as those of an index.

    Raises:
        IndexUnreachable: there is no connection, or it was lost; also a server that is starting or takes no writes.
        IndexDamaged: a table that should be there is not.
        IndexFull: the server's disk is full.
        IndexFolderError: the role may not do this, or anything else that the server refuses.
    """
    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise IndexFolderError(
            f"{where}: this role may not do that ({_first_line(error)}): give one that may, or grant it the rights"
        ) from error
    except errors.ReadOnlySqlTransaction as error:
        raise standby_error(where) from error
    except errors.DiskFull as error:
        raise IndexFull(f"{where}: the server has no room ({_first_line(error)}): make room, run it again") from error
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedObject, errors.InvalidSchemaName) as error:
        raise IndexDamaged(
            f"{where} lacks what its manifest names ({_first_line(error)}): open it anew, or run lookseek index again"
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise IndexUnreachable(
            f"the server of {where} can't be reached ({_first_line(error)}): see that it runs and takes connections; "
            "what was acknowledged is kept"
        ) from error
    except psycopg.Error as error:
        raise IndexFolderError(f"{where}: the server refused this ({_first_line(error)})") from error


def standby_error(where: str) -> IndexUnreachable:
    """Return the error of a write on a server that takes none."""
    return IndexUnreachable(
        f"{where} is a server that takes no writes, e.g. a standby: write to the primary, which "
        "?target_session_attrs=read-write finds among several hosts"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
