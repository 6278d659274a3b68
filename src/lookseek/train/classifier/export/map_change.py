"""What 8 bits cost: the change of mAP@10, paired over queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from ....encode import encode_photos
from ....encode.encoder import Prepared
from ....encode.prepare import Preprocessing, min_side, prepare
from ....errors import ItemError
from ....evaluate.bootstrap import intervals, paired
from ....evaluate.metrics import Ranked, measure
from ....evaluate.rank import by_id, ordered
from ....evaluate.result import Figure
from ....progress import Progress
from ....types import Skipped, Vectors
from ....vectors import unit
from ...export.parity import open_graph, run_graph
from ...labelled import Example

__all__ = ["MapChange", "measure_map_change"]

METRIC, DEPTH = "map@10", 10

MAX_QUERIES, MAX_GALLERY = 1_000, 5_000
"""Photos of val that are queries and photos of train that are the gallery, at most: some minutes on two cores."""


@dataclass(frozen=True, slots=True)
class MapChange:
    """mAP@10 of two graphs on the same queries: which photos of the same class are near?

    Args:
        before, after: of the graph stored as fp16, and of the one in 8 bits, with 95 % intervals.
        difference: after - before, with its interval, paired over queries.
        p: that such a difference is chance.
        queries, gallery: how many photos of val, and of train.
        seed: of the bootstrap, and of the sample where there are more photos than that.
    """

    before: Figure
    after: Figure
    difference: Figure
    p: float
    queries: int
    gallery: int
    seed: int


def measure_map_change(
    graphs: tuple[onnx.ModelProto, onnx.ModelProto],
    how: Preprocessing,
    queries: Sequence[Example],
    gallery: Sequence[Example],
    seed: int,
    progress: Progress,
) -> MapChange | None:
    """Measure both graphs in ONNX Runtime; a photo of the query's class is relevant.

    Args:
        graphs: before and after, of one input.
        how: their settings.
        queries: photos of val, in an order of chance; the first ``MAX_QUERIES`` are taken.
        gallery: photos of train; the first ``MAX_GALLERY`` are taken.
        seed: of the bootstrap.
        progress: notified of every photo.

    Returns:
        The change; None where no query or no gallery is left.
    """
    queries, gallery = queries[:MAX_QUERIES], gallery[:MAX_GALLERY]
    if not queries:
        return None
    towers = [_Encoder(name, graph, how) for name, graph in zip(("before", "after"), graphs, strict=True)]
    progress.phase("comparing 8 bits with fp16", len(queries) + len(gallery))
    queries, asked = _encode(queries, towers, progress)
    gallery, found = _encode(gallery, towers, progress)
    if not queries or not gallery:
        return None
    values = [_values(queries, asked[t.name], gallery, found[t.name]) for t in towers]
    figures = [Figure(*map(float, intervals([each], seed=seed)[0])) for each in values]
    value, low, high, p = map(float, paired([values[0]], [values[1]], seed=seed)[0])
    return MapChange(figures[0], figures[1], Figure(value, low, high), p, len(queries), len(gallery), seed)


class _Encoder:
    """A graph behind the Encoder protocol, without a folder."""

    def __init__(self, name: str, graph: onnx.ModelProto, how: Preprocessing) -> None:
        self.name = name
        self._how = how
        self._session = open_graph(graph)
        self.dim = self._session.outputs[0].shape[1] or 0
        self.min_side = min_side(how)

    def prepare(self, pixels: NDArray[np.uint8]) -> Prepared:
        return prepare(pixels, self._how)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        return run_graph(self._session, np.stack(batch))


def _encode(
    examples: Sequence[Example], towers: Sequence[_Encoder], progress: Progress
) -> tuple[list[Example], dict[str, Vectors]]:
    """Return the readable examples, and their unit vectors by tower."""
    kept, rows = [], []
    for example, vectors, _ in encode_photos(((e, e.photo) for e in examples), towers):
        progress.advance(1)
        if isinstance(vectors, ItemError):
            progress.skipped(Skipped(example.id, "unusable photo", str(vectors)))
        else:
            kept.append(example)
            rows.append(vectors)
    if not rows:
        return [], {}
    whole = {tower.name: np.stack([row[tower.name] for row in rows]) for tower in towers}
    return kept, {name: unit(rows, inside=np.float32, zeros="keep") for name, rows in whole.items()}


def _values(
    queries: Sequence[Example], asked: Vectors, gallery: Sequence[Example], found: Vectors
) -> NDArray[np.float64]:
    """mAP@10 of each query, float64 (queries, 1)."""
    right = np.array([e.label for e in queries])[:, None] == np.array([e.label for e in gallery])[None]
    depth = min(DEPTH, len(gallery))
    order = ordered(asked @ found.T, np.zeros_like(right), by_id([e.id for e in gallery]), depth)
    ranked = Ranked(
        np.take_along_axis(right, order, axis=1).astype(np.int8),
        right.sum(axis=1, keepdims=True).astype(np.int64),
        np.full(len(queries), len(gallery), np.int64),
    )
    return measure([METRIC], ranked)[METRIC][:, None]
