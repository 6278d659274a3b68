"""The tables of an index in PostgreSQL: a schema an index, in it a table of points for each set of vectors.

"lookseek_shop".state      one row: the published manifest, the unfinished one, and a version that grows
points_1   a row an item: vectors, attributes, columns of declared attributes
points_1_keys    routing keys
points_1_shard_0, points_1_shard_0_keys ...    where both are divided: the foreign tables that are their partitions
fields     which attributes of a table of points were declared, and the numbers of their columns
files, reports, photos, edited    what a folder keeps as files
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..schema import Layout
from .conditions import LONGEST

__all__ = [
    "add_columns",
    "column_indexes",
    "create_functions",
    "create_partitions",
    "create_points",
    "create_schema",
    "drop_columns",
    "graph_index",
    "vector_columns",
]

_PLAIN = 6_000
"""Bytes of all vectors of a point up to which they stand in the row itself, read far faster; a row has 8 KB."""
_MOST_GRAPH = 4_000
"""Numbers of a halfvec that pgvector builds graphs of."""
_M, _EF_CONSTRUCTION = 16, 128
"""As ``edge.py`` builds its graphs."""
_KEYS = 'item text COLLATE "C" NOT NULL, kind text NOT NULL, key text NOT NULL'
"""The columns of a table of keys."""
_GENERATED = (("t", "text", "token_of"), ("d", "float8", "number_of"), ("o", "boolean", "is_odd"))
"""The columns of a declared attribute: their letters, types, and the functions that compute them."""


def vector_columns(layout: Layout) -> dict[str, str]:
    """Return the column of each named vector."""
    return {name: f"v{number}" for number, name in enumerate(sorted(layout))}


def create_schema(schema: str) -> list[str]:
    """Return the statements that make an index's schema where it is not there. ``schema`` is quoted."""
    return [
        *create_functions(schema),
        f"CREATE TABLE IF NOT EXISTS {schema}.state (one boolean PRIMARY KEY DEFAULT true CHECK (one), "
        "published text, unfinished text, version bigint NOT NULL DEFAULT 0)",
        f"INSERT INTO {schema}.state DEFAULT VALUES ON CONFLICT DO NOTHING",
        f"CREATE TABLE IF NOT EXISTS {schema}.fields (points text, field text, number int NOT NULL, "
        "kind text NOT NULL, PRIMARY KEY (points, field))",
        f"CREATE TABLE IF NOT EXISTS {schema}.files (digest text PRIMARY KEY, data bytea NOT NULL)",
        f"CREATE TABLE IF NOT EXISTS {schema}.reports (name text PRIMARY KEY, content text NOT NULL)",
        f"CREATE TABLE IF NOT EXISTS {schema}.photos (source text PRIMARY KEY, item text NOT NULL, "
        "data bytea NOT NULL)",
        f"CREATE INDEX IF NOT EXISTS photos_item ON {schema}.photos (item)",
        f"CREATE TABLE IF NOT EXISTS {schema}.edited (item text PRIMARY KEY)",
    ]


def create_functions(schema: str) -> list[str]:
    """Return the statements that make a schema, quoted, and the functions that read attributes, where they are not.

    The functions are not STRICT, though NULL makes them NULL or false: the planner writes no strict one out in place.
    """
    text_of = "(value #>> '{}')"
    return [
        f"CREATE SCHEMA IF NOT EXISTS {schema}",
        f"CREATE OR REPLACE FUNCTION {schema}.number_of(value jsonb) RETURNS float8 IMMUTABLE PARALLEL SAFE "
        "LANGUAGE sql RETURN CASE WHEN jsonb_typeof(value) <> 'number' THEN NULL "
        "WHEN abs(value::numeric) <= 1.7976931348623157e308 THEN value::float8 END",
        f"CREATE OR REPLACE FUNCTION {schema}.token_of(value jsonb) RETURNS text IMMUTABLE PARALLEL SAFE "
        "LANGUAGE sql RETURN CASE jsonb_typeof(value) "
        f"WHEN 'string' THEN CASE WHEN octet_length{text_of} <= {LONGEST} THEN 't' || {text_of} END "
        f"WHEN 'boolean' THEN 'b' || {text_of} END",
        f"CREATE OR REPLACE FUNCTION {schema}.is_odd(value jsonb) RETURNS boolean IMMUTABLE PARALLEL SAFE "
        "LANGUAGE sql RETURN CASE jsonb_typeof(value) WHEN 'array' THEN true "
        f"WHEN 'string' THEN octet_length{text_of} > {LONGEST} ELSE false END",
    ]


