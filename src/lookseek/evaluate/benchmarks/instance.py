"""``instance``: a photo finds the other photos of its item, on any table that says which item a photo shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import SameLabel
from .anytable import SPLIT, read_table

__all__ = ["BENCHMARK", "ITEM_COLUMNS", "same_item"]

ITEM_COLUMNS = ("item", "item_id", "product_id", "product", "design")
"""Columns that say which item a photo shows, the preferred first."""

METRICS = ("recall@1", "recall@10", "r-precision", "map", "mrr")


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark.

    Every photo asks whose item has another photo in the gallery; the gallery is all photos, without the own one.
    """
    wanted = (options.by,) if options.by else ITEM_COLUMNS
    table = read_table(options.data, wanted)
    name = next((name for name in wanted if name in table.columns), options.by)
    if not name:
        raise CatalogueError(
            f"{table.name} has no column called {', '.join(ITEM_COLUMNS[:-1])} or {ITEM_COLUMNS[-1]}: name the one "
            f"that says which item a photo shows (--by); {table.there()}"
        )
    column = table.column(name)
    rows = table.rows_of(options.split) if SPLIT in table.columns else range(len(table.ids))
    shown = [(table.ids[row], str(value) if (value := column[row]) is not None else None) for row in rows]
    counts = Counter(item for _, item in shown if item is not None)
    task, alone = same_item([(id, item) for id, item in shown if item is not None], shown, METRICS)
    if not task.queries:
        raise CatalogueError(f"in {table.name} no value of {name!r} has two photos: name another column (--by)")
    items = [count for count in counts.values() if count > 1]
    without = sum(item is None for _, item in shown)
    part = f"Only photos of the split {options.split}." if SPLIT in table.columns else "All photos: there is no split."
    return Loaded(
        tasks=(task,),
        photos={id: table.photos[id] for id, _ in shown},
        missing=table.missing,
        labels={id: item for id, item in shown if item is not None},
        split="" if SPLIT in table.columns else "all",
        notes=(
            f"Items are the values of {name}: {len(items):,} of them have 2 to {max(items):,} photos. {part}",
            f"All {len(shown):,} photos are searched, but do not ask if they are the only one of their item ({alone:,})"
            f" or of no item ({without:,}).",
            *table.notes,
        ),
    )


def same_item(
    asked: Sequence[tuple[str, str]],
    shown: Sequence[tuple[str, str | None]],
    metrics: tuple[str, ...],
    part: Callable[[str], str] | None = None,
) -> tuple[Task, int]:
    """A task in which the photos of the same item are right.

    Args:
        asked: id and item of each photo that may ask.
        shown: id and item of the gallery's; None for a photo of no item. A photo of both is barred for itself.
        metrics: what is measured.
        part: the part of a photo that asks, by its id; None for no parts.

    Returns:
        The task; and how many photos do not ask, because the gallery has no other photo of their item.
    """
    numbers: dict[str, int] = {}
    labels = [-1 if item is None else numbers.setdefault(item, len(numbers)) for _, item in shown]  # nobody asks for -1
    place = {id: row for row, (id, _) in enumerate(shown)}
    counts = Counter(item for _, item in shown)
    kept = [(id, item) for id, item in asked if counts[item] > (id in place)]
    parts: dict[str, list[int]] = {}
    if part is not None:
        for row, (id, _) in enumerate(kept):
            parts.setdefault(part(id), []).append(row)
    task = Task(
        queries=tuple(EvaluationQuery(id, id) for id, _ in kept),
        gallery=tuple(id for id, _ in shown),
        truth=SameLabel(
            np.array([numbers[item] for _, item in kept], np.int64),
            np.array(labels, np.int64),
            np.array([place.get(id, -1) for id, _ in kept], np.int64),
        ),
        metrics=metrics,
        parts={name: np.array(parts[name], np.intp) for name in sorted(parts)},
    )
    return task, len(asked) - len(kept)


BENCHMARK = Benchmark(
    name="instance",
    about="a photo finds the other photos of its item; the item is named by a column (--by)",
    needs="any table with several photos an item, or drawn:ITEMS",
    size="as the table; a column split restricts it",
    query_type="photo",
    protocols=("leave-one-out",),
    load=load,
    by=True,
)
