"""The values that flow through lookseek. Read this first: it is the architecture.

    catalogue ──Item──> encode ──vectors──> store          (``lookseek index``)
    Query ──vectors──> store ──Hit──> Results              (``lookseek search``)

An ``Item`` is what a catalogue gives; a ``Point`` is an item once encoded, as a store keeps it;
a ``Query`` is what a person asks; ``Results`` are the answer. All are frozen and checked once,
where they are made, so that nothing behind them checks again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import QueryError

__all__ = [
    "Attributes",
    "Box",
    "Encoding",
    "Hit",
    "Item",
    "Metric",
    "Photo",
    "Pixels",
    "Point",
    "Query",
    "Results",
    "RouteKind",
    "RouteMode",
    "Routed",
    "Skipped",
    "StoreKind",
    "Value",
    "Vector",
    "Vectors",
]

Vector: TypeAlias = NDArray[np.float32]
"""One embedding, float32 (dim,), C order."""

Vectors: TypeAlias = NDArray[np.float32]
"""Embeddings, float32 (n, dim), C order: pooled features as the tower gives them, not normalised."""

Pixels: TypeAlias = NDArray[np.uint8]
"""A decoded picture, uint8 (height, width, 3), sRGB, upright, on white."""

Photo: TypeAlias = Path | bytes
"""A picture not yet decoded: a file, or the bytes of one."""

Value: TypeAlias = str | int | float | bool
"""What an attribute can hold. A missing value is no attribute, never None."""

Attributes: TypeAlias = Mapping[str, Value]

Metric: TypeAlias = Literal["cosine", "euclidean"]

RouteKind: TypeAlias = Literal["svm", "kmeans"]
"""What gives items their routing keys: a classifier of labels, or cells of near vectors."""

RouteMode: TypeAlias = Literal["soft", "hard"]
"""Whether a routed query searches as many keys as its router needs to be sure, or the likeliest one alone."""

StoreKind: TypeAlias = Literal["edge", "numpy"]
"""Which store keeps an index: the embedded engine, or plain numpy files."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a picture, in pixels of the upright picture.

    Args:
        x: left edge, >= 0.
        y: top edge, >= 0.
        width: > 0.
        height: > 0.

    Raises:
        QueryError: a number outside its range.
    """

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        numbers = (self.x, self.y, self.width, self.height)
        if not all(math.isfinite(n) for n in numbers) or min(self.x, self.y) < 0:
            raise QueryError(f"box {numbers} needs finite numbers and x, y >= 0: give x,y,width,height in pixels")
        if min(self.width, self.height) <= 0:
            raise QueryError(f"box {numbers} is empty: width and height must be above 0 pixels")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A photo that was encoded before: an item that brings one needs no photo.

    Args:
        look: the model's embedding, float32 (dim,), as the model gave it or of length 1; the catalogue says which.
        colour: the colour encoder's, float32 (dim,); None where nobody made one.
        hash: the item's ``Point.hash``.
        fingerprint: the item's ``Point.fingerprint``.
    """

    look: Vector
    colour: Vector | None
    hash: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a catalogue, as its source gives it.

    Args:
        id: any non-empty string, unique in its catalogue.
        image: the photo, not decoded; None for an item of words alone.
        text: a title or description.
        attributes: everything else that the source says of it.
        source: where the photo can be had again, as ``lookseek.catalogue.open_photo`` reads it: a file's path, or
            "table.parquet#17" for a photo inside a table; "" where it can't be had.
        encoding: what the photo was encoded to before, where the source holds vectors instead of photos.
    """

    id: str
    image: Photo | None
    text: str = ""
    attributes: Attributes = field(default_factory=dict)
    source: str = ""
    encoding: Encoding | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Skipped:
    """One thing of a source that could not become an item, or of a catalogue that could not be encoded.

    Args:
        where: the item's id, or the row or file that had none.
        kind: a short plural-free noun to count by: "missing file", "duplicate id", "broken photo" ...
        reason: one line: what happened, the value, the limit, what to do.
    """

    where: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Point:
    """One item as a store keeps it.

    Args:
        id: the item's id.
        vectors: name to embedding, float32 (dim,). Empty where a reader asked for none.
        attributes: what filters see.
        hash: hex of the content that was encoded: the same hash needs no second encoding.
        source: the item's.
        fingerprint: of the picture, as ``images.fingerprint`` gives it; "" if none.
    """

    id: str
    vectors: Mapping[str, Vector]
    attributes: Attributes = field(default_factory=dict)
    hash: str = ""
    source: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What a person asks.

    Args:
        image: a photo to look like.
        box: the part of the photo that is meant; None for all of it.
        filter: an expression as ``lookseek.store.filter`` reads it, e.g. ``"price < 50"``; "" for all.
        k: how many hits at the most, 1 to 100,000.
        metric: how photos are compared.
        exact: True compares with every item even where the index has a graph.
        colour_weight: share of the colour vector in the score, 0 to 1; None for the index's default.
        hide_duplicates: True shows one of several near-identical photos.
        route: the router whose keys are searched; "none" for all items.
        route_mode: "soft" searches keys until the router is as sure as validation asked for, "hard" the likeliest one.

    Raises:
        QueryError: a number outside its range.
    """

    image: Photo | None = None
    box: Box | None = None
    filter: str = ""
    k: int = 10
    metric: Metric = "cosine"
    exact: bool = False
    colour_weight: float | None = None
    hide_duplicates: bool = False
    route: Literal["none"] | RouteKind = "none"
    route_mode: RouteMode = "soft"

    def __post_init__(self) -> None:
        if not 1 <= self.k <= 100_000:
            raise QueryError(f"k is {self.k}: ask for 1 to 100,000 results")
        if self.metric not in ("cosine", "euclidean"):
            raise QueryError(f"metric {self.metric!r} is unknown: use cosine or euclidean")
        if self.colour_weight is not None and not 0 <= self.colour_weight <= 1:
            raise QueryError(f"colour weight is {self.colour_weight}: give a share from 0 to 1")
        if self.route not in ("none", "svm", "kmeans"):
            raise QueryError(f"route {self.route!r} is unknown: use none, svm or kmeans")
        if self.route_mode not in ("soft", "hard"):
            raise QueryError(f"route mode {self.route_mode!r} is unknown: use soft or hard")


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer.

    Args:
        id: the item's id.
        score: higher is better. Cosine: -1 to 1; Euclidean: minus the distance.
        rank: 1 for the best.
        attributes: the item's.
        shares: what each vector gave to the score; they sum to it.
        source: where the item's photo can be had, "" where it can't.
    """

    id: str
    score: float
    rank: int
    attributes: Attributes
    shares: Mapping[str, float]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Routed:
    """Which part of an index a router let a query search.

    Args:
        keys: that were searched, the most probable first.
        visited: how many items have these keys.
        items: how many the index holds.
    """

    keys: tuple[str, ...]
    visited: int
    items: int


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to one query: unique hits, best first.

    Args:
        query: the question.
        hits: by descending score, equal scores by ascending id; ranks 1, 2, 3 ...
        took_ms: from the query to the last hit, milliseconds.
        index: the index's folder.
        routed: what was searched; None where all of it was.

    Raises:
        ValueError: hits out of order, repeated or wrongly ranked: a bug of ours, not of the user.
    """

    query: Query
    hits: tuple[Hit, ...]
    took_ms: float
    index: str
    routed: Routed | None = None

    def __post_init__(self) -> None:
        if len({hit.id for hit in self.hits}) != len(self.hits):
            raise ValueError("results hold an id twice")
        if any(a.score < b.score for a, b in zip(self.hits, self.hits[1:], strict=False)):
            raise ValueError("results are not in descending order of score")
        if [hit.rank for hit in self.hits] != list(range(1, len(self.hits) + 1)):
            raise ValueError("results are not ranked 1, 2, 3 ...")
