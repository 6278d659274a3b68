"""An embedding's figures on test, by the machinery that measures everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...evaluate.benchmarks.instance import same_item
from ...evaluate.outcome import Evaluation
from ...evaluate.run import evaluate
from ...evaluate.system import Embedded, System
from ...evaluate.task import Benchmark, Loaded, Options
from ...progress import Progress
from ...store.schema import LOOK
from ...types import Photo
from .item_photo import ItemPhoto

__all__ = ["measure"]

METRICS = ("recall@1", "recall@10", "map", "r-precision")


def measure(
    shown: Sequence[ItemPhoto],
    photos: Mapping[str, Photo],
    vectors: NDArray[np.float32],
    model: Mapping[str, str | float],
    notes: tuple[str, ...],
    progress: Progress,
) -> Evaluation | None:
    """Let each photo of test find the others of its item, with bootstrap intervals over photos.

    Args:
        shown: the photos of test.
        photos: id to photo.
        vectors: float32 (n, dim), of length 1, in the same order.
        model: what made them; it stands in the result.
        notes: what a reader must know.
        progress: notified of every photo.

    Returns:
        The figures; None where no two photos of test are of one item.
    """
    pairs = [(photo.id, photo.item) for photo in shown if photo.item]
    task, _ = same_item(pairs, [(photo.id, photo.item or None) for photo in shown], METRICS)
    if not task.queries:
        return None
    rows = {photo.id: row for row, photo in enumerate(shown)}

    def load(_: Options) -> Loaded:
        return Loaded((task,), {id: photos[id] for id in rows}, labels=dict(pairs), notes=notes)

    def embed(*_: object) -> Embedded:
        return Embedded({LOOK: vectors}, rows)

    benchmark = Benchmark(
        name="metric",
        about="a photo finds the other photos of its item",
        needs="photos with items",
        size=f"{len(shown):,} photos",
        query_type="photo",
        protocols=("leave-one-out",),
        load=load,
    )
    return evaluate(benchmark, Options(Path(), "test", "leave-one-out"), System(model, "cosine", embed, None), progress)
