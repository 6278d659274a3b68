"""``myntra-plus-minus``: "dress" + "long sleeves" - "floral": dresses that have the one and not the other.

The words before the signs name a type; what is added and what is taken away are values of attributes of which the shop
says which items have them (``details.parquet``). Right is an item of the type that has what is added and is known to
lack what is taken away; items of the type of which either is unknown are not in the query's gallery. There are
three kinds of queries, each with its own figures: ``plus``, ``minus``, ``both``; bare figures are of all.

``precision@10/type-kept`` is the share of the first ten that are of the type at all: no sign may change it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ...catalogue.details import read_details
from ...catalogue.facts import Facts, lacks
from ...catalogue.myntra import MyntraItem, read_catalogue
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed, SameLabel
from .frozen import LANGUAGES, of_split
from .myntra import notes_on, photos_of
from .myntra_fine import facts_of_items

__all__ = ["BENCHMARK", "COLUMNS", "LEAST", "NAME", "TERMS", "judge"]

NAME = "myntra-plus-minus"
TERMS = ("text", "plus", "minus")
COLUMNS = (
    "kind", "articleType", "plus_field", "plus_value", "minus_field", "minus_value",
    *(f"{term}_{language}" for language in LANGUAGES for term in TERMS),
)  # fmt: skip

LEAST = 10
"""Right items that a query has."""


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    listed, whose = of_split(NAME, options, COLUMNS)
    items = read_catalogue(options.data, options.split)
    facts = facts_of_items(items, read_details(options.data, {item.id for item in items}))
    judged = [judge(items, facts, row) for row in listed]
    able = [(row, one) for row, one in zip(listed, judged, strict=True) if len(one[0]) >= LEAST]
    if not able:
        raise CatalogueError(
            f"no query of {NAME} has {LEAST} right items of {options.split} in {options.data}: write the folder's "
            "own with scripts/make_queries.py"
        )
    rows = [row for row, _ in able]
    truth = Listed(len(items), tuple(dict.fromkeys(r, 1) for _, (r, _) in able), tuple(u for _, (_, u) in able))
    gallery = tuple(item.id for item in items)
    kinds = np.array([row["kind"] for row in rows])
    parts = {kind: np.flatnonzero(kinds == kind) for kind in dict.fromkeys(kinds.tolist())}
    of_type = Counter(item.article_type for item in items)
    alone = np.mean([len(r) / (of_type[row["articleType"]] - len(u)) for row, (r, u) in able])
    names, types = np.unique([item.article_type for item in items], return_inverse=True)
    number = {name: place for place, name in enumerate(names.tolist())}
    wanted = np.array([number[row["articleType"]] for row in rows], np.int64)
    tasks = []
    for language, name in LANGUAGES.items():
        queries = tuple(_query(row, language) for row in rows)
        tasks.append(Task(queries, gallery, truth, ("precision@10", "map@10", "recall@10"), name, parts=parts))
        same_type = SameLabel(wanted, types.astype(np.int64), np.full(len(rows), -1))
        kept = f"type-kept-{name}" if name else "type-kept"
        tasks.append(Task(queries, gallery, same_type, ("precision@10",), kept, parts=parts))
    left = len(listed) - len(rows)
    return Loaded(
        tasks=tuple(tasks),
        photos=photos_of(items),
        labels={item.id: item.title for item in items},
        notes=(
            "/plus adds, /minus takes away, /both does both; /vi is of Vietnamese, /vi-plain without diacritics.",
            "Right is what the shop says; items of the type of which it does not say it are not in the gallery.",
            "precision@10/type-kept is the share of the first ten that are of the type.",
            f"A system that finds the type and heeds no sign would reach a precision of {alone:.3f}.",
            whose,
            *([f"{left} of {len(listed)} queries have too few right items here and are left out."] if left else []),
            *notes_on(items),
        ),
    )


def judge(
    items: Sequence[MyntraItem], facts: Sequence[Facts], query: Mapping[str, str]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return rows of the items that are right, and of those of which nobody knows.

    Args:
        items: the gallery.
        facts: of each item.
        query: a row of the list: what is added and taken away, "" where nothing is.
    """
    right, unknown = [], []
    added, taken = ((query[f"{sign}_field"], query[f"{sign}_value"]) for sign in ("plus", "minus"))
    for row, item in enumerate(items):
        if item.article_type != query["articleType"]:
            continue
        known = [
            (value in (values := facts[row].get(field, frozenset())), lacks(field, values, value), wanted)
            for (field, value), wanted in ((added, True), (taken, False))
            if field
        ]
        if all(has if wanted else lacking for has, lacking, wanted in known):
            right.append(row)
        elif not any(lacking if wanted else has for has, lacking, wanted in known):
            unknown.append(row)
    return tuple(right), tuple(unknown)


def _query(row: Mapping[str, str], language: str) -> EvaluationQuery:
    text, plus, minus = (row[f"{term}_{language}"] for term in TERMS)
    signs = "".join(
        f" {sign}{row[f'{name}_field']}={row[f'{name}_value']}"
        for sign, name in (("+", "plus"), ("-", "minus"))
        if row[f"{name}_field"]
    )
    return EvaluationQuery(f"{row['articleType']}{signs}", text=text, plus=plus, minus=minus)


BENCHMARK = Benchmark(
    name=NAME,
    about="words for a type, plus and minus values of attributes: items of the type that have the one, not the other",
    needs="catalogue.parquet and details.parquet (the folder myntra)",
    size="180 queries, gallery 6,865",
    query_type="words",
    protocols=("type-and-attributes",),
    load=load,
)
