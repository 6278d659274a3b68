"""The values that flow through lookseek. Read this first: it is the architecture.

    catalogue ──Item──> encode ──vectors──> store          (``lookseek index``)
    Query ──vectors──> store ──Hit──> Results              (``lookseek search``)

An ``Item`` is what a catalogue gives; a ``Point`` is an item once encoded, as a store keeps it;
a ``Query`` is what a person asks; ``Results`` are the answer. All are frozen and checked once,
where they are made, so that nothing behind them checks again. What a query may hold stands in
``query.py``, and the arrays and words that all are made of in ``kinds.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .kinds import (
    Attributes,
    Metric,
    Photo,
    Pixels,
    RouteKind,
    RouteMode,
    StoreKind,
    Value,
    Vector,
    Vectors,
)
from .query import Box, Query, Term

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
    "Term",
    "Value",
    "Vector",
    "Vectors",
]


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
class Hit:
    """One answer.

    Args:
        id: the item's id.
        score: higher is better. Cosine: -1 to 1; Euclidean: minus the distance.
        rank: 1 for the best.
        attributes: the item's.
        shares: what gave the score; they sum to it. By vector (``look``, ``colour``) for a photo, for words and for a
            photo with a change, and for examples; for a sum of parts by part: ``photo``, ``words``, ``+long sleeves``,
            ``-logo``, ``liked``, ``disliked``.
        source: where the item's photo can be had, "" where it can't.
        copies: ids of near-identical photos that it stands for, where the query hides them: those among the nearest.
    """

    id: str
    score: float
    rank: int
    attributes: Attributes
    shares: Mapping[str, float]
    source: str = ""
    copies: tuple[str, ...] = ()


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
        steps: milliseconds of its parts: ``encode`` (photos and words to vectors), ``compare`` (the rest).
        good: how many hits stand out from the rest of the index; None where nobody measured that, or can.

    Raises:
        ValueError: hits out of order, repeated or wrongly ranked: a bug of ours, not of the user.
    """

    query: Query
    hits: tuple[Hit, ...]
    took_ms: float
    index: str
    routed: Routed | None = None
    steps: Mapping[str, float] = field(default_factory=dict, compare=False)
    good: int | None = None

    def __post_init__(self) -> None:
        if len({hit.id for hit in self.hits}) != len(self.hits):
            raise ValueError("results hold an id twice")
        if any(a.score < b.score for a, b in zip(self.hits, self.hits[1:], strict=False)):
            raise ValueError("results are not in descending order of score")
        if [hit.rank for hit in self.hits] != list(range(1, len(self.hits) + 1)):
            raise ValueError("results are not ranked 1, 2, 3 ...")
