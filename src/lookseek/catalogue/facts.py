"""What a shop's attributes say of an item, in one vocabulary: ``{"sleeve": {"short"}, "pattern": {"striped"}}``.

A shop says one thing in several columns ("Pattern", "Print or Pattern Type") and in several ways ("No Sleeves",
"Sleeveless"). ``facts.csv`` brings them to fields and values, which ``train/words/lexicon.csv`` has words for:

    attribute, types, value    as the shop has them; types: of which articles alone, "-" before them: of all others
    field, fact                what it says; an empty fact says nothing, "other" only that it is none of the field's
                               other values

An item that has a value of a field lacks the field's other values, but for those that may come with all that it has
(``together.csv``: a printed shirt may well be floral, and shops call one shoe a flat or a ballerina) and for fields
that never say all (``OPEN``). Where an item has no value of a field nobody knows: it neither has nor lacks any.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

__all__ = ["FACTS", "OPEN", "OTHER", "TOGETHER", "Facts", "facts_of", "lacks"]

FACTS = Path(__file__).with_name("facts.csv")
TOGETHER = Path(__file__).with_name("together.csv")

OTHER = "other"
"""A value without a name: the item has none of the field's others."""

Facts: TypeAlias = Mapping[str, frozenset[str]]
"""Field to the values that an item is known to have; a field that is not there is unknown."""

OPEN = frozenset(["detail"])
"""Fields of which a shop names what it likes: what it does not name may be there all the same."""


def facts_of(article_type: str, attributes: Mapping[str, str]) -> Facts:
    """Return what a shop's attributes say of an item.

    Args:
        article_type: as the shop has it, e.g. "Tshirts"; some attributes mean something else for other types.
        attributes: as the shop has them, e.g. ``{"Sleeve Length": "No Sleeves"}``; one that is unknown says nothing.

    >>> facts_of("Socks", {"Length": "Ankle Length"})
    {'sock length': frozenset({'ankle'}), 'garment': frozenset({'socks'})}
    >>> facts_of("Capes", {"Pattern": "Printed", "Print or Pattern Type": "Solid"})
    {'pattern': frozenset({'printed'})}
    """
    found: dict[str, set[str]] = defaultdict(set)
    table = _table()
    for name, value in (*attributes.items(), ("articleType", article_type)):
        for types, others, field, fact in table.get((name, value), ()):
            if not types or (article_type in types) != others:
                found[field].add(fact)
    for values in found.values():
        if len(values) > 1:  # two columns may disagree: what has a name counts
            values.discard(OTHER)
        if len(values) > 1:
            values.discard("plain")
    return {field: frozenset(values) for field, values in found.items()}


def lacks(field: str, values: Collection[str], value: str) -> bool:
    """Return whether an item that has some values of a field is known not to have another one.

    Args:
        field: of the values.
        values: that it has; none where nobody knows.
        value: that is asked for.

    >>> lacks("sleeve", {"short"}, "long"), lacks("pattern", {"printed"}, "floral"), lacks("sleeve", (), "long")
    (True, False, False)
    """
    if not values or field in OPEN or value in values:
        return False
    return not _together().get((field, value), frozenset()) >= frozenset(values)


@cache
def _together() -> Mapping[tuple[str, str], frozenset[str]]:
    """Field and value to the values that it may come with."""
    near: dict[tuple[str, str], set[str]] = defaultdict(set)
    with TOGETHER.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for value in row["values"].split():
                for other in row["others"].split():
                    near[row["field"], value].add(other)
                    near[row["field"], other].add(value)
    return {key: frozenset(others) for key, others in near.items()}


@cache
def _table() -> Mapping[tuple[str, str], tuple[tuple[frozenset[str], bool, str, str], ...]]:
    """Attribute and value to: article types, whether all but these are meant, field, fact."""
    table: dict[tuple[str, str], list[tuple[frozenset[str], bool, str, str]]] = defaultdict(list)
    with FACTS.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["fact"]:
                types = row["types"]
                meant = frozenset(types.removeprefix("-").split("|")) - {""}
                table[row["attribute"], row["value"]].append((meant, types.startswith("-"), row["field"], row["fact"]))
    return {key: tuple(rows) for key, rows in table.items()}
