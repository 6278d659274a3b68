"""``clothing-judged``: would a shopper call it similar? Graded by eye, photo by photo.

How the grades were given: docs/judging.md.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...catalogue.clothing import read_clothing
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed

__all__ = ["BENCHMARK"]

JUDGEMENTS = Path(__file__).with_name("clothing_judged.csv")
"""query, candidate (ids of ``clothing``), grade 0, 1 or 2."""


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    items = {item.id: item for item in read_clothing(options.data, options.split)}
    judged = _judgements()
    asked = [id for id in judged if id in items and items[id].split == options.split]
    if not asked:
        raise CatalogueError(
            f"{options.data} has none of the {len(judged)} judged photos in its split {options.split!r}: they are of "
            "the split test of the folder clothing"
        )
    queries = tuple(EvaluationQuery(id, id) for id in asked)
    whole = tuple(id for id, item in items.items() if item.split in ("train", "val"))
    # an item that the folder lacks stays in its gallery, and is found to be missing when it is to be encoded
    pool = tuple(dict.fromkeys(candidate for id in asked for candidate in judged[id]))
    gallery = tuple(dict.fromkeys([*whole, *pool]))
    graded = _truth(gallery, [judged[id] for id in asked])
    seen = _truth(gallery, [dict.fromkeys(judged[id], 1) for id in asked])
    return Loaded(
        tasks=(
            Task(queries, pool, _among(pool, [judged[id] for id in asked]), ("ndcg@10", "precision@10")),
            Task(queries, gallery, graded, ("ndcg@10", "precision@10"), "whole-gallery"),
            Task(queries, gallery, seen, ("precision@10",), "whole-gallery-judged"),
        ),
        photos={id: item.path for id, item in items.items()},
        missing=tuple(id for id in judged if id not in items),
        labels={id: item.label for id, item in items.items()},
        notes=(
            "Graded by eye: 2 would do instead of it, 1 is related, 0 is neither (docs/judging.md). Precision counts 1 "
            "and 2.",
            "Bare figures rank the 30 judged candidates of each query among themselves.",
            f"/whole-gallery ranks all {len(gallery):,} photos, where what nobody judged counts as 0; "
            "precision@10/whole-gallery-judged is the share of the first ten that was judged.",
        ),
    )


def _judgements() -> Mapping[str, Mapping[str, int]]:
    judged: dict[str, dict[str, int]] = defaultdict(dict)
    with JUDGEMENTS.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            judged[row["query"]][row["candidate"]] = int(row["grade"])
    return judged


def _truth(gallery: Sequence[str], grades: Sequence[Mapping[str, int]]) -> Listed:
    place = {id: row for row, id in enumerate(gallery)}
    return Listed(len(gallery), tuple({place[id]: grade for id, grade in some.items() if grade > 0} for some in grades))


def _among(pool: Sequence[str], grades: Sequence[Mapping[str, int]]) -> Listed:
    place = {id: row for row, id in enumerate(pool)}
    listed = _truth(pool, grades)
    return Listed(listed.size, listed.right, among=tuple(tuple(place[id] for id in some) for some in grades))


BENCHMARK = Benchmark(
    name="clothing-judged",
    about="would a shopper call it similar? 30 candidates a query, graded 0, 1 or 2 by eye",
    needs="items.csv and images/ (the folder clothing)",
    size="40 queries, 30 candidates each",
    query_type="photo",
    protocols=("judged-candidates",),
    load=load,
)
