"""A classifier's figures, by the machinery that measures everything else: classes are ranked for each photo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...evaluate.outcome import Evaluation
from ...evaluate.run import evaluate
from ...evaluate.system import Embedded, System
from ...evaluate.task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ...evaluate.truth import Listed
from ...progress import Progress
from ...store.schema import LOOK
from ..labelled import LabelledPhotos

__all__ = ["measure"]


def measure(
    data: LabelledPhotos,
    split: str,
    probabilities: NDArray[np.float32],
    model: Mapping[str, str | float],
    progress: Progress,
) -> Evaluation:
    """Accuracy over a split and of each of its classes, with bootstrap intervals over photos.

    Args:
        data: the photos.
        split: the one that was predicted.
        probabilities: float32 (photos of the split, classes).
        model: what predicted them; it stands in the result.
        progress: notified of every photo.
    """
    examples = data.splits[split]
    classes = tuple(f"class:{name}" for name in data.classes)  # apart from photos' ids, which may be alike
    labels = np.array([example.label for example in examples])
    there = [number for number in range(len(classes)) if (labels == number).any()]
    task = Task(
        queries=tuple(EvaluationQuery(example.id, example.id) for example in examples),
        gallery=classes,
        truth=Listed(len(classes), tuple({example.label: 1} for example in examples)),
        metrics=("accuracy",),
        parts={data.classes[number]: np.flatnonzero(labels == number) for number in there},
    )
    photos = {example.id: example.photo for example in examples}

    def load(_: Options) -> Loaded:
        return Loaded((task,), photos, labels={e.id: data.classes[e.label] for e in examples}, notes=data.notes)

    def embed(*_: object) -> Embedded:
        """A photo's vector are its probabilities, a class's a one in its place: their product is its probability."""
        rows = {name: row for row, name in enumerate([*photos, *classes])}
        made = np.concatenate([probabilities, np.eye(len(classes), dtype=np.float32)])
        return Embedded({LOOK: made}, rows)

    benchmark = Benchmark(
        name="classifier",
        about="a photo's class by the network's last layer",
        needs="photos with classes",
        size=f"{len(examples):,} photos",
        query_type="photo",
        protocols=("held-out",),
        load=load,
    )
    system = System(model, "cosine", embed, None)
    return evaluate(benchmark, Options(Path(), split, "held-out"), system, progress)
