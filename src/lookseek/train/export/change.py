"""What 8 bits cost: the change of mAP@10, paired over questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from ...encode import encode_photos
from ...encode.encoder import Prepared
from ...encode.prepare import Preprocessing, min_side, prepare
from ...errors import ItemError
from ...evaluate.bootstrap import intervals, paired
from ...evaluate.metrics import Ranked, measure
from ...evaluate.rank import by_id, ordered
from ...evaluate.result import Figure
from ...progress import Progress
from ...types import Skipped, Vectors
from ...vectors import unit
from ..labelled import Example
from .parity import opened, through

__all__ = ["Change", "change"]

METRIC, DEPTH = "map@10", 10

MOST_ASKED, MOST_SHOWN = 1_000, 5_000
"""Photos of val that ask and of train that are searched, at the most: some minutes on two cores."""


@dataclass(frozen=True, slots=True)
class Change:
    """mAP@10 of two graphs on the same questions: which photos of the same class are near?

    Args:
        before, after: of the graph stored as fp16, and of the one in 8 bits, with 95 % intervals.
        difference: after - before, with its interval, paired over questions.
        p: that such a difference is chance.
        asked, shown: photos of val that ask, photos of train that are searched.
        seed: of the bootstrap, and of the sample where there are more photos than that.
    """

    before: Figure
    after: Figure
    difference: Figure
    p: float
    asked: int
    shown: int
    seed: int


def change(
    graphs: tuple[onnx.ModelProto, onnx.ModelProto],
    how: Preprocessing,
    asks: Sequence[Example],
    gallery: Sequence[Example],
    seed: int,
    progress: Progress,
) -> Change | None:
    """Measures both graphs in ONNX Runtime; a photo of the question's class is right.

    Args:
        graphs: before and after, of one input.
        how: their settings.
        asks: photos that ask, in an order of chance; the first ``MOST_ASKED`` are taken.
        gallery: photos that are searched; the first ``MOST_SHOWN`` are taken.
        seed: of the bootstrap.
        progress: told of every photo.

    Returns:
        The change; None where no photo is left that could ask or be found.
    """
    asks, gallery = asks[:MOST_ASKED], gallery[:MOST_SHOWN]
    if not asks:
        return None
    towers = [_Encoder(name, graph, how) for name, graph in zip(("before", "after"), graphs, strict=True)]
    progress.phase("comparing 8 bits with fp16", len(asks) + len(gallery))
    questions, asked = _encoded(asks, towers, progress)
    shown, found = _encoded(gallery, towers, progress)
    if not questions or not shown:
        return None
    values = [_values(questions, asked[t.name], shown, found[t.name]) for t in towers]
    figures = [Figure(*map(float, intervals([each], seed=seed)[0])) for each in values]
    value, low, high, p = map(float, paired([values[0]], [values[1]], seed=seed)[0])
    return Change(figures[0], figures[1], Figure(value, low, high), p, len(questions), len(shown), seed)


class _Encoder:
    """A graph behind the Encoder protocol, without a folder."""

    def __init__(self, name: str, graph: onnx.ModelProto, how: Preprocessing) -> None:
        self.name = name
        self._how = how
        self._session = opened(graph)
        self.dim = self._session.outputs[0].shape[1] or 0
        self.min_side = min_side(how)

    def prepare(self, pixels: NDArray[np.uint8]) -> Prepared:
        return prepare(pixels, self._how)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        return through(self._session, np.stack(batch))


def _encoded(
    examples: Sequence[Example], towers: Sequence[_Encoder], progress: Progress
) -> tuple[list[Example], dict[str, Vectors]]:
    """Those of the examples that could be read, and their unit vectors by tower."""
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
    questions: Sequence[Example], asked: Vectors, shown: Sequence[Example], found: Vectors
) -> NDArray[np.float64]:
    """mAP@10 of each question, float64 (questions, 1)."""
    right = np.array([e.label for e in questions])[:, None] == np.array([e.label for e in shown])[None]
    depth = min(DEPTH, len(shown))
    order = ordered(asked @ found.T, np.zeros_like(right), by_id([e.id for e in shown]), depth)
    ranked = Ranked(
        np.take_along_axis(right, order, axis=1).astype(np.int8),
        right.sum(axis=1, keepdims=True).astype(np.int64),
        np.full(len(questions), len(shown), np.int64),
    )
    return measure([METRIC], ranked)[METRIC][:, None]
