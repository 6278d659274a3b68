"""The store in PostgreSQL: a row an item, vectors as halfvec, graphs by pgvector's HNSW, searched by one statement.

A search by a graph reads on where a filter left too few (pgvector's iterative scans); where it still ends early, since
the filter keeps little, what the filter keeps is compared one by one. Where a filter keeps few rows, the server's
planner takes that way by itself, from its statistics of the columns that ``declare`` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from psycopg.sql import Literal

from ...errors import QueryError
from ...types import Point, RouterType, Value, Vector
from ..base import UNRESTRICTED, Restriction, ScoredId
from ..examples import recommend_by_search
from ..schema import FieldType, Layout, VectorSpec, check_points, check_query
from ..ties import nearest, ranked
from .conditions import Parameters, attribute, value_of, where
from .connections import Connection, Runner, Session
from .rows import columns_of, half_vector, point_from_row, row_of
from .tables import add_columns, create_points, graph_index, vector_columns
from .texts import text_from_server, text_to_server

__all__ = ["PostgresStore"]

T = TypeVar("T")

_PAGE = 1024
"""Points read at a time in a scan."""
_OPERATORS = {"cosine": "<=>", "euclidean": "<->"}
_MEMORY_A_NUMBER, _MEMORY_A_POINT = 2, 600
"""Bytes that building a graph takes for a number of a vector and for a point, so that it stays in memory."""
_LEAST_MEMORY, _MOST_MEMORY = 64 * 2**20, 2 * 2**30


class PostgresStore:
    """Points in a table of PostgreSQL. See ``Store`` for what each method promises.

    Args:
        runner: runs statements: a pool of connections, or the session of the writer.
        schema: quoted, of the index.
        table: of the points, without its schema.
        layout: the named vectors.
    """

    def __init__(self, runner: Runner, schema: str, table: str, layout: Layout) -> None:
        self.layout = layout
        self._runner, self._schema, self._table = runner, schema, table
        self._there = f'{schema}."{table}"'
        self._columns = vector_columns(layout)
        self._declared: dict[str, int] = {}
        self._kinds: dict[str, FieldType] = {}
        self._read_fields()

    @classmethod
    def create(cls, runner: Runner, schema: str, table: str, layout: Layout) -> PostgresStore:
        """Make an empty store: a table that must not exist in a schema that does."""
        runner.run(lambda connection: _execute_all(connection, create_points(schema, table, layout)))
        return cls(runner, schema, table, layout)

    def add(self, points: Sequence[Point]) -> None:
        fresh = [row_of(point, self.layout) for point in check_points(points, self.layout).values()]
        if not fresh:
            return
        columns = columns_of(self.layout, vectors=True)
        values = ", ".join(["%s"] * len(columns))
        replaced = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
        upsert = (
            f"INSERT INTO {self._there} ({', '.join(columns)}) VALUES ({values}) "
            f"ON CONFLICT (item) DO UPDATE SET {replaced}"
        )
        unkey = f'DELETE FROM {self._schema}."{self._table}_keys" WHERE item = ANY(%s::text[])'

        def work(connection: Connection) -> None:
            connection.execute(unkey, [[row[0] for row in fresh]])
            with connection.cursor() as cursor:
                cursor.executemany(upsert, fresh)

        self._write(work)

    def delete(self, ids: Iterable[str]) -> int:
        gone = list(map(text_to_server, dict.fromkeys(ids)))
        statement = f"DELETE FROM {self._there} WHERE item = ANY(%s::text[])"
        return self._write(lambda connection: connection.execute(statement, [gone]).rowcount) if gone else 0

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        columns = ", ".join(columns_of(self.layout, vectors=vectors))
        wanted = list(map(text_to_server, dict.fromkeys(ids)))
        statement = f"SELECT {columns} FROM {self._there} WHERE item = ANY(%(ids)s::text[])"
        rows = self._fetch(statement, {"ids": wanted}) if wanted else []
        found = {point.id: point for point in (point_from_row(row, self.layout, vectors=vectors) for row in rows)}
        return [found[id_] for id_ in ids if id_ in found]

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        into = Parameters()
        score = self._distance(using, spec, vector, into)
        condition = where(restriction, self._schema, self._table, self._declared, into)
        if spec.multi:
            condition += f" AND cardinality(p.{self._columns[using]}) > 0"
        one_by_one = restriction.exact or restriction.among is not None or spec.multi

        def fetch(take: int) -> list[ScoredId]:
            found = self._nearest(score, spec, condition, {**into.values, "take": take}, one_by_one)
            if len(found) < take and not one_by_one:  # a filter that keeps little ends the walk of a graph early
                return self._nearest(score, spec, condition, {**into.values, "take": take}, True)
            return found

        return nearest(fetch, k)

    def _nearest(
        self, distance: str, spec: VectorSpec, condition: str, parameters: Mapping[str, Any], one_by_one: bool
    ) -> list[ScoredId]:
        # an expression that no index is of compares one by one
        order = f"({distance}) + 0" if one_by_one else distance
        statement = (
            f"SELECT item, {order} AS distance FROM {self._there} AS p WHERE {condition} "
            "ORDER BY distance LIMIT %(take)s"
        )
        return _ranked(self._fetch(statement, parameters), spec)

    def score(self, using: str, vector: Vector, ids: Sequence[str]) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        if not ids:
            return []
        into = Parameters()
        distance = self._distance(using, spec, vector, into)
        among = into.add(list(map(text_to_server, ids)))
        rows = self._fetch(
            f"SELECT item, {distance} FROM {self._there} AS p WHERE item = ANY({among}::text[])",
            into.values,
        )
        scores = {hit.id: hit for hit in _ranked(rows, spec)}
        return [scores[id_] for id_ in ids if id_ in scores]

    def recommend(
        self,
        using: str,
        like: Sequence[str],
        unlike: Sequence[str],
        k: int,
        restriction: Restriction = UNRESTRICTED,
    ) -> list[ScoredId]:
        return recommend_by_search(self, using, like, unlike, k, restriction)

    def scan(self, restriction: Restriction = UNRESTRICTED, *, vectors: bool = False) -> Iterator[Point]:
        into = Parameters()
        condition = where(restriction, self._schema, self._table, self._declared, into)
        columns = ", ".join(columns_of(self.layout, vectors=vectors))
        statement = (
            f"SELECT {columns} FROM {self._there} AS p "
            f"WHERE (%(last)s::text IS NULL OR item > %(last)s::text) AND {condition} ORDER BY item LIMIT {_PAGE}"
        )
        last = None
        while True:
            rows = self._fetch(statement, {**into.values, "last": last})
            yield from (point_from_row(row, self.layout, vectors=vectors) for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1][0]

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        into = Parameters()
        condition = where(restriction, self._schema, self._table, self._declared, into)
        return int(self._fetch(f"SELECT count(*) FROM {self._there} AS p WHERE {condition}", into.values)[0][0])

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        if self._kinds.get(field) not in ("words", "boolean"):
            raise QueryError(f"field {field!r} can't be counted by value: it was not declared as words or boolean")
        into, column = Parameters(), f"t{self._declared[field]}"
        condition = where(restriction, self._schema, self._table, self._declared, into)
        value = attribute(field, into)
        listed = f"CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE jsonb_build_array({value}) END"
        rows = self._fetch(
            f"SELECT token, sum(n)::bigint FROM (SELECT {column} AS token, count(*) AS n FROM {self._there} AS p "
            f"WHERE {column} IS NOT NULL AND {condition} GROUP BY {column} UNION ALL "
            f"SELECT 't' || one, count(*) FROM {self._there} AS p, jsonb_array_elements_text({listed}) AS s (one) "
            f"WHERE {self._schema}.is_odd({value}) AND {condition} GROUP BY one) AS counted GROUP BY token",
            into.values,
        )
        values = ((value_of(token), count) for token, count in rows)
        counted = [(text_from_server(one) if isinstance(one, str) else one, count) for one, count in values]
        return sorted(counted, key=lambda entry: (-entry[1], str(entry[0])))[:limit]

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        new = [name for name in fields if name not in self._declared]
        first = max(self._declared.values(), default=-1) + 1
        numbers = {name: first + place for place, name in enumerate(new)}
        kept = [
            (self._table, text_to_server(name), {**self._declared, **numbers}[name], fields[name]) for name in fields
        ]

        def work(connection: Connection) -> None:
            literals = {name: f"{Literal(text_to_server(name)).as_string(connection)}::text" for name in new}
            _execute_all(connection, add_columns(self._schema, self._table, numbers, literals))
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {self._schema}.fields VALUES (%s, %s, %s, %s) "
                    "ON CONFLICT (points, field) DO UPDATE SET kind = excluded.kind",
                    kept,
                )

        if any(self._kinds.get(name) != kind for name, kind in fields.items()):
            self._write(work)
            self._read_fields()
        if new:
            self._tidy()

    def set_keys(self, kind: RouterType, keys: Mapping[str, str]) -> None:
        ids, values = list(map(text_to_server, keys)), list(map(text_to_server, keys.values()))
        statement = (
            f'INSERT INTO {self._schema}."{self._table}_keys" (item, kind, key) SELECT item, %s, key '
            f"FROM unnest(%s::text[], %s::text[]) AS s (item, key) JOIN {self._there} USING (item) "
            "ON CONFLICT (item, kind) DO UPDATE SET key = excluded.key"
        )
        self._write(lambda connection: connection.execute(statement, [kind, ids, values]))

    def same_content(self) -> dict[str, list[str]]:
        rows = self._fetch(
            f"SELECT hash, array_agg(item) FROM {self._there} WHERE hash <> '' GROUP BY hash HAVING count(*) > 1",
            {},
        )
        return {digest: sorted(map(text_from_server, ids)) for digest, ids in rows}

    def optimise(self, *, graph: bool) -> None:
        """Build the graphs that are not there, and let the server gather its statistics; it keeps both up itself."""
        if graph:
            numbers = sum(spec.dim for spec in self.layout.values())
            needed = self.count() * (numbers * _MEMORY_A_NUMBER + _MEMORY_A_POINT)
            memory = min(max(needed, _LEAST_MEMORY), _MOST_MEMORY) // 1024
            statements = [graph_index(self._schema, self._table, self.layout, name) for name in self.layout]
            build = [f"SET LOCAL maintenance_work_mem = '{memory}kB'", *filter(None, statements)]
            self._write(lambda connection: _execute_all(connection, build))
        self._tidy()

    def close(self) -> None:
        """Nothing is held: connections belong to the pool or to the writer."""

    def _distance(self, using: str, spec: VectorSpec, vector: Vector, into: Parameters) -> str:
        """Return the SQL of a row's distance: the smaller, the nearer; NULL where it has no vector of this name."""
        column = self._columns[using]
        if not spec.multi:
            return f"p.{column} {_OPERATORS[spec.metric]} {into.add(half_vector(vector, spec, 'the query'))}"
        rows = into.add([half_vector(row, spec, "the query") for row in vector])
        return (
            "(SELECT sum(nearest) FROM (SELECT min(one <=> q.asked) - 1 AS nearest "
            f"FROM unnest(p.{column}) AS o (one), unnest({rows}) WITH ORDINALITY AS q (asked, place) "
            "GROUP BY q.place) AS s)"
        )

    def _write(self, work: Callable[[Connection], T]) -> T:
        if not isinstance(self._runner, Session):
            raise RuntimeError(f"{self._there} was opened for reading alone: open it through a writer to change it")
        return self._runner.run(work)

    def _fetch(self, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        def work(connection: Connection) -> list[tuple[Any, ...]]:
            with connection.cursor(binary=True) as cursor:
                return cursor.execute(statement, parameters).fetchall()

        return self._runner.run(work)

    def _read_fields(self) -> None:
        statement = f"SELECT field, number, kind FROM {self._schema}.fields WHERE points = %(points)s"
        rows = self._fetch(statement, {"points": self._table})
        self._declared = {text_from_server(field): number for field, number, _ in rows}
        self._kinds = {text_from_server(field): kind for field, _, kind in rows}

    def _tidy(self) -> None:
        if isinstance(self._runner, Session):
            self._runner.run_alone(lambda connection: connection.execute(f"VACUUM (ANALYZE) {self._there}"))


def _ranked(rows: Iterable[tuple[str, float | None]], spec: VectorSpec) -> list[ScoredId]:
    """Return scores by descending score, then by id. Of several vectors the distance is the negative score."""
    top = 1.0 if spec.metric == "cosine" and not spec.multi else 0.0
    return ranked((text_from_server(item), top - distance) for item, distance in rows if distance is not None)


def _execute_all(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)
