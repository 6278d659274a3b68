"""Servers among which a database divides its tables of points: which they are, and statements that run on them.

postgres_fdw reads and writes their rows by the statements of the store. What makes, changes and drops their tables
can't pass through it, so dblink takes that there, with the same servers and user mappings: a writer's machine needs no
way to them and none of their passwords.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...errors import IndexMismatch
from .connections import Connection, Session

__all__ = ["PREFIX", "drop_points", "partitions", "run_on", "servers"]

PREFIX = "lookseek_shard_"
"""Names of the foreign servers that take part begin so."""
_REMEDY = "set it as docs/scale.md says, under Shards"


def servers(connection: Connection, where: str) -> list[str]:
    """Return the names of the foreign servers that new tables of points are divided among, sorted; none without any.

    Args:
        connection: of the database that lists them.
        where: the address in messages.

    Raises:
        IndexMismatch: a server lacks an option without which every search would fetch all its rows, or dblink is not
            there.
    """
    rows = connection.execute(
        "SELECT srvname, srvoptions, EXISTS (SELECT FROM pg_extension WHERE extname = 'dblink') "
        "FROM pg_foreign_server JOIN pg_foreign_data_wrapper AS w ON w.oid = srvfdw "
        "WHERE fdwname = 'postgres_fdw' AND starts_with(srvname, %s) ORDER BY length(srvname), srvname",
        [PREFIX],
    ).fetchall()
    for name, given, linked in rows:
        options = dict(option.split("=", 1) for option in given or ())
        if "vector" not in [extension.strip() for extension in options.get("extensions", "").split(",")]:
            raise IndexMismatch(
                f"{where}: the foreign server {name} has no option extensions 'vector', without which every search "
                f"would fetch all its rows: {_REMEDY}"
            )
        if "hnsw.iterative_scan" not in options.get("options", ""):
            raise IndexMismatch(
                f"{where}: the foreign server {name} has no option options '-c hnsw.iterative_scan=relaxed_order ...', "
                f"without which a filter over a graph finds too little: {_REMEDY}"
            )
        if not linked:
            raise IndexMismatch(
                f"{where} lists the foreign server {name}, and has no extension dblink, which makes the tables there: "
                "CREATE EXTENSION dblink"
            )
    return [name for name, _, _ in rows]


def partitions(connection: Connection, schema: str, table: str) -> dict[str, str]:
    """Return the partitions of a table and the server of each, in their order; empty of one that is not divided.

    Args:
        connection: of the database that has it.
        schema: quoted, of the index.
        table: without its schema.
    """
    rows = connection.execute(
        "SELECT c.relname, s.srvname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid "
        "JOIN pg_foreign_table AS f ON f.ftrelid = c.oid JOIN pg_foreign_server AS s ON s.oid = f.ftserver "
        "WHERE i.inhparent = to_regclass(%s) ORDER BY length(c.relname), c.relname",
        [f'{schema}."{table}"'],
    ).fetchall()
    return dict(rows)


def run_on(session: Session, names: Iterable[str], statements: Sequence[str]) -> None:
    """Run statements on servers, on all of them at the same time: several as one transaction of each, one by itself.

    Args:
        session: outside of a transaction.
        names: of the servers.
        statements: without parameters.
    """
    names = list(names)
    together = "; ".join(["BEGIN", *statements, "COMMIT"] if len(statements) > 1 else statements)

    def work(connection: Connection) -> None:
        opened = []
        try:
            for name in names:
                connection.execute("SELECT dblink_connect(%s, %s)", [name, name])
                opened.append(name)
            for name in names:
                connection.execute("SELECT dblink_send_query(%s, %s)", [name, together])
            for name in names:
                while connection.execute("SELECT * FROM dblink_get_result(%s) AS r (status text)", [name]).fetchone():
                    pass
        finally:
            for name in opened:
                connection.execute("SELECT dblink_disconnect(%s)", [name])

    session.run_alone(work)


def drop_points(session: Session, schema: str, table: str) -> None:
    """Drop a table of points and that of its keys, first on the servers among which they are divided."""
    gone = f'DROP TABLE IF EXISTS {schema}."{table}_keys", {schema}."{table}"'
    parts = session.run(lambda connection: partitions(connection, schema, table))
    if parts:
        run_on(session, parts.values(), [gone])
    session.run(lambda connection: connection.execute(gone))
