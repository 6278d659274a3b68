"""``myntra-changes``: a photo and "with long sleeves instead" find such an item of the same type, colour and brand.

A query's item and its targets differ in one of sleeve, neckline, pattern, length and fit, by the shop's own word,
and agree in the others (``catalogue/one_change.py``). recall@k wants one of the targets; any@k takes any item of the
type, colour and people that is as asked, whatever its brand. Items of which nobody knows whether they are as asked are
not in the query's gallery, nor is the item itself.

``any@1/subset`` asks among the items of the reference's own type, colour and people of which it is known whether they
are as asked: there a system that ignores the words can't win by the photo.
``precision@10/type-kept`` is the share of the first ten that are still of the item's type: a shirt must stay a shirt.
``--composer photo`` and ``--composer sum`` measure what the photo alone and the plain sum reach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from ...catalogue.details import read_details
from ...catalogue.facts import Facts, lacks
from ...catalogue.myntra import MyntraItem, read_catalogue
from ...catalogue.one_change import FIELDS
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed, SameLabel
from .frozen import LANGUAGES, of_split
from .myntra import notes_on, photos_of
from .myntra_fine import facts_of_items

__all__ = ["BENCHMARK", "COLUMNS", "NAME"]

NAME = "myntra-changes"
COLUMNS = ("reference", "field", "old", "new", "targets", *LANGUAGES)
"""``targets``: ids with blanks between them."""

EXACT = ("recall@1", "recall@10", "recall@50", "mrr")
ANY = ("any@1", "any@10", "any@50")

_Right: TypeAlias = tuple[dict[int, int], ...]
_Rows: TypeAlias = tuple[tuple[int, ...], ...]


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    listed, whose = of_split(NAME, options, COLUMNS)
    items = read_catalogue(options.data, options.split)
    place = {item.id: row for row, item in enumerate(items)}
    asked = [row for row in listed if row["reference"] in place and place.keys() & row["targets"].split()]
    if not asked:
        raise CatalogueError(
            f"{options.data} has none of the items that {NAME} asks of {options.split}: write the folder's own "
            "queries with scripts/make_queries.py"
        )
    facts = facts_of_items(items, read_details(options.data, place.keys()))
    exact, wide, barred, alike = _truth(asked, items, facts, place)
    gallery = tuple(item.id for item in items)
    rows = np.array([place[row["reference"]] for row in asked], np.int64)
    _, types = np.unique([item.article_type for item in items], return_inverse=True)
    fields = np.array([row["field"] for row in asked])
    parts = {field: np.flatnonzero(fields == field) for field in FIELDS if (fields == field).any()}
    tasks = []
    for column, name in LANGUAGES.items():
        queries = tuple(
            EvaluationQuery(f"{row['reference']} {row['field']}={row['new']}", row["reference"], row[column])
            for row in asked
        )
        first = Task(queries, gallery, Listed(len(items), exact, barred), EXACT, name, parts=parts)
        kept = "type-kept" if not name else f"type-kept-{name}"
        tasks += [first, replace(first, truth=Listed(len(items), wide, barred), metrics=ANY)]
        among = Listed(len(items), wide, among=alike)
        hard = np.array([row for row, some in enumerate(alike) if len(some) > len(wide[row])], np.intp)
        beside = f"subset-{name}" if name else "subset"
        if len(hard):
            task = Task(queries, gallery, among, ("any@1",), beside)
            tasks.append(task.only(hard, np.arange(len(gallery))))
        tasks.append(Task(queries, gallery, SameLabel(types[rows], types, rows), ("precision@10",), kept))
    left = len(listed) - len(asked)
    return Loaded(
        tasks=tuple(tasks),
        photos=photos_of(items),
        labels={item.id: item.title for item in items},
        notes=(
            "recall@k wants an item that differs in what is asked alone, of the same brand; any@k takes one of any "
            "brand; any@1/subset asks among the item's own type and colour; precision@10/type-kept is the share of the "
            "first ten that are of the item's type.",
            "Right is what the shop says; items of the type and colour of which it does not say it are not in the "
            "gallery, nor is the item itself.",
            "/vi asks in Vietnamese, /vi-plain without diacritics; /sleeve and the like is one kind of change.",
            whose,
            *([f"{left} of {len(listed)} queries are of items that are not here."] if left else []),
            *notes_on(items),
        ),
    )


def _truth(
    asked: Sequence[Mapping[str, str]], items: Sequence[MyntraItem], facts: Sequence[Facts], place: Mapping[str, int]
) -> tuple[_Right, _Right, _Rows, _Rows]:
    """Return for each query its targets, all right items, those of unknown truth, and the known ones of its kind."""
    alike: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row, item in enumerate(items):
        alike[item.article_type, item.base_colour, item.gender].append(row)
    exact, wide, barred, known = [], [], [], []
    for query in asked:
        own, field, new = place[query["reference"]], query["field"], query["new"]
        targets = {place[id] for id in query["targets"].split() if id in place}
        right, unknown = set(targets), {own}
        for row in alike[items[own].article_type, items[own].base_colour, items[own].gender]:
            values = facts[row].get(field, frozenset())
            if row in targets or row == own:
                continue
            if new in values and all(facts[row].get(f) == facts[own].get(f) for f in FIELDS if f != field):
                right.add(row)
            elif not lacks(field, values, new):
                unknown.add(row)
        exact.append(dict.fromkeys(sorted(targets), 1))
        wide.append(dict.fromkeys(sorted(right), 1))
        barred.append(tuple(sorted(unknown)))
        kind = alike[items[own].article_type, items[own].base_colour, items[own].gender]
        known.append(tuple(row for row in sorted({*kind, *right}) if row not in unknown))
    return tuple(exact), tuple(wide), tuple(barred), tuple(known)


BENCHMARK = Benchmark(
    name=NAME,
    about="a photo and a change of sleeve, neck, pattern, length or fit: the item so changed, its type and colour kept",
    needs="catalogue.parquet and details.parquet (the folder myntra)",
    size="655 queries, gallery 6,865",
    query_type="change",
    protocols=("reference-excluded",),
    load=load,
)
