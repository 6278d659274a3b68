"""``clothing``: same-class retrieval and classification on amateur photos, photographers apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...catalogue.clothing import UNCLEAR, ClothingItem, read_clothing
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed, SameLabel

__all__ = ["BENCHMARK"]

METRICS = ("map@10", "precision@10", "recall@10", "map@100", "precision@100", "map@1000", "precision@1000", "map")
"""At three of the four depths of ``myntra_class.DEPTHS``; the fourth is beyond this gallery."""


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    items = read_clothing(options.data, options.split)
    searched = {"val": ["train"], "train": ["val"]}.get(options.split, ["train", "val"])
    there = [split for split in searched if any(item.split == split for item in items)]
    clear = [item for item in items if item.label not in UNCLEAR]
    by_category = [(item, item.category) for item in items if item.category]
    by_label = [(item, item.label) for item in clear]
    tasks = [
        *_tasks(by_category, options, searched, METRICS, ""),
        *_tasks(by_label, options, searched, METRICS[:3], "labels"),
    ]
    unasked = sum(item.split == options.split for item, _ in by_category) - len(tasks[0].queries)
    return Loaded(
        tasks=tuple(tasks),
        photos={item.id: item.path for item in items},
        labels={item.id: item.category or item.label for item in items},
        notes=(
            f"Queries: {options.split}. Gallery: {' + '.join(there)}.",
            _note_photographers(items, options.split, there),
            "Bare figures are of dress, shirt and toptee; /labels of all kinds of garment but "
            f"{', '.join(sorted(UNCLEAR))}.",
            *(
                [f"{unasked} photos of {options.split} don't ask: nothing in the gallery is of their class."]
                * (unasked > 0)
            ),
        ),
    )


def _note_photographers(items: Sequence[ClothingItem], asking: str, searched: Sequence[str]) -> str:
    """Return whether a photographer is among queries and gallery, as none should be."""
    askers, others = ({item.sender for item in items if item.split in some} for some in ((asking,), searched))
    both = len(askers & others)
    return f"{both} photographers are in both." if both else "No photographer is in both."


def _tasks(
    labelled: Sequence[tuple[ClothingItem, str]],
    options: Options,
    searched: Sequence[str],
    metrics: tuple[str, ...],
    name: str,
) -> list[Task]:
    """Retrieval of the same label, and classification by the neighbours' labels."""
    gallery = [(item, label) for item, label in labelled if item.split in searched]
    there = sorted({label for _, label in gallery})
    asked = [(item, label) for item, label in labelled if item.split == options.split and label in there]
    if not asked:
        raise CatalogueError(
            f"{options.data} has no photos of {options.split} whose class is also in {' or '.join(searched)}, "
            "which are searched: add them to items.csv"
        )
    queries = tuple(EvaluationQuery(item.id, item.id) for item, _ in asked)
    of = {label: number for number, label in enumerate(there)}
    shown = np.array([of[label] for _, label in gallery])
    own = np.full(len(asked), -1)
    truth = SameLabel(np.array([of[label] for _, label in asked]), shown, own)
    parts = {label: np.flatnonzero(truth.query_labels == number) for label, number in of.items()}
    ids = tuple(item.id for item, _ in gallery)
    return [
        Task(queries, ids, truth, metrics, name, parts={p: rows for p, rows in parts.items() if len(rows)}),
        Task(
            queries,
            ids,
            Listed(len(there), tuple({of[label]: 1} for _, label in asked)),
            ("accuracy",),
            name,
            parts={p: rows for p, rows in parts.items() if len(rows)},
            classes=shown[:, None] == np.arange(len(there)),
            class_names=tuple(there),
        ),
    ]


BENCHMARK = Benchmark(
    name="clothing",
    about="a phone photo of a garment finds garments of its class; its class by its neighbours' votes",
    needs="items.csv and images/ (the folder clothing)",
    size="344 queries, gallery 1,358",
    query_type="photo",
    protocols=("photographers-apart",),
    load=load,
)
