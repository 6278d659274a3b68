"""What changes the form of a table of points: columns of declared attributes, graphs, statistics.

Each is one path for a single table and for one that is divided: there the statements run on every shard, all at the
same time, and here what the partitioned table itself must know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from psycopg.sql import Literal

from ..schema import FieldType, Layout
from .connections import Connection, Session
from .shards import run_on, servers
from .tables import (
    add_columns,
    column_indexes,
    create_functions,
    create_partitions,
    create_points,
    drop_columns,
    graph_index,
)
from .texts import text_to_server

__all__ = ["build_graphs", "declare_fields", "make_points", "tidy"]

_SAMPLE = 10
"""Statistics target of tables on shards: 3,000 rows of each are sampled."""
_MEMORY_A_NUMBER, _MEMORY_A_POINT = 2, 600
"""Bytes that building a graph takes for a number of a vector and for a point, so that it stays in memory."""
_LEAST_MEMORY, _MOST_MEMORY = 64 * 2**20, 2 * 2**30


def make_points(session: Session, schema: str, table: str, layout: Layout) -> None:
    """Make an empty table of points, divided where the database lists shards; it must not exist.

    Raises:
        IndexMismatch: see ``shards.servers``.
    """
    among = session.run(lambda connection: servers(connection, session.where))
    if among:  # here first: what is there and was not made here would be found by nobody
        _run(session, create_partitions(schema, table, layout, among))
        run_on(session, among, [*create_functions(schema), *create_points(schema, table, layout)])
    else:
        _run(session, create_points(schema, table, layout))


def declare_fields(
    session: Session,
    schema: str,
    table: str,
    shards: Mapping[str, str],
    kinds: Mapping[str, FieldType],
    numbers: Mapping[str, int],
    new: Sequence[str],
) -> None:
    """Give attributes their columns and indexes, and note what they hold.

    Args:
        session: of the writer.
        schema: quoted, of the index.
        table: of the points.
        shards: partition to server; empty of a table that is not divided.
        kinds: attribute to what it holds.
        numbers: attribute to the number of its columns.
        new: attributes that have none yet.
    """
    fresh = {name: numbers[name] for name in new}
    noted = [(table, text_to_server(name), numbers[name], kind) for name, kind in kinds.items()]

    def adding(connection: Connection) -> str:
        literals = {name: f"{Literal(text_to_server(name)).as_string(connection)}::text" for name in fresh}
        return add_columns(schema, table, fresh, literals)

    def work(connection: Connection) -> None:
        if fresh:
            connection.execute(adding(connection))
            if not shards:
                _execute_all(connection, column_indexes(schema, table, fresh.values()))
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {schema}.fields VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (points, field) DO UPDATE SET kind = excluded.kind",
                noted,
            )

    if fresh and shards:
        left = drop_columns(schema, table, fresh.values())  # of a writer that was killed here
        statements = [left, session.run(adding), *column_indexes(schema, table, fresh.values())]
        run_on(session, shards.values(), statements)
    session.run(work)


def build_graphs(
    session: Session, schema: str, table: str, shards: Mapping[str, str], layout: Layout, points: int
) -> None:
    """Build the graphs that are not there; the server keeps them up itself.

    Args:
        session: of the writer.
        schema: quoted, of the index.
        table: of the points.
        shards: as ``declare_fields`` takes it.
        layout: the named vectors.
        points: of the largest part.
    """
    numbers = sum(spec.dim for spec in layout.values())
    needed = points * (numbers * _MEMORY_A_NUMBER + _MEMORY_A_POINT)
    memory = min(max(needed, _LEAST_MEMORY), _MOST_MEMORY) // 1024
    statements = [graph_index(schema, table, layout, name) for name in layout]
    build = [f"SET LOCAL maintenance_work_mem = '{memory}kB'", *filter(None, statements)]
    if shards:
        run_on(session, shards.values(), build)
    else:
        _run(session, build)


def tidy(session: Session, schema: str, table: str, shards: Mapping[str, str]) -> None:
    """Let the servers gather their statistics and free what was deleted."""
    tidying = f'VACUUM (ANALYZE) {schema}."{table}"'
    if not shards:
        session.run_alone(lambda connection: connection.execute(tidying))
        return
    run_on(session, shards.values(), [tidying])
    # what is left to a shard is chosen by statistics of its table here, of a sample that is sent
    sampling = [f"SET LOCAL default_statistics_target = {_SAMPLE}"]
    _run(session, sampling + [f'ANALYZE {schema}."{part}"' for part in shards])


def _run(session: Session, statements: Iterable[str]) -> None:
    session.run(lambda connection: _execute_all(connection, statements))


def _execute_all(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)
