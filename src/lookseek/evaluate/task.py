"""The values of a benchmark: its queries, the gallery that they search, and which answers are right.

    Benchmark ──load(data, split, protocol)──> Loaded: photos, and one Task or more
    Task: queries ──ranked over──> gallery, judged by ──> truth

A ``Task`` knows nothing of models: the same one measures any of them, so two results of one task compare.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import CatalogueError
from ..types import Photo
from .truth import Truth

__all__ = [
    "Benchmark",
    "EvaluationQuery",
    "Loaded",
    "Options",
    "QueryType",
    "Task",
]

QueryType: TypeAlias = Literal["photo", "words", "change"]
"""The input of a query: a photo, words, or a photo and a change in words."""


@dataclass(frozen=True, slots=True)
class EvaluationQuery:
    """A query of a benchmark: a photo, words, or a photo and a change in words.

    Args:
        id: unique in its task.
        photo: id of the photo that is searched with, or that ``text`` changes; "" for words alone.
        text: the words, or the change; "" for a photo alone.
        plus: of a query in words, what results must show beside; "" for none.
        minus: of a query in words, what results must not show; "" for none.
        source_photo: id of the photo that ``photo`` is a distorted copy of, where several copies are searched with;
            "" for an original.
    """

    id: str
    photo: str = ""
    text: str = ""
    plus: str = ""
    minus: str = ""
    source_photo: str = ""

    @property
    def key(self) -> str:
        """The key of this query's vector: equal for equal inputs in every task and protocol."""
        if not self.text:
            return self.photo
        return f"change:{self.photo}:{self.text}" if self.photo else f"words:{self.said}"

    @property
    def said(self) -> str:
        """Return text, plus and minus as one line: "dress + long sleeves - flowers"."""
        plus, minus = (f" {sign} {words}" if words else "" for sign, words in (("+", self.plus), ("-", self.minus)))
        return f"{self.text}{plus}{minus}"

    @property
    def unit(self) -> str:
        """The unit of the bootstrap: queries of one photo depend on each other, so they are resampled together."""
        return self.source_photo or self.photo or self.id


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The queries to one gallery, and which answers are right.

    Args:
        queries: at least one, with ids of their own.
        gallery: ids of photos, each once.
        truth: which of the gallery are right for each query.
        metrics: names, as ``metrics.measure`` reads them: ``recall@10``, ``map``, ``accuracy`` ...
        name: "" for the headline of the benchmark; the figures of other tasks are named ``recall@10/NAME``.
        stratum: a metric of the tasks of one name is the mean over their strata, each with the same weight whatever
            its number of queries, as FashionIQ's mean over categories; the figure of a stratum is named
            ``recall@10/STRATUM``. "" for a task that is the only one of its name.
        parts: part to the rows of its queries, for further figures named ``recall@10/PART``.
        answers_none: True keeps queries that have no right item; False drops those that lose all their right items
            because photos are missing.
        classes: the classes of each photo of the gallery, bool (gallery, classes). The classes are ranked then, by
            the votes of the nearest photos, and ``truth`` grades classes in place of photos. A photo does not vote on
            the query that it is. None: the photos are ranked.
        class_names: of the classes, in the order of their columns.

    Raises:
        CatalogueError: a query's id or a photo of the gallery is there twice.
    """

    queries: tuple[EvaluationQuery, ...]
    gallery: tuple[str, ...]
    truth: Truth
    metrics: tuple[str, ...]
    name: str = ""
    stratum: str = ""
    parts: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)
    answers_none: bool = False
    classes: NDArray[np.bool_] | None = None
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, ids in (("photo", self.gallery), ("query", tuple(query.id for query in self.queries))):
            if len(set(ids)) < len(ids):
                twice = next(id for id, count in Counter(ids).items() if count > 1)
                raise CatalogueError(
                    f"the {what} {twice!r} is there twice: each needs an id of its own, remove one row"
                )

    def without(self, gone: set[str]) -> Task:
        """Return the task without some photos, and without the queries that need them."""
        asked = np.array([i for i, q in enumerate(self.queries) if q.photo not in gone], np.intp)
        shown = np.array([i for i, photo in enumerate(self.gallery) if photo not in gone], np.intp)
        return self.only(asked, shown)

    def only(self, asked: NDArray[np.intp], shown: NDArray[np.intp]) -> Task:
        """Return the task with some of its queries and some of its gallery, given by their rows in order."""
        if len(asked) == len(self.queries) and len(shown) == len(self.gallery):
            return self
        place = {int(row): new for new, row in enumerate(asked)}
        parts = {
            part: np.array([place[int(row)] for row in rows if int(row) in place], np.intp)
            for part, rows in self.parts.items()
        }
        return replace(
            self,
            queries=tuple(self.queries[i] for i in asked),
            gallery=tuple(self.gallery[i] for i in shown),
            truth=self.truth.keep(asked, shown if self.classes is None else np.arange(self.classes.shape[1])),
            classes=None if self.classes is None else self.classes[shown],
            parts={part: rows for part, rows in parts.items() if len(rows)},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A benchmark read from its folder: nothing is decoded or encoded yet.

    Args:
        tasks: at least one; those named "" are the headline of the benchmark.
        photos: id to photo of all that the tasks name; the mapping may draw or read a photo when it is looked up.
        texts: id to words in place of a photo, for a proxy benchmark whose photos are not available.
        missing: ids of photos that the benchmark names and the folder lacks; they are in no task.
        labels: id to a word or two for pictures of results, e.g. the class.
        notes: sentences that a reader of the figures needs.
        split: the split of the queries where it is not that of ``Options``, e.g. "all" of a table without splits.
    """

    tasks: tuple[Task, ...]
    photos: Mapping[str, Photo]
    texts: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    split: str = ""

    def photo_ids(self) -> list[str]:
        """Return the ids of all photos that the tasks name, each once."""
        named = (id for task in self.tasks for id in (*task.gallery, *(q.photo for q in task.queries)))
        return [id for id in dict.fromkeys(named) if id]

    def queries(self) -> list[EvaluationQuery]:
        """Return one query of each key: those that a system encodes beside the photos."""
        return list({query.key: query for task in self.tasks for query in task.queries}.values())


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Labelled photos of a split without queries, on which e.g. a router is fitted.

    Args:
        photos: id to photo.
        labels: name of a task to the label of each photo that its gallery could hold: id to the label that the task's
            truth is made of.
    """

    photos: Mapping[str, Photo]
    labels: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Options:
    """The options that a benchmark is loaded with.

    Args:
        data: the benchmark's folder or table.
        split: the split of the queries.
        protocol: one of the benchmark's.
        by: a column of a table, for the benchmarks that take any table; "" for the usual one.
        seed: of all random choices.
    """

    data: Path
    split: str
    protocol: str
    by: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark, not yet read.

    Args:
        name: as the command line takes it.
        about: one line: what a query is, which results are right.
        needs: one line: the files in its folder.
        size: one line: queries and gallery, on the split that is the default.
        query_type: the input of its queries.
        protocols: their names, the default first.
        load: reads it from its folder.
        split: the default.
        drawn: True where it draws its photos and needs no data.
        by: True where it takes any table and ``Options.by``.
        training_set: reads a named split that a router can be fitted on; None where there is none.
    """

    name: str
    about: str
    needs: str
    size: str
    query_type: QueryType
    protocols: tuple[str, ...]
    load: Callable[[Options], Loaded]
    split: str = "test"
    drawn: bool = False
    by: bool = False
    training_set: Callable[[Options, str], TrainingSet] | None = None
