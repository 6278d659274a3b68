"""Whether a search says rightly that something close is there, as ``search/relevance.py`` decides it for an index.

The gallery becomes an index of its own in a temporary folder and is measured as an index is. Then each query's first
hits are counted that stand out: a query with right items in the gallery wants one or more, a query without none.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import images
from ..encode import Model
from ..errors import QueryError
from ..query import Query
from ..search.relevance import Relevance, measure_relevance
from ..store.registry import create_store
from ..store.schema import LOOK, VectorSpec
from ..types import Photo, Point, Vectors
from .task import Task
from .truth import BARRED

__all__ = ["DECIDED", "decided", "depth_of", "relevance_of"]

DECIDED = "decided@"
"""Metric: 1 where the search says rightly whether something close is among its first k, else 0."""


def depth_of(metric: str) -> int:
    """Return how many hits a metric counts.

    >>> depth_of("decided@10")
    10
    """
    return int(metric.removeprefix(DECIDED))


def relevance_of(gallery: Sequence[str], shown: Vectors, model: Model | None) -> Relevance:
    """Measure a gallery as an index is measured.

    Args:
        gallery: ids.
        shown: their vectors, float32 (gallery, dim).
        model: whose they are.

    Raises:
        QueryError: the vectors are of no model, or the gallery is too small.
    """
    if model is None:
        raise QueryError(
            f"{DECIDED}k wants a model that an index can be measured with: give --model a model, not vectors or colour"
        )
    with tempfile.TemporaryDirectory(prefix="lookseek-closeness-") as folder:
        store = create_store("numpy", Path(folder) / "index", {LOOK: VectorSpec(shown.shape[1], "cosine")})
        store.add([Point(id, {LOOK: vector}) for id, vector in zip(gallery, shown, strict=True)])
        relevance = measure_relevance(store, model)
        store.close()
    if relevance is None:
        raise QueryError(f"a gallery of {len(gallery)} is too small to say what is close in it: add photos")
    return relevance


def decided(
    task: Task, photos: Mapping[str, Photo], asked: Vectors, shown: Vectors, relevance: Relevance, depth: int
) -> NDArray[np.float64]:
    """Return 1 for each query that is decided rightly, else 0, float64 (queries,).

    Args:
        task: its queries, gallery and truth.
        photos: id to photo.
        asked: vectors of the queries, float32 (queries, dim), of length 1.
        shown: vectors of the gallery, float32 (gallery, dim), of length 1.
        relevance: measured of the gallery.
        depth: how many hits are counted.
    """
    values = np.zeros(len(task.queries))
    for row, query in enumerate(task.queries):
        (grades,) = task.truth.grades(slice(row, row + 1))
        cosines = np.sort((shown @ asked[row])[grades != BARRED])[::-1]
        search = Query(image=Path(query.photo)) if query.photo else Query(text=query.text)
        blank = bool(query.photo) and images.is_blank(images.decode(photos[query.photo]))
        said = not blank and bool(
            relevance.relevant_count(search, asked[row], cosines[:depth].tolist(), cosines.tolist())
        )
        values[row] = said == bool((grades > 0).any())
    return values
