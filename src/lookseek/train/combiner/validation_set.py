"""A split of a benchmark of ``evaluate/``, read once and measured after every epoch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...evaluate.outcome import Evaluation
from ...evaluate.run import evaluate
from ...evaluate.system import Embedded, System
from ...evaluate.task import Benchmark, EvaluationQuery, Loaded, Options
from ...progress import Progress
from ...store.schema import LOOK
from ...types import Vectors
from ...vectors import unit
from .towers import FeatureTable

__all__ = ["Compose", "ParseQuery", "ValidationSet"]

Compose = Callable[[Vectors, Vectors, NDArray[np.float32] | None], Vectors]
"""Photos and texts as the towers give them, float32 (n, dim) each, and tokens of the photos where the features have
them, float32 (n, PLACES, numbers), to composed vectors (n, dim)."""

ParseQuery = Callable[[EvaluationQuery], tuple[str, str]]
"""A query to the id of the photo that it changes, and the change."""


@dataclass(frozen=True, slots=True, eq=False)
class ValidationSet:
    """One split of one benchmark.

    Args:
        benchmark: whose queries are asked.
        options: split and protocol.
        loaded: its queries and photos.
        captions: id to the text that stands for a photo; empty where there are photos.
        parse: takes a query apart.
        selection_metrics: metrics whose mean chooses the best epoch.
    """

    benchmark: Benchmark
    options: Options
    loaded: Loaded
    captions: Mapping[str, str]
    parse: ParseQuery
    selection_metrics: tuple[str, ...]

    def without(self, gone: Collection[str]) -> ValidationSet:
        """Return the same without some photos; the figures will name them as missing."""
        if not any(id in self.loaded.photos for id in gone):
            return self
        photos = {id: photo for id, photo in self.loaded.photos.items() if id not in gone}
        return replace(self, loaded=replace(self.loaded, photos=photos))

    def ids(self) -> list[str]:
        """Return the ids of all photos, of queries and gallery, each once."""
        return list(dict.fromkeys([*self.loaded.photo_ids(), *self.references()]))

    def references(self) -> list[str]:
        """Return the ids of the photos that changes are of, each once."""
        return list(dict.fromkeys(self.parse(query)[0] for query in self.loaded.queries()))

    def changes(self) -> list[str]:
        """Return all changes, each once."""
        return list(dict.fromkeys(self.parse(query)[1] for query in self.loaded.queries()))

    def evaluate(
        self, features: FeatureTable, compose: Compose, info: Mapping[str, str | float], progress: Progress
    ) -> Evaluation:
        """Measure a way to compose.

        Args:
            features: of ``ids()``, as far as they can be had, and of ``changes()``.
            compose: makes the queries' vectors.
            info: the model, as it stands in the result.
            progress: notified of every stage.
        """

        def embed(_: Loaded, photos: Sequence[str], queries: Sequence[EvaluationQuery], __: Progress) -> Embedded:
            pairs = [(query, *self.parse(query)) for query in queries]
            pairs = [(query, id, change) for query, id, change in pairs if id in features.rows]
            references = [id for _, id, _ in pairs]
            composed = compose(
                features.photo_features(references),
                features.text_features([change for _, _, change in pairs]),
                features.reference_tokens(references),
            )
            there = [id for id in photos if id in features.rows]
            rows = {key: row for row, key in enumerate([*there, *(query.key for query, _, _ in pairs)])}
            made = unit(np.concatenate([features.photo_features(there), composed]), inside=np.float32, zeros="keep")
            return Embedded({LOOK: made}, rows)

        benchmark = replace(self.benchmark, load=lambda _: self.loaded)
        return evaluate(benchmark, self.options, System(info, "cosine", embed, None), progress)

    def for_selection(self) -> ValidationSet:
        """Return the same with the selection metrics alone, which take less time."""
        tasks = tuple(
            replace(task, metrics=metrics, parts={})
            for task in self.loaded.tasks
            if (
                metrics := tuple(
                    m for m in task.metrics if (f"{m}/{task.name}" if task.name else m) in self.selection_metrics
                )
            )
        )
        return replace(self, loaded=replace(self.loaded, tasks=tasks))
