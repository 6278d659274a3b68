"""The head of a model folder: a last layer that classifies a photo by its vector.

classifier.npy   float32 (classes, dim + 1), C order, little-endian; the last column is the bias
classes.json     the classes' names, a JSON list in the order of the rows

It is one matrix, so numpy computes it. The file is parsed here, as numbers alone, so that none of its bytes is code.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..types import Vectors
from .npy import read_npy

__all__ = ["CLASSES", "WEIGHTS", "Head", "parse_head", "write_head"]

WEIGHTS, CLASSES = "classifier.npy", "classes.json"

_MAX_BYTES = 1 << 22
"""Bytes of the names; a thousand classes of ImageNet have 30,000."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A linear classifier.

    Args:
        classes: names, in the order of the rows.
        weight: float32 (classes, dim).
        bias: float32 (classes,).
    """

    classes: tuple[str, ...]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def classify(self, features: Vectors) -> NDArray[np.float32]:
        """Return the probabilities of the classes.

        Args:
            features: float32 (n, dim), as the tower returns them, not normalised.

        Returns:
            float32 (n, classes), each row sums to 1.
        """
        logits = features.astype(np.float64) @ self.weight.T.astype(np.float64) + self.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares


def parse_head(weights: bytes, classes: bytes, dim: int, where: Path) -> Head:
    """Parse a head.

    Args:
        weights: content of ``classifier.npy``.
        classes: content of ``classes.json``.
        dim: of the model's vectors.
        where: the model folder, for messages.

    Returns:
        The head; its classes have distinct names, its numbers are finite.

    Raises:
        ModelError: either is damaged, or it does not fit the tower or the other.
    """
    names = _names(classes, where / CLASSES)
    table = _table(weights, (len(names), dim + 1), where)
    if not np.isfinite(table).all():
        raise ModelError(f"{where / WEIGHTS} holds numbers that are not finite: export the run again")
    return Head(names, np.ascontiguousarray(table[:, :-1]), np.ascontiguousarray(table[:, -1]))


def write_head(head: Head) -> dict[str, bytes]:
    """Return the head's files by name, as ``parse_head`` reads them."""
    table = np.concatenate([head.weight, head.bias[:, None]], axis=1).astype("<f4")
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(table), version=(1, 0), allow_pickle=False)
    names = json.dumps(list(head.classes), ensure_ascii=False, indent=1) + "\n"
    return {WEIGHTS: out.getvalue(), CLASSES: names.encode()}


def _names(content: bytes, where: Path) -> tuple[str, ...]:
    if len(content) > _MAX_BYTES:
        raise ModelError(f"{where} has {len(content):,} bytes, the limit is {_MAX_BYTES:,}: it is no list of classes")
    try:
        names = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{where} is no JSON ({error}): export the run again") from error
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ModelError(f"{where} is no list of names: export the run again")
    if len(names) < 2 or len(set(names)) != len(names):
        raise ModelError(
            f"{where} has {len(names)} names, {len(set(names))} of them different: a head needs two or more classes, "
            "each with a name of its own"
        )
    return tuple(names)


def _table(content: bytes, shape: tuple[int, int], where: Path) -> NDArray[np.float32]:
    table: NDArray[np.float32] = read_npy(content, "<f4", str(where / WEIGHTS))
    if table.shape != shape:
        raise ModelError(
            f"{where / WEIGHTS} holds {table.dtype} {table.shape}, but {shape[0]} names in {CLASSES} and dim "
            f"{shape[1] - 1} in config.json ask for float32 {shape}: export the run again"
        )
    return table.astype(np.float32)
