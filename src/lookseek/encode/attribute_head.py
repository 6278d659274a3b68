"""The attribute head of a model folder: how likely each value of each attribute is, from a photo's vector.

tags.onnx    ``features`` float32 (n, dim) of length 1 to ``vectors`` float32 (n, values): calibrated probabilities
tags.json    the values, a JSON list of {"attribute", "value", "threshold"} in the order of the columns

Unlike a classifier's classes (head.py) they don't exclude each other. A threshold is the probability from which on a
value was right often enough on held-out photos; null where none was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..types import Vectors
from ..vectors import unit
from .graph import Graph
from .onnx_file import refuse_external_data

__all__ = ["TAGS", "TAG_VALUES", "WORD", "AttributeHead", "AttributeValue", "open_attribute_head", "write_values"]

TAGS, TAG_VALUES = "tags.onnx", "tags.json"

FEATURES = "features"

WORD = "word"
"""The attribute of words of texts, which ``train weak`` learns: unlike the values of others, a photo has many."""

_MAX_BYTES = 1 << 22
"""Bytes of the values' names."""

_CHUNK = 4096
"""Vectors a run."""


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """One column of the head.

    Args:
        attribute: e.g. "Sleeve Length".
        value: e.g. "Short Sleeves".
        threshold: the probability from which on it may be written, 0 to 1; None: never.
    """

    attribute: str
    value: str
    threshold: float | None


class AttributeHead:
    """A head of a model.

    Args:
        values: in the order of the columns.
        onnx: content of ``tags.onnx``.
        dim: of the model's vectors.
        where: the model folder, for messages.
    """

    def __init__(self, values: tuple[AttributeValue, ...], onnx: bytes, dim: int, where: str) -> None:
        self.values = values
        self._dim = dim
        self._graph = Graph(onnx, f"{TAGS} of {where}", len(values), {FEATURES: ("float32", dim)})

    def probabilities(self, features: Vectors) -> NDArray[np.float32]:
        """Return how likely each value is.

        Args:
            features: the model's vectors of photos, float32 (n, dim), of any length above 0.

        Returns:
            float32 (n, values), each 0 to 1.

        Raises:
            ModelError: the features are another model's, or the graph fails.
        """
        if features.ndim != 2 or features.shape[1] != self._dim:
            raise ModelError(
                f"features of shape {features.shape} are not this model's, which have {self._dim} numbers a photo: "
                "encode the photos with it"
            )
        rows = unit(features)
        parts = [self._graph.run({FEATURES: rows[at : at + _CHUNK]}) for at in range(0, len(rows), _CHUNK)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.values)), np.float32)


def open_attribute_head(onnx: bytes, values: bytes, dim: int, path: Path) -> AttributeHead:
    """Return a head.

    Args:
        onnx: content of ``tags.onnx``.
        values: content of ``tags.json``.
        dim: of the model's vectors.
        path: the model folder, for messages.

    Raises:
        ModelError: either is damaged.
    """
    refuse_external_data(onnx, f"{TAGS} of {path}")
    return AttributeHead(_parse(values, path / TAG_VALUES), onnx, dim, str(path))


def write_values(values: tuple[AttributeValue, ...]) -> bytes:
    """Return the content of ``tags.json``."""
    rows = [{"attribute": v.attribute, "value": v.value, "threshold": v.threshold} for v in values]
    return (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode()


def _parse(content: bytes, where: Path) -> tuple[AttributeValue, ...]:
    if len(content) > _MAX_BYTES:
        raise ModelError(f"{where} has {len(content):,} bytes, the limit is {_MAX_BYTES:,}: it is no list of values")
    try:
        rows = json.loads(content)
        values = tuple(AttributeValue(row["attribute"], row["value"], row["threshold"]) for row in rows)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelError(f"{where} is no list of values ({error}): export the run again") from error
    for value in values:
        named = all(isinstance(text, str) and text.strip() for text in (value.attribute, value.value))
        number = value.threshold is None or (type(value.threshold) in (int, float) and 0 <= value.threshold <= 1)
        if not named or not number:
            raise ModelError(f"{where} holds {value}: each value has two names and a threshold from 0 to 1, or null")
    if not values or len({(value.attribute, value.value) for value in values}) != len(values):
        raise ModelError(f"{where} names no value, or one twice: export the run again")
    return values
