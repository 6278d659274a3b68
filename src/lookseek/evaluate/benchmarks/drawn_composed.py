"""The benchmark drawn-composed: a drawn photo and a change in words, for each kind of change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...catalogue.drawn import KINDS, DrawnItem, DrawnPhotos, families, split_seed
from ...catalogue.drawn.catalogue import title
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed
from .changes import LANGUAGES, Changed, translated

__all__ = ["BENCHMARK", "DESIGNS", "SIZE"]

DESIGNS = 125
"""Families of a split: some 80 queries of the kind neckline, which shirts can't change, and 125 of each other."""

SIZE = 224
"""Pixels along a side: what most encoders look at."""

EXACT = ("recall@1", "recall@10", "mrr")
WIDE = ("any@10",)

SAME = ("category", *KINDS)
"""Attributes that must agree for a garment to count beside the exact target."""

NOTES = (
    "The photos are drawn and the words come from templates: the figures say which changes a model can follow, "
    "not how it does on photos and words of people.",
    "Right for recall and mrr is the one photo of the changed design; for any@10 every photo whose category, colour, "
    "pattern, sleeve, neckline and length are the target's.",
    "/vi asks in Vietnamese, /vi-plain without diacritics, in words of training.",
    "recall@1/subset asks among the other photos of the reference's own family alone, the design unchanged and its "
    "changes of each kind: there a model that ignores the words can't win by the photo.",
)


def load(options: Options) -> Loaded:
    """Draw up the queries of a split; the photos are drawn when they are asked for.

    Source: of asking among a family alone: Liu et al., "Image Retrieval on Real-life Images with Pre-trained
    Vision-and-Language Models", ICCV 2021, Recall_subset.

    Raises:
        CatalogueError: there is no such split.
    """
    specs: dict[str, DrawnItem] = {}
    queries: list[EvaluationQuery] = []
    kinds: list[str] = []
    relatives: list[tuple[str, ...]] = []
    changed: list[Changed] = []
    for family in families(DESIGNS, split_seed(options.split)):
        drawn = (family.reference, family.again, *(change.target for change in family.changes))
        own = {f"{options.split}-{spec.id}": spec for spec in drawn}
        specs |= own
        reference, _, *targets = own
        for change, target in zip(family.changes, targets, strict=True):
            queries.append(EvaluationQuery(target, reference, change.text))
            kinds.append(change.kind)
            old, new = (spec.attributes[change.kind] for spec in (family.reference, change.target))
            changed.append((change.kind, old, new))
            relatives.append(tuple(photo for photo in own if photo != reference))
    tasks = _tasks(queries, specs, relatives, {kind: np.flatnonzero(np.array(kinds) == kind) for kind in KINDS})
    tasks += _spoken(tasks, {query.id: some for query, some in zip(queries, changed, strict=True)})
    labels = {photo: title(spec) for photo, spec in specs.items()}
    return Loaded(tasks, DrawnPhotos(specs, SIZE), labels=labels, notes=NOTES)


def _tasks(
    queries: list[EvaluationQuery],
    specs: Mapping[str, DrawnItem],
    relatives: list[tuple[str, ...]],
    kinds: Mapping[str, NDArray[np.intp]],
) -> tuple[Task, ...]:
    """Put the queries to the gallery.

    Args:
        queries: each named by its target's photo.
        specs: photo to what is drawn, in the order of the gallery.
        relatives: for each query the photos of its family that may be answers.
        kinds: kind to rows of its queries.
    """
    gallery = tuple(specs)
    rows = {photo: row for row, photo in enumerate(gallery)}
    alike: dict[tuple[str, ...], dict[int, int]] = {}
    for photo, row in rows.items():
        alike.setdefault(_look(specs[photo]), {})[row] = 1
    exact = tuple({rows[query.id]: 1} for query in queries)
    wide = tuple(alike[_look(specs[query.id])] for query in queries)
    barred = tuple((rows[query.photo],) for query in queries)
    tasks = [
        Task(
            tuple(queries[row] for row in asked),
            gallery,
            Listed(len(gallery), right, barred).keep(asked, np.arange(len(gallery))),
            metrics,
            stratum=kind,
        )
        for kind, asked in kinds.items()
        for right, metrics in ((exact, EXACT), (wide, WIDE))
    ]
    among = tuple(tuple(rows[photo] for photo in some) for some in relatives)
    family = Listed(len(gallery), exact, among=among)
    tasks.append(Task(tuple(queries), gallery, family, ("recall@1",), name="subset", parts=kinds))
    return tuple(tasks)


def _spoken(tasks: tuple[Task, ...], changed: Mapping[str, Changed]) -> tuple[Task, ...]:
    """Return the tasks of each kind, in Vietnamese."""
    return tuple(
        replace(
            task,
            name=name,
            queries=translated(task.queries, [changed[query.id] for query in task.queries], column),
        )
        for column, name in LANGUAGES.items()
        for task in tasks
        if task.stratum
    )


def _look(spec: DrawnItem) -> tuple[str, ...]:
    return tuple(spec.attributes[name] for name in SAME)


BENCHMARK = Benchmark(
    name="drawn-composed",
    about="a drawn garment and one change of colour, pattern, sleeve, neckline or length in words: the changed garment",
    needs="nothing: it is drawn",
    size="583 queries, gallery 833",
    query_type="change",
    protocols=("reference-excluded",),
    load=load,
    drawn=True,
)
