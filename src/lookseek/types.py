"""The values that flow through lookseek. Read this first: it is the architecture.

    catalogue ──Item──> encode ──vectors──> store          (``lookseek index``)
    Query ──vectors──> store ──Hit──> Results              (``lookseek search``)

An ``Item`` is what a catalogue gives; a ``Point`` is an item once encoded, as a store keeps it;
a ``Query`` is what a person asks; ``Results`` are the answer. All are frozen and checked once,
where they are made, so that nothing behind them checks again. What a query may hold stands in
``query.py``, what a search returns in ``results.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import ItemError, QueryError
from .photo import Photo, to_photo

__all__ = [
    "AttributeValue",
    "Attributes",
    "Box",
    "Encoding",
    "FolderStore",
    "Item",
    "Metric",
    "Photo",
    "Pixels",
    "Point",
    "Region",
    "RerankMethod",
    "Role",
    "RouteMode",
    "RouterType",
    "Skipped",
    "StoreType",
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

Value: TypeAlias = str | int | float | bool
"""What a filter compares with, and one value of an attribute."""

AttributeValue: TypeAlias = Value | tuple[str, ...]
"""What an attribute can hold: a value, or several texts, each once. A missing value is no attribute, never None."""

Attributes: TypeAlias = Mapping[str, AttributeValue]

Metric: TypeAlias = Literal["cosine", "euclidean"]

RerankMethod: TypeAlias = Literal["query-expansion", "database-augmentation", "k-reciprocal", "diffusion", "pairs"]
"""The method that scores the first candidates of a search again, see ``lookseek.rerank`` and ``search/pairs.py``."""

Role: TypeAlias = Literal["product", "title", "price", "link", "brand"]
"""What an attribute is to a shopper. ``product`` names the product that a photo shows: photos of one are one result."""

RouterType: TypeAlias = Literal["svm", "kmeans"]
"""The kind of a router: an SVM that classifies by label, or k-means cells of near vectors."""

RouteMode: TypeAlias = Literal["soft", "hard"]
"""Whether a routed query searches as many keys as its router needs to be sure, or the likeliest one alone."""

FolderStore: TypeAlias = Literal["edge", "numpy"]
"""Which store keeps an index in a folder: the embedded engine, or plain numpy files."""

StoreType: TypeAlias = Literal["edge", "numpy", "postgresql", "qdrant"]
"""Which store keeps an index: one of those of folders, or the server of its address."""


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
class Region:
    """A part of a picture: where it is, what it shows, and how sure that is.

    Args:
        box: in pixels of the upright picture.
        label: what it shows, such as "dress"; "" where nothing is known.
        score: confidence, 0 to 1.

    Raises:
        QueryError: a score outside its range.
    """

    box: Box
    label: str
    score: float

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:  # NaN too
            raise QueryError(f"a region's score is {self.score}, it must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A photo that was encoded before: an item that brings one needs no photo.

    Args:
        look: the model's embedding, float32 (dim,), as the model gave it or of length 1; the catalogue says which.
        colour: the colour encoder's, float32 (dim,); None where nobody made one.
        hash: the item's ``Point.hash``.
        fingerprint: the item's ``Point.fingerprint``.
        vectors: further vectors by name, as ``Point.vectors`` holds them.
        regions: the item's ``Point.regions``.
    """

    look: Vector
    colour: Vector | None
    hash: str
    fingerprint: str = ""
    vectors: Mapping[str, Vector | Vectors] = field(default_factory=dict)
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a catalogue, as its source gives it.

    Args:
        id: any non-empty string, unique in its catalogue.
        image: the photo, kept as a path or the bytes of a file; None for an item of words alone.
        text: a title or description.
        attributes: everything else that the source says of it.
        source: where the photo can be had again, as ``catalogue.photos.photos_at`` reads it: a file's path, or
            "table.parquet#17" for a photo inside a table; "" where it can't be had.
        encoding: what the photo was encoded to before, where the source holds vectors instead of photos.
        remarks: what was odd about its entry, such as a price that is no number; it is kept nevertheless.

    Raises:
        ItemError: an image that is no photo, or a text or attributes that are of another type.
    """

    id: str
    image: Photo | None
    text: str = ""
    attributes: Attributes = field(default_factory=dict)
    source: str = ""
    encoding: Encoding | None = field(default=None, compare=False)
    remarks: tuple[Skipped, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        text: object = self.text
        attributes: object = self.attributes
        if not isinstance(text, str):
            of = f"item {self.id!r} has the text {text!r}, which is of type {type(text).__name__}"
            raise ItemError(f"{of}: give words, and attributes as attributes={{...}}")
        if not isinstance(attributes, Mapping):
            raise ItemError(f"item {self.id!r} has the attributes {attributes!r}: give names and values as a dict")
        if self.image is not None:
            object.__setattr__(self, "image", to_photo(self.image))


@dataclass(frozen=True, slots=True)
class Skipped:
    """One thing of a source that could not become an item, or of a catalogue that could not be encoded.

    Args:
        where: the item's id, or the row or file that had none.
        kind: a short plural-free noun to count by: "missing file", "duplicate id", "broken photo" ...
        reason: one line: what happened, the value, the limit, what to do.
        line: of the file, or row, from 1; 0 where it has none.
        column: whose cell is meant; "" for the whole.
        value: of that cell, cut short.
    """

    where: str
    kind: str
    reason: str
    line: int = 0
    column: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One item as a store keeps it.

    Args:
        id: the item's id.
        vectors: name to embedding, float32 (dim,); of a name that keeps several vectors an item, float32 (n, dim) with
            n >= 0. Empty where a reader asked for none.
        attributes: what filters see.
        hash: hex of the content that was encoded: the same hash needs no second encoding.
        source: the item's.
        fingerprint: of the picture, as ``images.fingerprint`` gives it; "" if none.
        regions: parts of the picture that are known, in any order.
    """

    id: str
    vectors: Mapping[str, Vector | Vectors]
    attributes: Attributes = field(default_factory=dict)
    hash: str = ""
    source: str = ""
    fingerprint: str = ""
    regions: tuple[Region, ...] = ()