def create_points(schema: str, table: str, layout: Layout) -> list[str]:
    """Return the statements that make an empty table of points with that of its keys."""
    columns = vector_columns(layout)
    plain = [columns[name] for name, spec in layout.items() if not spec.multi]
    small = sum(2 * spec.dim for spec in layout.values() if not spec.multi) <= _PLAIN
    return [
        f'CREATE TABLE {schema}."{table}" ({_columns(layout)}, PRIMARY KEY (item))',
        *(f'ALTER TABLE {schema}."{table}" ALTER {column} SET STORAGE PLAIN' for column in plain if small),
        f'CREATE TABLE {schema}."{table}_keys" ({_KEYS}, PRIMARY KEY (item, kind), '
        f'FOREIGN KEY (item) REFERENCES {schema}."{table}" ON DELETE CASCADE)',
        f'CREATE INDEX ON {schema}."{table}_keys" (kind, key, item)',
    ]


def create_partitions(schema: str, table: str, layout: Layout, servers: Sequence[str]) -> list[str]:
    """Return the statements that divide a table of points and that of its keys among foreign servers, by hashes of ids.

    Each partition is the foreign table of what ``create_points`` makes on its server, under the same name. Uniqueness,
    the rule that keys go with their point, and all indexes are there: a foreign table has none. How many points have
    a key is asked of the server before each such search, since nothing here knows it; of points there are statistics.
    """
    statements = []
    for suffix, columns, asked in (("", _columns(layout), "false"), ("_keys", _KEYS, "true")):
        whole = f"{table}{suffix}"
        statements.append(f'CREATE TABLE {schema}."{whole}" ({columns}) PARTITION BY HASH (item)')
        statements += [
            f'CREATE FOREIGN TABLE {schema}."{table}_shard_{place}{suffix}" PARTITION OF {schema}."{whole}" '
            f'FOR VALUES WITH (MODULUS {len(servers)}, REMAINDER {place}) SERVER "{server}" '
            f"OPTIONS (schema_name '{schema[1:-1]}', table_name '{whole}', use_remote_estimate '{asked}')"
            for place, server in enumerate(servers)
        ]
    return statements


def add_columns(schema: str, table: str, fields: Mapping[str, int], literals: Mapping[str, str]) -> str:
    """Return the statement that gives declared attributes their columns.

    Args:
        schema: quoted, of the index.
        table: of the points.
        fields: attribute to the number of its columns, of those that have none yet; at least one.
        literals: attribute to its name as an SQL literal.
    """
    adding = ", ".join(
        f"ADD {column}{n} {kind} GENERATED ALWAYS AS ({schema}.{function}(attributes -> {literals[field]})) STORED"
        for field, n in fields.items()
        for column, kind, function in _GENERATED
    )
    return f'ALTER TABLE {schema}."{table}" {adding}'  # one rewriting of the table for all of them


def drop_columns(schema: str, table: str, numbers: Iterable[int]) -> str:
    """Return the statement that removes the columns of these numbers where they are there; at least one number."""
    gone = ", ".join(f"DROP IF EXISTS {column}{n}" for n in numbers for column, _, _ in _GENERATED)
    return f'ALTER TABLE {schema}."{table}" {gone}'


def column_indexes(schema: str, table: str, numbers: Iterable[int]) -> list[str]:
    """Return the statements that make the indexes of the columns of these numbers."""
    there = f'{schema}."{table}"'
    return [
        statement
        for n in numbers
        for statement in (
            f"CREATE INDEX ON {there} (t{n}) WHERE t{n} IS NOT NULL",
            f"CREATE INDEX ON {there} (d{n}) WHERE d{n} IS NOT NULL",
            f"CREATE INDEX ON {there} (item) WHERE o{n}",
        )
    ]


def graph_index(schema: str, table: str, layout: Layout, name: str) -> str | None:
    """Return the statement that builds the graph of a named vector; None of one that gets none."""
    spec = layout[name]
    if spec.multi or spec.dim > _MOST_GRAPH:
        return None
    column = vector_columns(layout)[name]
    operators = {"cosine": "halfvec_cosine_ops", "euclidean": "halfvec_l2_ops"}[spec.metric]
    return (
        f'CREATE INDEX IF NOT EXISTS "{table}_{column}_graph" ON {schema}."{table}" USING hnsw ({column} {operators}) '
        f"WITH (m = {_M}, ef_construction = {_EF_CONSTRUCTION})"
    )


def _columns(layout: Layout) -> str:
    """Return the columns of a table of points."""
    columns = vector_columns(layout)
    vectors = ", ".join(
        f"{columns[name]} {'halfvec[]' if spec.multi else f'halfvec({spec.dim})'} NOT NULL"
        for name, spec in layout.items()
    )
    return (
        f'item text COLLATE "C" NOT NULL, {vectors}, attributes jsonb NOT NULL, '
        "hash text NOT NULL, source text NOT NULL, fingerprint text NOT NULL, regions jsonb"
    )
