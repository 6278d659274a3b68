"""The benchmark drawn-instance: the same drawn garment in another view and before another background."""

from __future__ import annotations

import numpy as np

from ...catalogue.drawn import DrawnPhotos, split_specs
from ...catalogue.drawn.catalogue import title
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import SameLabel

__all__ = ["BENCHMARK", "DESIGNS", "SIZE", "VIEWS"]

DESIGNS = 200

VIEWS = 4
"""Photos of each design, so that each query has three right answers."""

SIZE = 224
"""Pixels along a side: what most encoders look at."""

METRICS = ("recall@1", "recall@10", "map", "r-precision")

NOTES = ("The photos are drawn: the figures say what a view or a background does, not how a model does on photos.",)


def load(options: Options) -> Loaded:
    """Draw up the queries of a split; the photos are drawn when they are asked for.

    Raises:
        CatalogueError: there is no such split.
    """
    specs = split_specs(options.split, DESIGNS, VIEWS)
    _, items = np.unique([spec.item_id for spec in specs.values()], return_inverse=True)
    views = np.array([spec.view for spec in specs.values()])
    task = Task(
        queries=tuple(EvaluationQuery(photo, photo) for photo in specs),
        gallery=tuple(specs),
        truth=SameLabel(items, items, np.arange(len(specs))),
        metrics=METRICS,
        parts={str(view): np.flatnonzero(views == view) for view in np.unique(views)},
    )
    labels = {photo: title(spec) for photo, spec in specs.items()}
    return Loaded((task,), DrawnPhotos(specs, SIZE), labels=labels, notes=NOTES)


BENCHMARK = Benchmark(
    name="drawn-instance",
    about="a drawn garment: its other photos, in other views and before other backgrounds",
    needs="nothing: it is drawn",
    size="800 queries, gallery 800",
    query_type="photo",
    protocols=("leave-one-out",),
    load=load,
    drawn=True,
)
