"""Colour changes between shop photos: a photo and "is blue instead of red" find the item of that design in blue.

The triplets are in FashionIQ's layout and were made from titles, not by people who looked: the colour really differs,
but other details may too, and an item of the same design and colour is often as right as the one that is named. So
beside the exact target (recall) any item of the target's design and colour counts (any).

What the benchmark is about is one gallery of all categories, a harder query than one gallery a category as
FashionIQ asks, which stands beside it. The same queries in Vietnamese, with and without diacritics, stand beside it
too: changes.py has their words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from ...catalogue.fashioniq import CATEGORIES, Triplet
from ...catalogue.myntra import MyntraItem, read_catalogue
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from .changes import LANGUAGES, Changed, known, translated
from .fashioniq import Cohort, Right, ask_joined, read_cohort, task_of
from .myntra import notes_on

__all__ = ["BENCHMARK"]

PROTOCOL = "pooled-reference-excluded"

EXACT = ("recall@1", "recall@10", "recall@50", "mrr")
ANY = ("any@1", "any@10", "any@50")

EXACT_ALONE = ("recall@10", "recall@50")
ANY_ALONE = ("any@10", "any@50")
"""Of the galleries of one category."""

TELLING = 100
"""Photos of a gallery below which a guess is right among the first 50 more often than not."""


def _load(options: Options) -> Loaded:
    cohorts = [read_cohort(options.data, category, options.split, "reference-excluded") for category in CATEGORIES]
    pooled = Cohort(
        category="",
        triplets={id: triplet for cohort in cohorts for id, triplet in cohort.triplets.items()},
        gallery=tuple(dict.fromkeys(id for cohort in cohorts for id in cohort.gallery)),
        excluded=True,
        notes=(),
    )
    named = dict.fromkeys((*pooled.gallery, *(triplet.candidate for triplet in pooled.triplets.values())))
    items = {item.id: item for item in read_catalogue(options.data, options.split) if item.id in named}
    any_right = _any_right(items)
    tasks, _ = _both(pooled, any_right, "", EXACT, ANY)
    spoken, more = _spoken(tasks, pooled.triplets, items)
    tasks += spoken
    notes = [
        f"In protocol {PROTOCOL} one gallery holds the photos of all categories, without the reference photo; "
        "recall counts the exact target, any counts each item of the target's design and colour.",
        "The changes were made from titles: the colour differs as they say, other details may differ too.",
        *more,
    ]
    for cohort in cohorts:
        alone, more = _both(cohort, any_right, f"{cohort.category}-gallery", EXACT_ALONE, ANY_ALONE)
        tasks += alone
        notes += [*cohort.notes, *more]
        if len(cohort.gallery) < TELLING:
            few = f"{cohort.category}-gallery has but {len(cohort.gallery)} photos"
            notes.append(f"{few}: its figures at 50 are high by chance alone.")
    return Loaded(
        tasks=tuple(tasks),
        photos={id: item.image for id, item in items.items()},
        labels={id: f"{item.base_colour} {item.category}" for id, item in items.items()},
        notes=(*notes, *notes_on(list(items.values()))),
    )


def _both(
    cohort: Cohort, any_right: Right, name: str, exact: tuple[str, ...], wide: tuple[str, ...]
) -> tuple[list[Task], tuple[str, ...]]:
    """Return two tasks of the same queries, with the target alone and with any right item as the truth, and notes."""
    task, notes = task_of(cohort, ask_joined)
    parts: dict[str, list[int]] = defaultdict(list)
    for row, query in enumerate(task.queries):
        parts[query.id.partition("/")[0]].append(row)
    named = {part: np.array(rows, np.intp) for part, rows in parts.items()} if not name else {}
    task = replace(task, name=name, metrics=exact, stratum="", parts=named)
    return [task, replace(task, truth=task_of(cohort, ask_joined, any_right)[0].truth, metrics=wide)], notes


def _spoken(
    tasks: list[Task], triplets: Mapping[str, Triplet], items: Mapping[str, MyntraItem]
) -> tuple[list[Task], tuple[str, ...]]:
    """Return the tasks of the queries that have Vietnamese words, in Vietnamese, and notes."""
    queries = tasks[0].queries

    def changed(query: EvaluationQuery) -> Changed:
        pair = triplets[query.id].candidate, triplets[query.id].target
        old, new = (items[id].base_colour if id in items else "" for id in pair)
        return "baseColour", old, new

    asked = np.array([row for row, query in enumerate(queries) if known(changed(query))], np.intp)
    if not len(asked):
        return [], ("None of the changes can be said in Vietnamese: the catalogue's colours have no words.",)
    some = [replace(task.only(asked, np.arange(len(task.gallery))), parts={}) for task in tasks]
    made = [
        replace(task, name=name, queries=translated(task.queries, map(changed, task.queries), column))
        for column, name in LANGUAGES.items()
        for task in some
    ]
    left = len(queries) - len(asked)
    return made, (
        "/vi asks in Vietnamese, /vi-plain without diacritics: from one colour of the catalogue to another, in words "
        "of training, and once, where the English says a title's colours twice.",
        *([f"{left:,} of {len(queries):,} queries have no Vietnamese and are left out of it."] if left else []),
    )


def _any_right(items: Mapping[str, MyntraItem]) -> Right:
    """Gives the photos that have the target's design and colour, the target among them."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in items.values():
        alike[item.design, item.base_colour].append(item.id)

    def right(triplet: Triplet) -> Collection[str]:
        target = items.get(triplet.target)
        return (triplet.target,) if target is None else alike[target.design, target.base_colour]

    return right


BENCHMARK = Benchmark(
    name="myntra-composed",
    about="a photo and a change of colour; right is the target (recall), or any of its design and colour (any)",
    needs="catalogue.parquet, and captions/ and image_splits/ in FashionIQ's layout",
    size="1,458 queries, gallery 1,910",
    query_type="change",
    protocols=(PROTOCOL,),
    load=_load,
)
