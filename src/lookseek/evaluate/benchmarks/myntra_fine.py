"""``myntra-fine``: "striped shirt", "heels with an ankle strap": words for one attribute of one type find such items.

A query asks for a type with one value of one attribute, or for a kind of its own ("loafers" among casual shoes).
Right is what the shop itself says (``details.parquet``): an item of that type that has the value. Where the shop says
nothing of the attribute nobody knows, so such items of the type are not in that query's gallery, nor are those whose
values may come together with it (``catalogue/facts.py``). Items of other types stay in it and are wrong.

Each query has at least 10 right items, and 10 of its type that are known to lack the value: the type alone does not
answer it. What the type alone would reach stands in the notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...catalogue.details import Details, read_details
from ...catalogue.facts import Facts, lacks
from ...catalogue.myntra import MyntraItem, read_catalogue
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed
from .frozen import LANGUAGES, of_split
from .myntra import notes_on, photos_of

__all__ = ["BENCHMARK", "COLUMNS", "KIND", "LEAST", "NAME", "Judged", "facts_of_items", "judge"]

NAME = "myntra-fine"
COLUMNS = ("articleType", "field", "value", *LANGUAGES)

LEAST = 10
"""Items of the type that have the value, and as many that lack it."""

KIND = "garment"
"""The field of kinds: loafers are right whatever the shop's type of them, and no type is named beside them."""

METRICS = ("precision@10", "map@10", "recall@10", "r-precision")


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of a query's gallery.

    Args:
        right: rows of the items that have the value.
        unknown: rows of the items of which nobody knows.
        wrong: how many items of the type lack it.
    """

    right: tuple[int, ...]
    unknown: tuple[int, ...]
    wrong: int

    @property
    def alone(self) -> float:
        """Precision of a system that finds the type and nothing of the attribute."""
        return len(self.right) / max(1, len(self.right) + self.wrong)


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    listed, whose = of_split(NAME, options, COLUMNS)
    items = read_catalogue(options.data, options.split)
    facts = facts_of_items(items, read_details(options.data, {item.id for item in items}))
    judged = [judge(items, facts, row["articleType"], row["field"], row["value"]) for row in listed]
    able = [(row, one) for row, one in zip(listed, judged, strict=True) if len(one.right) >= LEAST]
    if not able:
        raise CatalogueError(
            f"no query of {NAME} has {LEAST} right items of {options.split} in {options.data}: write the folder's "
            "own with scripts/make_queries.py"
        )
    rows = [row for row, _ in able]
    right = tuple(dict.fromkeys(one.right, 1) for _, one in able)
    truth = Listed(len(items), right, tuple(one.unknown for _, one in able))
    fields = np.array([row["field"].replace(" ", "-") for row in rows])
    parts = {field: np.flatnonzero(fields == field) for field in dict.fromkeys(fields.tolist())}
    gallery = tuple(item.id for item in items)
    left = len(listed) - len(rows)
    alone = float(np.mean([one.alone for _, one in able]))
    return Loaded(
        tasks=tuple(
            Task(
                tuple(
                    EvaluationQuery(f"{row['articleType']} {row['field']}={row['value']}", text=row[column])
                    for row in rows
                ),
                gallery,
                truth,
                METRICS,
                name,
                parts=parts,
            )
            for column, name in LANGUAGES.items()
        ),
        photos=photos_of(items),
        labels={item.id: item.title for item in items},
        notes=(
            "Bare figures are of English words; /vi of Vietnamese, /vi-plain of Vietnamese without diacritics; /sleeve "
            "and the like of one attribute.",
            "Right is what the shop says of its items; those of the type of which it says nothing are in no gallery.",
            f"A system that finds the type and nothing of the attribute would reach a precision of {alone:.3f}.",
            whose,
            *([f"{left} of {len(listed)} queries have too few right items here and are left out."] if left else []),
            *notes_on(items),
        ),
    )


def facts_of_items(items: Sequence[MyntraItem], details: dict[str, Details]) -> list[Facts]:
    """Return the facts that the shop states of each item."""
    return [details.get(item.id, Details()).facts(item.article_type) for item in items]


def judge(items: Sequence[MyntraItem], facts: Sequence[Facts], article_type: str, field: str, value: str) -> Judged:
    """Return what is known of a value of one type.

    Args:
        items: the gallery.
        facts: of each item.
        article_type: that is asked for; of a kind, the type it is a kind of.
        field: of the value.
        value: that is asked for.
    """
    right, unknown, wrong = [], [], 0
    for row, item in enumerate(items):
        same, values = item.article_type == article_type, facts[row].get(field, frozenset())
        if value in values and (same or field == KIND):
            right.append(row)
        elif (same or (field == KIND and values)) and not lacks(field, values, value):
            unknown.append(row)
        elif same:
            wrong += 1
    return Judged(tuple(right), tuple(unknown), wrong)


BENCHMARK = Benchmark(
    name=NAME,
    about="words for one attribute of a type find items that have it; English, Vietnamese, without diacritics",
    needs="catalogue.parquet and details.parquet (the folder myntra)",
    size="126 queries, gallery 6,865",
    query_type="words",
    protocols=("type-and-attribute",),
    load=load,
)
