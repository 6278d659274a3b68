"""``instance``: a photo finds the other photos of its item, on any table that says which item a photo shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from ...errors import CatalogueError, QueryError
from ...types import Box
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import SameLabel
from .anytable import SPLIT, Table, read_table
from .cropped import CroppedPhotos

__all__ = ["BENCHMARK", "ITEM_COLUMNS", "same_item"]

ITEM_COLUMNS = ("item", "item_id", "product_id", "product", "design")
"""Columns that say which item a photo shows, the preferred first."""

_MARKS = ("is_query", "is_gallery")
"""Columns that say which photos ask and which are searched; where one of them is there, ``label`` can name the item.
Source: OpenMetricLearning, docs/readme/examples_source/extractor/retrieval_usage, "dataset format"."""

_BOX = ("x_1", "y_1", "x_2", "y_2")
"""Columns of the corners of the part that is meant, in pixels. Source: the same."""

METRICS = ("recall@1", "recall@10", "r-precision", "map", "mrr")


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark.

    Every photo asks whose item has another photo in the gallery; the gallery is all photos, without the own one. Where
    the table marks what asks and what is searched, only those do and are; where it has boxes, photos are cropped.
    """
    wanted = (options.by,) if options.by else ITEM_COLUMNS
    table = read_table(options.data, wanted)
    marked = any(name in table.columns for name in _MARKS)
    wanted = (*wanted, "label") if marked and not options.by else wanted
    name = next((name for name in wanted if name in table.columns), options.by)
    if not name:
        raise CatalogueError(
            f"{table.name} has no column called {', '.join(ITEM_COLUMNS[:-1])} or {ITEM_COLUMNS[-1]}: name the one "
            f"that says which item a photo shows (--by); {table.there()}"
        )
    column = table.column(name)
    rows = table.rows_of(options.split) if SPLIT in table.columns else range(len(table.ids))
    known = [(table.ids[row], str(value) if (value := column[row]) is not None else None) for row in rows]
    asks, is_shown = (_marks(table, name, rows) for name in _MARKS)
    asking = [(id, item) for (id, item), mark in zip(known, asks, strict=True) if mark]
    shown = [entry for entry, mark in zip(known, is_shown, strict=True) if mark]
    counts = Counter(item for _, item in shown if item is not None)
    task, alone = same_item([(id, item) for id, item in asking if item is not None], shown, METRICS)
    if not task.queries:
        raise CatalogueError(
            f"in {table.name} no value of {name!r} has a photo that asks and another that is searched: name another "
            "column (--by)"
            if marked
            else f"in {table.name} no value of {name!r} has two photos: name another column (--by)"
        )
    items = [count for count in counts.values() if count > 1 or marked]
    without = sum(item is None for _, item in asking)
    boxes = _boxes(table)
    part = f"Only photos of the split {options.split}." if SPLIT in table.columns else "All photos: there is no split."
    few, many = min(items), max(items)
    notes = [
        f"Items are the values of {name}: {len(items):,} of them have {few:,} to {many:,} photos. {part}",
        f"{'' if marked else 'All '}{len(shown):,} photos are searched, but do not ask if they are the only one of "
        f"their item ({alone:,}) or of no item ({without:,}).",
    ]
    if marked:
        notes.append(f"The table marks {len(asking):,} photos that ask and {len(shown):,} that are searched.")
    if boxes:
        notes.append(f"{len(boxes):,} photos are cropped to the box of the table.")
    return Loaded(
        tasks=(task,),
        photos=CroppedPhotos({id: table.photos[id] for id, _ in (*asking, *shown)}, boxes),
        missing=table.missing,
        labels={id: item for id, item in (*asking, *shown) if item is not None},
        split="" if SPLIT in table.columns else "all",
        notes=(*notes, *table.notes),
    )


def _marks(table: Table, name: str, rows: Sequence[int]) -> list[bool]:
    """Return which rows a column marks; all where there is no such column.

    Raises:
        CatalogueError: a cell that is neither yes nor no.
    """
    column = table.columns.get(name)
    if column is None:
        return [True] * len(rows)
    marks = {"true": True, "1": True, "1.0": True, "yes": True, "false": False, "0": False, "0.0": False, "no": False}
    found = []
    for row in rows:
        cell = str(column[row] if column[row] is not None else False).strip().lower()
        if cell not in marks:
            raise CatalogueError(f"{table.name}: {name} of {table.ids[row]!r} is {cell!r}: write True or False")
        found.append(marks[cell])
    return found


def _boxes(table: Table) -> dict[str, Box]:
    """Return id to the part of the photo that is meant, of the rows that say one.

    Raises:
        CatalogueError: a box that is none.
    """
    if any(name not in table.columns for name in _BOX):
        return {}
    boxes = {}
    for row, id in enumerate(table.ids):
        corners = [table.columns[name][row] for name in _BOX]
        if None in corners:
            continue
        try:
            left, top, right, bottom = (float(str(corner)) for corner in corners)
            boxes[id] = Box(left, top, right - left, bottom - top)
        except (ValueError, QueryError) as error:
            raise CatalogueError(f"{table.name}: the box {corners} of {id!r} ({', '.join(_BOX)}): {error}") from error
    return boxes


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
