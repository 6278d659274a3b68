"""The store in PostgreSQL: a row an item, vectors as halfvec, graphs by pgvector's HNSW, searched by one statement.

A search by a graph reads on where a filter left too few (pgvector's iterative scans); where it still ends early, since
the filter keeps little, what the filter keeps is compared one by one. Where a filter keeps few rows, the server's
planner takes that way by itself, from its statistics of the columns that ``declare`` makes.

Where the database lists other servers (``shards.py``), a new table is divided among them, each part with its own
indexes. What is ordered, limited or counted is asked of each part, all of them at the same time, and merged here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ...errors import QueryError
from ...types import Point, RouterType, Value, Vector
from ..base import UNRESTRICTED, Restriction, ScoredId
from ..examples import recommend_by_search
from ..schema import FieldType, Layout, VectorSpec, check_points, check_query
from ..ties import nearest, ranked
from .conditions import Parameters, attribute, value_of, where
from .connections import Connection, Runner, Session
from .rows import columns_of, half_vector, point_from_row, row_of
from .shards import partitions
from .tables import vector_columns
from .texts import text_from_server, text_to_server
from .upkeep import build_graphs, declare_fields, make_points, tidy

__all__ = ["PostgresStore"]

T = TypeVar("T")

_BATCH = 256
"""Rows of one statement that adds some."""
_PAGE = 1024
"""Points read at a time in a scan."""
_OPERATORS = {"cosine": "<=>", "euclidean": "<->"}


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
        self._shards = runner.run(lambda connection: partitions(connection, schema, table))
        self._parts = list(self._shards) or [table]
        self._read_fields()

    @classmethod
    def create(cls, session: Session, schema: str, table: str, layout: Layout) -> PostgresStore:
        """Make an empty store: a table that must not exist in a schema that does.

        Raises:
            IndexMismatch: see ``shards.servers``.
        """
        make_points(session, schema, table, layout)
        return cls(session, schema, table, layout)

    def add(self, points: Sequence[Point]) -> None:
        fresh = [row_of(point, self.layout) for point in check_points(points, self.layout).values()]
        if not fresh:
            return
        columns = columns_of(self.layout, vectors=True)
        values = f"({', '.join(['%s'] * len(columns))})"
        batches = [fresh[start : start + _BATCH] for start in range(0, len(fresh), _BATCH)]

        def work(connection: Connection) -> None:  # no ON CONFLICT: a table that is divided among servers has none
            connection.execute(self._deletion(), [[row[0] for row in fresh]])
            for batch in batches:
                connection.execute(
                    f"INSERT INTO {self._there} ({', '.join(columns)}) VALUES {', '.join([values] * len(batch))}",
                    [value for row in batch for value in row],
                )

        self._write(work)

    def delete(self, ids: Iterable[str]) -> int:
        gone = list(map(text_to_server, dict.fromkeys(ids)))
        return self._write(lambda connection: connection.execute(self._deletion(), [gone]).rowcount) if gone else 0

    def get(self, ids: Sequence[str], *, vectors: bool = True) -> list[Point]:
        columns = ", ".join(columns_of(self.layout, vectors=vectors))
        wanted = list(map(text_to_server, dict.fromkeys(ids)))
        statement = f"SELECT {columns} FROM {self._there} WHERE item = ANY(%(ids)s::text[])"
        rows = self._fetch(statement, {"ids": wanted}) if wanted else []
        found = {point.id: point for point in (point_from_row(row, self.layout, vectors=vectors) for row in rows)}
        return [found[id_] for id_ in ids if id_ in found]

    def search(self, using: str, vector: Vector, k: int, restriction: Restriction = UNRESTRICTED) -> list[ScoredId]:
        spec, vector = check_query(self.layout, using, vector)
        one_by_one = restriction.exact or restriction.among is not None or spec.multi

        def fetch(take: int) -> list[ScoredId]:
            found = self._nearest(self._parts, using, vector, take, restriction, one_by_one)
            short = [part for part in self._parts if len(found[part]) < take]
            if short and not one_by_one:  # a filter that keeps little ends the walk of a graph early
                found |= self._nearest(short, using, vector, take, restriction, True)
            return _ranked((row for rows in found.values() for row in rows), spec)[:take]

        return nearest(fetch, k)

    def _nearest(
        self, parts: Sequence[str], using: str, vector: Vector, take: int, restriction: Restriction, one_by_one: bool
    ) -> dict[str, list[tuple[str, float | None]]]:
        """Return ids and distances of the nearest rows of each part."""
        spec, into = self.layout[using], Parameters()
        order, limit = self._distance(using, spec, vector, into), into.add(take)
        if one_by_one:  # an expression that no index is of
            order = f"({order}) + 0"
        some = f" AND cardinality(p.{self._columns[using]}) > 0" if spec.multi else ""
        statement = " UNION ALL ".join(
            f'(SELECT {place} AS part, item, {order} AS distance FROM {self._schema}."{part}" AS p '
            f"WHERE {self._where(part, restriction, into)}{some} ORDER BY distance LIMIT {limit})"
            for place, part in enumerate(parts)
        )
        found: dict[str, list[tuple[str, float | None]]] = {part: [] for part in parts}
        for place, item, distance in self._fetch(statement, into.values):
            found[parts[place]].append((item, distance))
        return found

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
        columns = ", ".join(columns_of(self.layout, vectors=vectors))
        into, last = Parameters(), None
        pages = " UNION ALL ".join(
            f'(SELECT {columns} FROM {self._schema}."{part}" AS p WHERE (%(last)s::text IS NULL OR '
            f"item > %(last)s::text) AND {self._where(part, restriction, into)} ORDER BY item LIMIT {_PAGE})"
            for part in self._parts
        )
        statement = f"SELECT {columns} FROM ({pages}) AS pages ORDER BY item LIMIT {_PAGE}"
        while True:
            rows = self._fetch(statement, {**into.values, "last": last})
            yield from (point_from_row(row, self.layout, vectors=vectors) for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1][0]

    def count(self, restriction: Restriction = UNRESTRICTED) -> int:
        into = Parameters()
        counts = " UNION ALL ".join(
            f'SELECT count(*) AS n FROM {self._schema}."{part}" AS p WHERE {self._where(part, restriction, into)}'
            for part in self._parts
        )
        return int(self._fetch(f"SELECT sum(n)::bigint FROM ({counts}) AS counted", into.values)[0][0])

    def facet(
        self, field: str, restriction: Restriction = UNRESTRICTED, *, limit: int = 100
    ) -> Sequence[tuple[Value, int]]:
        if self._kinds.get(field) not in ("words", "boolean"):
            raise QueryError(f"field {field!r} can't be counted by value: it was not declared as words or boolean")
        into, number = Parameters(), self._declared[field]
        value = attribute(field, into)
        listed = f"CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE jsonb_build_array({value}) END"
        counts = " UNION ALL ".join(
            f"SELECT t{number} AS token, count(*) AS n FROM {there} AS p "
            f"WHERE t{number} IS NOT NULL AND {condition} GROUP BY t{number} UNION ALL "
            f"SELECT 't' || one, count(*) FROM {there} AS p, jsonb_array_elements_text({listed}) AS s (one) "
            f"WHERE p.o{number} AND {condition} GROUP BY one"
            for part in self._parts
            for there, condition in [(f'{self._schema}."{part}"', self._where(part, restriction, into))]
        )
        rows = self._fetch(f"SELECT token, sum(n)::bigint FROM ({counts}) AS counted GROUP BY token", into.values)
        values = ((value_of(token), count) for token, count in rows)
        counted = [(text_from_server(one) if isinstance(one, str) else one, count) for one, count in values]
        return sorted(counted, key=lambda entry: (-entry[1], str(entry[0])))[:limit]

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        new = [name for name in fields if name not in self._declared]
        first = max(self._declared.values(), default=-1) + 1
        numbers = {**self._declared, **{name: first + place for place, name in enumerate(new)}}
        if any(self._kinds.get(name) != kind for name, kind in fields.items()):
            declare_fields(self._session(), self._schema, self._table, self._shards, fields, numbers, new)
            self._read_fields()
        if new:
            tidy(self._session(), self._schema, self._table, self._shards)

    def set_keys(self, kind: RouterType, keys: Mapping[str, str]) -> None:
        ids, values = list(map(text_to_server, keys)), list(map(text_to_server, keys.values()))
        there = f'{self._schema}."{self._table}_keys"'

        def work(connection: Connection) -> None:
            connection.execute(f"DELETE FROM {there} WHERE kind = %s AND item = ANY(%s::text[])", [kind, ids])
            connection.execute(
                f"INSERT INTO {there} (item, kind, key) SELECT item, %s, key "
                "FROM unnest(%s::text[], %s::text[]) AS s (item, key) "
                f"JOIN (SELECT item FROM {self._there} WHERE item = ANY(%s::text[])) AS known USING (item)",
                [kind, ids, values, ids],
            )

        self._write(work)

    def same_content(self) -> dict[str, list[str]]:
        rows = self._fetch(
            f"SELECT hash, array_agg(item) FROM {self._there} WHERE hash <> '' GROUP BY hash HAVING count(*) > 1",
            {},
        )
        return {digest: sorted(map(text_from_server, ids)) for digest, ids in rows}

    def optimise(self, *, graph: bool) -> None:
        """Build the graphs that are not there, and let the server gather its statistics; it keeps both up itself."""
        session = self._session()
        if graph:
            largest = self.count() // len(self._parts)
            build_graphs(session, self._schema, self._table, self._shards, self.layout, largest)
        tidy(session, self._schema, self._table, self._shards)

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

    def _where(self, part: str, restriction: Restriction, into: Parameters) -> str:
        return where(restriction, self._schema, part, self._declared, into)

    def _deletion(self) -> str:
        """Return the statement that deletes points; their keys go with them."""
        return f"DELETE FROM {self._there} WHERE item = ANY(%s::text[])"

    def _session(self) -> Session:
        if not isinstance(self._runner, Session):
            raise RuntimeError(f"{self._there} was opened for reading alone: open it through a writer to change it")
        return self._runner

    def _write(self, work: Callable[[Connection], T]) -> T:
        return self._session().run(work)

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


def _ranked(rows: Iterable[tuple[str, float | None]], spec: VectorSpec) -> list[ScoredId]:
    """Return scores by descending score, then by id. Of several vectors the distance is the negative score."""
    top = 1.0 if spec.metric == "cosine" and not spec.multi else 0.0
    return ranked((text_from_server(item), top - distance) for item, distance in rows if distance is not None)
