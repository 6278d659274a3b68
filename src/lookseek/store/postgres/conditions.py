"""Restrictions as SQL: true for the rows that ``lookseek.filters.matches`` keeps, else false or unknown.

Values never stand in the text of a statement: they are its parameters. A declared attribute has three columns with
indexes: ``t`` of its short text or boolean, ``d`` of its number, and ``o``, whether no column can hold it since it is a
list or a long text. Those are found in the attributes themselves, and so is an attribute that was not declared.

Where points are divided among servers, postgres_fdw sends a condition along if it knows that the other server decides
it alike; else it fetches all rows. It sends ``@>`` of jsonb and CASE; no functions of the index, no ``IS NOT TRUE``,
and no operators on texts that aren't columns (``->`` and ``?|`` of jsonb, patterns).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from psycopg.types.json import Jsonb

from ...filters import And, Compare, Condition, In, Not, Or, plain_values
from ...types import Value
from ..base import Restriction
from .texts import text_to_server

__all__ = ["LONGEST", "Parameters", "attribute", "token_of", "value_of", "where"]

_DATE = (
    r"^\s*\+?([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]"
    r"(?::[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)$"
)
LONGEST = 1_000
"""Bytes of a text up to which it stands in a column with an index, whose entries can't be longer than 2,700."""


class Parameters:
    """The parameters of a statement, named as they are added."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def add(self, value: Any) -> str:
        """Return the placeholder of a value."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"


def where(restriction: Restriction, schema: str, table: str, declared: Mapping[str, int], into: Parameters) -> str:
    """Return the condition of a restriction, over the table ``p`` of points.

    Args:
        restriction: which points are kept.
        schema: quoted, of the index.
        table: the table of points, without its schema.
        declared: attribute to the number of its columns.
        into: gets the parameters.
    """
    parts = []
    if restriction.condition is not None:
        parts.append(_tree(restriction.condition, schema, declared, into))
    if restriction.among is not None:
        parts.append(f"p.item = ANY({into.add([text_to_server(id_) for id_ in restriction.among])}::text[])")
    if restriction.within is not None:
        kind, keys = restriction.within
        wanted = into.add([text_to_server(key) for key in keys])
        parts.append(
            f'EXISTS (SELECT FROM {schema}."{table}_keys" AS k WHERE k.item = p.item AND k.kind = {into.add(kind)} '
            f"AND k.key = ANY({wanted}::text[]))"
        )
    return " AND ".join(parts) or "true"


def attribute(field: str, into: Parameters) -> str:
    """Return the SQL of an attribute's value as jsonb."""
    return f"(p.attributes -> {into.add(text_to_server(field))}::text)"


def token_of(value: str | bool) -> str:
    """Return what the column ``t`` holds of a text or boolean: ``token_of`` in SQL does the same."""
    return f"t{text_to_server(value)}" if isinstance(value, str) else f"b{str(value).lower()}"


def value_of(token: str) -> str | bool:
    """Return the text or boolean of a token that the server holds."""
    return token == "btrue" if token[0] == "b" else token[1:]  # noqa: S105


def _tree(condition: Condition, schema: str, declared: Mapping[str, int], into: Parameters) -> str:
    """Return a condition as SQL; an unknown (NULL) counts as false."""
    match condition:
        case And(parts):
            return "(" + " AND ".join(_tree(part, schema, declared, into) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(_tree(part, schema, declared, into) for part in parts) + ")"
        case Not(part):
            return _not(_tree(part, schema, declared, into))
        case In(field, values, negated):
            found = _equals(field, values, schema, declared, into)
            return _not(found) if negated else found
        case Compare(field, ("=" | "!=") as op, value):
            found = _equals(field, (value,), schema, declared, into)
            return found if op == "=" else _not(found)
        case Compare(field, date=(op, instant)):
            return _dates(field, op, instant, into)
        case Compare(field, op, value):
            number = f"p.d{declared[field]}" if field in declared else f"{schema}.number_of({attribute(field, into)})"
            return f"({number} {op} {into.add(float(value))}::float8)"


def _not(condition: str) -> str:
    """Return the complement of a condition: true where that is false or unknown."""
    return f"(CASE WHEN {condition} THEN false ELSE true END)"


def _dates(field: str, op: str, instant: datetime.datetime, into: Parameters) -> str:
    """Return whether an attribute, or a text of its list, is a date that compares so, as ``filters.dates`` reads it."""
    odd, limit = attribute(field, into), into.add(instant)
    texts = (
        f"jsonb_array_elements_text(CASE jsonb_typeof({odd}) WHEN 'array' THEN {odd} "
        f"WHEN 'string' THEN jsonb_build_array({odd}) ELSE '[]'::jsonb END)"
    )
    dates = f"SELECT substring(text FROM {into.add(_DATE)}) AS date FROM {texts} AS every(text)"
    zone = "CASE WHEN date ~ '(Z|[+-][0-9]{2}:?[0-9]{2})$' THEN '' ELSE '+00' END"
    zoned = f"date || {zone} AS date FROM ({dates}) AS found"
    return (
        f"EXISTS (SELECT FROM (SELECT {zoned}) AS whole WHERE CASE WHEN pg_input_is_valid(date, 'timestamptz') "
        f"THEN date::timestamptz {op} {limit}::timestamptz ELSE false END)"
    )


def _equals(field: str, values: Iterable[Value], schema: str, declared: Mapping[str, int], into: Parameters) -> str:
    plain = [one for value in values for one in plain_values(value)]
    numbers = [float(one) for one in plain if not isinstance(one, str | bool)]
    tokens = [text_to_server(one) if isinstance(one, str) else one for one in plain if isinstance(one, str | bool)]
    number = declared.get(field)
    either = []
    if tokens:
        name = text_to_server(field)
        whole = [Jsonb({name: listed}) for one in tokens for listed in (one, [one])]
        contained = f"p.attributes @> ANY({into.add(whole)}::jsonb[])"
        if number is not None:
            texts = into.add([token_of(one) for one in plain if isinstance(one, str | bool)])
            contained = f"(p.t{number} = ANY({texts}::text[]) OR (p.o{number} AND {contained}))"
        either.append(contained)
    if numbers:
        column = f"p.d{number}" if number is not None else f"{schema}.number_of({attribute(field, into)})"
        either.append(f"{column} = ANY({into.add(numbers)}::float8[])")
    return f"({' OR '.join(either)})"
