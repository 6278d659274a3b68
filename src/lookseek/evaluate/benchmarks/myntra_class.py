"""``myntra-class``: same-type retrieval on shop photos, at the depths and with the times of a classic table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from ...catalogue.myntra import MyntraItem, read_catalogue
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task, TrainingSet
from ..truth import SameLabel
from .myntra import notes_on, photos_of

__all__ = ["BENCHMARK"]

DEPTHS = (10, 100, 1000, 10000)
"""Of the system that lookseek replaces, see docs/decisions/evaluation.md."""

ROUTING = ("exact@10", "visited")
"""What a router loses and spares, see ``evaluate.routing``."""

LARGEST = 20
"""Article types of the second gallery."""


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    items = read_catalogue(options.data, options.split)
    worn = [item for item in items if item.category]
    if len(worn) < 2:
        raise CatalogueError(f"{options.data} has {len(worn)} photos with a category in {options.split}: it takes two")
    types = _largest(items)
    common = [item for item in items if item.article_type in types]
    metrics = (*(f"{metric}@{k}" for metric in ("map", "precision") for k in DEPTHS), *ROUTING)
    timed = tuple(f"query_ms@{k}" for k in DEPTHS)
    deepest = ", ".join(f"{k:,} is {min(k, len(worn) - 1):,}" for k in DEPTHS)
    return Loaded(
        tasks=(
            _task(worn, lambda item: item.category, metrics + timed, ""),
            _task(common, lambda item: item.article_type, metrics + timed, "types"),
        ),
        photos=photos_of(items),
        labels={item.id: item.category or item.article_type for item in items},
        notes=(
            "Every photo asks once and is not in its own gallery. Colours of one design stand in the gallery.",
            f"Bare figures are of dress, shirt and toptee: of min(k, gallery), so {deepest}.",
            f"/types are of the {LARGEST} largest article types, gallery {len(common) - 1:,}.",
            "query_ms@k is the time to route one query, compare it with what it searches and sort the first k.",
            *notes_on(worn),
        ),
    )


def training_set(options: Options, split: str) -> TrainingSet:
    """Return photos with the categories, and the article types that are the largest in the queries' split."""
    types = _largest(read_catalogue(options.data, options.split))
    items = read_catalogue(options.data, split)
    return TrainingSet(
        photos_of(items),
        {
            "": {item.id: item.category for item in items if item.category},
            "types": {item.id: item.article_type for item in items if item.article_type in types},
        },
    )


def _largest(items: Sequence[MyntraItem]) -> list[str]:
    return [name for name, _ in Counter(item.article_type for item in items).most_common(LARGEST)]


def _task(items: Sequence[MyntraItem], label: Callable[[MyntraItem], str], metrics: tuple[str, ...], name: str) -> Task:
    counts = Counter(label(item) for item in items)
    of = {value: number for number, value in enumerate(sorted(counts))}
    labels = np.array([of[label(item)] for item in items], np.int64)
    asked = np.array([row for row, item in enumerate(items) if counts[label(item)] > 1], np.int64)
    return Task(
        queries=tuple(EvaluationQuery(items[row].id, items[row].id) for row in asked),
        gallery=tuple(item.id for item in items),
        truth=SameLabel(labels[asked], labels, asked),
        metrics=metrics,
        name=name,
        parts={value: np.flatnonzero(labels[asked] == number) for value, number in of.items() if counts[value] > 1},
    )


BENCHMARK = Benchmark(
    name="myntra-class",
    about="a shop photo finds photos of its category or type: mAP, accuracy (precision) and time at top-10 to 10000",
    needs="catalogue.parquet (the folder myntra)",
    size="1,910 queries, gallery 1,910; 20 types: 5,285",
    query_type="photo",
    protocols=("leave-one-out",),
    load=load,
    training_set=training_set,
)
