"""A split that asks, read once and asked many times: the questions of a benchmark of ``evaluate/``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...evaluate.outcome import Evaluation
from ...evaluate.run import evaluate
from ...evaluate.system import Embedded, System
from ...evaluate.task import Benchmark, Loaded, Options, Question
from ...progress import Progress
from ...store.schema import LOOK
from ...types import Vectors
from ...vectors import unit
from .towers import Known

__all__ = ["Compose", "Exam", "Reference"]

Compose = Callable[[Vectors, Vectors], Vectors]
"""Photos and texts as the towers give them, float32 (n, dim) each, to composed vectors (n, dim)."""

Reference = Callable[[Question], tuple[str, str]]
"""The id of the photo that a question changes, and the change."""


@dataclass(frozen=True, slots=True, eq=False)
class Exam:
    """One split of one benchmark.

    Args:
        benchmark: what asks.
        options: split and protocol.
        loaded: what it read.
        captions: id to the text that stands for a photo; empty where there are photos.
        asked: a question's photo and change.
        judged: metrics whose mean is its figure, which chooses the best epoch.
    """

    benchmark: Benchmark
    options: Options
    loaded: Loaded
    captions: Mapping[str, str]
    asked: Reference
    judged: tuple[str, ...]

    def without(self, gone: Collection[str]) -> Exam:
        """The same, where some photos can't be had; the figures will name them as missing."""
        if not any(id in self.loaded.photos for id in gone):
            return self
        photos = {id: photo for id, photo in self.loaded.photos.items() if id not in gone}
        return replace(self, loaded=replace(self.loaded, photos=photos))

    def ids(self) -> list[str]:
        """All photos that it names, each once."""
        asked = [self.asked(question)[0] for question in self.loaded.questions()]
        return list(dict.fromkeys([*self.loaded.photo_ids(), *asked]))

    def changes(self) -> list[str]:
        """All changes that it asks for, each once."""
        return list(dict.fromkeys(self.asked(question)[1] for question in self.loaded.questions()))

    def take(self, known: Known, compose: Compose, info: Mapping[str, str | float], progress: Progress) -> Evaluation:
        """Measure a way to compose.

        Args:
            known: features of ``ids()``, as far as they can be had, and of ``changes()``.
            compose: makes the questions' vectors.
            info: what stands as the model in the result.
            progress: told how it goes.
        """

        def embed(_: Loaded, photos: Sequence[str], questions: Sequence[Question], __: Progress) -> Embedded:
            pairs = [(question, *self.asked(question)) for question in questions]
            pairs = [(question, id, change) for question, id, change in pairs if id in known.rows]
            composed = compose(known.of([id for _, id, _ in pairs]), known.said([change for _, _, change in pairs]))
            there = [id for id in photos if id in known.rows]
            rows = {key: row for row, key in enumerate([*there, *(question.key for question, _, _ in pairs)])}
            made = unit(np.concatenate([known.of(there), composed]), inside=np.float32, zeros="keep")
            return Embedded({LOOK: made}, rows)

        benchmark = replace(self.benchmark, load=lambda _: self.loaded)
        return evaluate(benchmark, self.options, System(info, "cosine", embed, None), progress)

    def judging(self) -> Exam:
        """The same, asking for the judged metrics alone, which takes less long."""
        tasks = tuple(
            replace(task, metrics=metrics, parts={})
            for task in self.loaded.tasks
            if (metrics := tuple(m for m in task.metrics if (f"{m}/{task.name}" if task.name else m) in self.judged))
        )
        return replace(self, loaded=replace(self.loaded, tasks=tasks))
