"""``attributes``: what a photo shows, by the votes of its nearest neighbours, on any table or DeepFashion's attributes.

Every column of 2 to 200 values is an attribute, whose values are ranked for each photo that has one. DeepFashion counts
"top-k recall": rank the values and "determine how many attributes have been matched in the top-k list" (Liu et al.,
CVPR 2016, section 2.3, as quoted by github.com/zukakosan/tripletnet). Of a photo with one true value that is recall@k,
1 or 0; with several it is fraction@k, the share of them among the first k. So every column has recall@3 and recall@5,
the names that all single-valued tables share, and where any column has photos with several values all have fraction@3
and fraction@5 as well, which then are DeepFashion's count. It is averaged over photos; mmfashion's
``attr_predict_eval.py`` counts otherwise: recall of each attribute over photos, averaged over the 50 best attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...catalogue.deepfashion import is_category_folder, photo_folder, read_attributes, read_splits
from ...errors import CatalogueError
from ...types import Photo
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed, SameLabel, Truth
from .anytable import SPLIT, read_table
from .columns import chosen, words

__all__ = ["BENCHMARK", "by_votes"]

CUTS = (3, 5)
"""Source: Liu et al., DeepFashion, CVPR 2016, table 2, prints top-3 and top-5."""

ALL = "all"
"""The task in which all attributes of DeepFashion are ranked in one list."""


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What is known of each photo.

    Args:
        ids: of the photos.
        splits: of each photo; () where nobody says.
        values: column to the values of each photo, () where it has none.
        photos: id to photo.
        missing: as in ``Loaded``.
        notes: as in ``Loaded``.
        beside: columns that are no stratum of the mean but stand beside it.
    """

    ids: Sequence[str]
    splits: Sequence[str]
    values: Mapping[str, Sequence[tuple[str, ...]]]
    photos: Mapping[str, Photo]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    beside: tuple[str, ...] = ()


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    known = _of_deepfashion(options) if is_category_folder(options.data) else _of_table(options)
    asked, shown, said = _sides(known, options)
    tasks, left_out = [], []
    for column, values in known.values.items():
        name, stratum = (column, "") if column in known.beside else ("", column)
        task, unanswered = by_votes(known.ids, values, asked, shown, (), name, stratum)
        if unanswered:
            left_out.append(f"{column} {unanswered:,}")
        if task is not None:
            tasks.append(task)
    if not any(task.name == "" for task in tasks):
        raise CatalogueError(f"{options.data}: no value of {', '.join(known.values)} is known of two photos to compare")
    several = any(isinstance(task.truth, Listed) for task in tasks)
    tasks = [replace(task, metrics=_metrics(len(task.class_names), several)) for task in tasks]
    notes = [
        said,
        "Bare figures are means over the columns, each counting alike; those of recall@3 and recall@5 may be of other "
        "columns, and then don't compare with each other.",
    ]
    for k in CUTS:
        few = [task.name or task.stratum for task in tasks if len(task.class_names) <= k]
        if few:
            notes.append(f"Among {k} values any order would do: no top-{k} figure of {', '.join(few)}.")
    if left_out:
        notes.append(f"Photos that do not ask, since no photo that votes has their value: {', '.join(left_out)}.")
    first = [known.values[column] for column in list(known.values)[:2]]
    used = [(row, known.ids[row]) for row in sorted({*asked, *shown})]
    return Loaded(
        tasks=tuple(tasks),
        photos={id: known.photos[id] for _, id in used},
        missing=known.missing,
        split="all" if options.protocol == "leave-one-out" else "",
        labels={id: " ".join(value[row][0] for value in first if value[row]) for row, id in used},
        notes=(*notes, *known.notes),
    )


