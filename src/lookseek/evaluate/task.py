"""What a benchmark asks, of what gallery, and which answers are right.

    Benchmark ──load(data, split, protocol)──> Loaded: photos, and one Task or more
    Task: questions ──ranked over──> gallery, judged by ──> truth

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
    "Lesson",
    "Loaded",
    "Options",
    "QueryType",
    "Question",
    "Task",
]

QueryType: TypeAlias = Literal["photo", "words", "change"]
"""What a question is made of: a photo, words, or a photo and a change in words."""


@dataclass(frozen=True, slots=True)
class Question:
    """One query.

    Args:
        id: unique in its task.
        photo: id of the photo that is asked with, or that ``text`` changes; "" where words alone ask.
        text: the words, or the change; "" where a photo alone asks.
        plus: words for what must be there beside, of a question of words; "" for none.
        minus: words for what must not be there; "" for none.
        made_of: id of the photo that ``photo`` was made of, where several questions are made of one; else "".
    """

    id: str
    photo: str = ""
    text: str = ""
    plus: str = ""
    minus: str = ""
    made_of: str = ""

    @property
    def key(self) -> str:
        """What the vector of this question is known by, the same in every task and protocol."""
        if not self.text:
            return self.photo
        return f"change:{self.photo}:{self.text}" if self.photo else f"words:{self.said}"

    @property
    def said(self) -> str:
        """All its words: "dress + long sleeves - flowers"."""
        plus, minus = (f" {sign} {words}" if words else "" for sign, words in (("+", self.plus), ("-", self.minus)))
        return f"{self.text}{plus}{minus}"

    @property
    def unit(self) -> str:
        """What chance dealt out: questions on one photo stand and fall together, so they are resampled together."""
        return self.made_of or self.photo or self.id


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Questions to one gallery, and which answers are right.

    Args:
        questions: at least one, with ids of their own.
        gallery: ids of photos, each once.
        truth: which of the gallery are right for each question.
        metrics: names, as ``metrics.measure`` reads them: ``recall@10``, ``map``, ``accuracy`` ...
        name: "" for what the benchmark is about; else its figures stand behind a slash, ``recall@10/NAME``.
        stratum: tasks of one name that have the same metric are averaged over their strata, each counting alike
            however many questions it has, as FashionIQ's mean over categories does; each stratum's own figure stands
            behind a slash. "" where there is but one.
        parts: figures of some questions alone, behind a slash: part to the rows of its questions.
        answers_none: whether questions without any right item are asked too; else what nothing can answer is not asked
            once photos are missing.
        classes: which classes each photo of the gallery is known to have, bool (gallery, classes): then not the photos
            but the classes are ranked, by the votes of the nearest photos, and the truth's gallery are the classes.
            A photo never votes on the question that it is. None: the photos are ranked.
        class_names: of the classes, in the order of their columns.

    Raises:
        CatalogueError: a question's id or a photo of the gallery is there twice.
    """

    questions: tuple[Question, ...]
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
        for what, ids in (("photo", self.gallery), ("question", tuple(question.id for question in self.questions))):
            if len(set(ids)) < len(ids):
                twice = next(id for id, count in Counter(ids).items() if count > 1)
                raise CatalogueError(
                    f"the {what} {twice!r} is there twice: each needs an id of its own, remove one row"
                )

    def without(self, gone: set[str]) -> Task:
        """The same task without the photos that could not be had, and the questions that need them."""
        asked = np.array([i for i, q in enumerate(self.questions) if q.photo not in gone], np.intp)
        shown = np.array([i for i, photo in enumerate(self.gallery) if photo not in gone], np.intp)
        return self.only(asked, shown)

    def only(self, asked: NDArray[np.intp], shown: NDArray[np.intp]) -> Task:
        """The same task with some of its questions and some of its gallery, given by their rows in order."""
        if len(asked) == len(self.questions) and len(shown) == len(self.gallery):
            return self
        place = {int(row): new for new, row in enumerate(asked)}
        parts = {
            part: np.array([place[int(row)] for row in rows if int(row) in place], np.intp)
            for part, rows in self.parts.items()
        }
        return replace(
            self,
            questions=tuple(self.questions[i] for i in asked),
            gallery=tuple(self.gallery[i] for i in shown),
            truth=self.truth.keep(asked, shown if self.classes is None else np.arange(self.classes.shape[1])),
            classes=None if self.classes is None else self.classes[shown],
            parts={part: rows for part, rows in parts.items() if len(rows)},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A benchmark read from its folder: nothing is decoded or encoded yet.

    Args:
        tasks: at least one; those named "" are what the benchmark is about.
        photos: id to photo of all that the tasks name; may draw or read a photo only when it is asked for.
        texts: id to words that stand for a photo: of a proxy, whose photos can't be had.
        missing: ids of photos that the benchmark names and the folder lacks; they are in no task.
        labels: id to a word or two for pictures of results, e.g. the class.
        notes: what a reader of the figures must know, a sentence each.
        split: the part that asked, where it is not the one that was asked for, e.g. "all" of a table without splits.
    """

    tasks: tuple[Task, ...]
    photos: Mapping[str, Photo]
    texts: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    split: str = ""

    def photo_ids(self) -> list[str]:
        """All photos that the tasks name, each once."""
        named = (id for task in self.tasks for id in (*task.gallery, *(q.photo for q in task.questions)))
        return [id for id in dict.fromkeys(named) if id]

    def questions(self) -> list[Question]:
        """All questions, one of each key: what a system has to encode beside the photos."""
        return list({question.key: question for task in self.tasks for question in task.questions}.values())


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Photos of a split that does not ask, for what must be learnt before a task can be answered, e.g. a router.

    Args:
        photos: id to photo.
        labels: name of a task to the label, as that task judges, of each photo that could stand in its gallery.
    """

    photos: Mapping[str, Photo]
    labels: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Options:
    """What a benchmark is loaded with.

    Args:
        data: the benchmark's folder or table.
        split: the part that asks.
        protocol: one of the benchmark's.
        by: a column of a table, for the benchmarks that take any table; "" for the usual one.
        seed: for what is drawn by chance.
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
        name: as the command line knows it.
        about: one line: what is asked, what is right.
        needs: one line: the files in its folder.
        size: one line: questions and gallery, on the split that is the default.
        query_type: what its questions are made of.
        protocols: what they are called, the default first.
        load: reads it.
        split: the default.
        drawn: it draws its photos and needs no data.
        by: it takes any table, and the columns that are meant.
        lesson: reads a named split to learn from, for the tasks of the split that asks; None where there is nothing
            to learn from, so no router either.
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
    lesson: Callable[[Options, str], Lesson] | None = None
