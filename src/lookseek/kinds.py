"""The kinds that values are made of: arrays, photos, attributes, and the words that name a choice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Attributes",
    "Metric",
    "Photo",
    "Pixels",
    "RouteKind",
    "RouteMode",
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