def by_votes(
    ids: Sequence[str],
    values: Sequence[tuple[str, ...]],
    asked: Sequence[int],
    shown: Sequence[int],
    metrics: tuple[str, ...],
    name: str = "",
    stratum: str = "",
) -> tuple[Task | None, int]:
    """Return a task in which the values of an attribute are ranked by the votes of photos that have one.

    Args:
        ids: of all photos.
        values: of each photo, () for a photo that neither asks nor votes.
        asked: rows of the photos that may ask.
        shown: rows of the photos that may vote; nobody votes on itself.
        metrics: of the task.
        name: of the task.
        stratum: of the task.

    Returns:
        The task, None if nobody can ask; and how many photos with a value do not ask, because no vote for it can come.
        Of several values of one photo only those count that a vote can come for.
    """
    voters = [row for row in shown if values[row]]
    classes = sorted({value for row in voters for value in values[row]})
    place = {value: column for column, value in enumerate(classes)}
    marks = np.zeros((len(voters), len(classes)), np.bool_)
    for at, row in enumerate(voters):
        marks[at, [place[value] for value in values[row]]] = True
    support = marks.sum(axis=0)
    own = set(voters)
    right: dict[int, list[int]] = {}
    unanswered = 0
    for row in asked:
        least = 2 if row in own else 1
        found = [place[value] for value in values[row] if value in place and support[place[value]] >= least]
        if found:
            right[row] = found
        unanswered += bool(values[row]) and not found
    if not right:
        return None, unanswered
    truth: Truth
    if all(len(found) == 1 for found in right.values()):
        labels = np.array([found[0] for found in right.values()], np.int64)
        truth = SameLabel(labels, np.arange(len(classes)), np.full(len(labels), -1))
    else:
        truth = Listed(len(classes), tuple(dict.fromkeys(found, 1) for found in right.values()))
    task = Task(
        queries=tuple(EvaluationQuery(ids[row], ids[row]) for row in right),
        gallery=tuple(ids[row] for row in voters),
        truth=truth,
        metrics=metrics,
        name=name,
        stratum=stratum,
        classes=marks,
        class_names=tuple(classes),
    )
    return task, unanswered


def _metrics(classes: int, several: bool) -> tuple[str, ...]:
    forms = ("recall", "fraction") if several else ("recall",)
    return ("accuracy", *(f"{form}@{k}" for form in forms for k in CUTS if k < classes))


def _sides(known: _Known, options: Options) -> tuple[Sequence[int], Sequence[int], str]:
    """Return the rows of queries, the rows that vote, and a sentence about them."""
    everybody = range(len(known.ids))
    if options.protocol == "leave-one-out":
        return everybody, everybody, "Every photo asks, all others vote (leave-one-out); splits play no part."
    if not known.splits:
        raise CatalogueError(
            f"{options.data} has no column {SPLIT!r}, so it is not known which photos ask: "
            "give --protocol leave-one-out, or add the column"
        )
    voting = ("train",) if options.split in ("train", "val") else ("train", "val")
    asked = [row for row in everybody if known.splits[row] == options.split]
    shown = [row for row in everybody if known.splits[row] in voting]
    if not asked or not shown:
        there = ", ".join(sorted(set(known.splits) - {""}))
        lacking = f"the split {options.split!r}" if not asked else f"{' or '.join(voting)}, whose photos vote"
        raise CatalogueError(f"{options.data} has no photos of {lacking}: it has {there}")
    return asked, shown, f"Photos of {options.split} ask, those of {' and '.join(voting)} vote."


def _of_table(options: Options) -> _Known:
    table = read_table(options.data)
    columns, notes = chosen(table, options.by)
    splits = ["" if value is None else str(value) for value in table.columns.get(SPLIT, ())]
    values = {name: [words(value) for value in table.column(name)] for name in columns}
    return _Known(table.ids, splits, values, table.photos, table.missing, (*table.notes, *notes))


def _of_deepfashion(options: Options) -> _Known:
    """DeepFashion's attributes by what they speak of, and all of them in one list.

    Source: Liu et al., DeepFashion, CVPR 2016, table 2, has these columns; the one list is the count of section 2.3.
    """
    if options.by:
        raise CatalogueError("DeepFashion's attributes are measured all together: leave --by out")
    found = read_attributes(options.data)
    splits = read_splits(options.data)
    kinds = dict.fromkeys(found.kinds)
    values: dict[str, list[tuple[str, ...]]] = {kind: [] for kind in (*kinds, ALL)}
    for marks in found.marks:
        has = np.flatnonzero(marks == 1)
        for kind in kinds:
            values[kind].append(tuple(found.names[place] for place in has if found.kinds[place] == kind))
        values[ALL].append(tuple(found.names[place] for place in has))
    base = photo_folder(options.data)
    photos = {name: base / name for name in found.photos}
    notes = (
        f"/{ALL} ranks all {len(found.names):,} attributes in one list, the others those that speak of one thing.",
    )
    return _Known(
        found.photos, [splits.get(name, "") for name in found.photos], values, photos, (), notes, beside=(ALL,)
    )


BENCHMARK = Benchmark(
    name="attributes",
    about="each attribute of a photo by its neighbours' votes; top-3 and top-5 recall as DeepFashion counts",
    needs="any table with columns of 2 to 200 values, or DeepFashion's Category and Attribute Prediction benchmark",
    size="as the table; DeepFashion: 40,000 queries, gallery 249,222",
    query_type="photo",
    protocols=("split", "leave-one-out"),
    load=load,
    by=True,
)
