"""Composers: one vector of a photo and a change in words, for a search among photos.

``sum`` and ``slerp`` need no weights and work with every model that reads words; a model may have one of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import ModelError, QueryError
from ..types import Vectors
from ..vectors import unit
from .graph import Graph

__all__ = ["GraphComposer", "Slerp", "Sum"]

DEFAULT_WEIGHT = 0.5
"""Share of the words in ``slerp``: half way, which favours neither. No better value is known for all models."""

_NEAR = 1e-4
"""Radians from equal or opposite within which the arc between two vectors equals a line, or is undefined."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Normalises both to length 1, adds them, and normalises the sum.

    Source: the element-wise sum that github.com/ABaldrati/CLIP4Cir compares its Combiner with. Theirs adds features as
    the towers give them, so that the longer one counts more; ours brings both to length 1 before.
    """

    @property
    def name(self) -> str:
        """See Composer."""
        return "sum"

    def compose(self, photos: Vectors, texts: Vectors) -> Vectors:
        """See Composer."""
        a, b = _pair(photos, texts)
        return _normalised_or_photo(a + b, a)


@dataclass(frozen=True, slots=True)
class Slerp:
    """A point on the arc from the photo to the words. Half way it equals ``Sum``'s.

    Source: spherical linear interpolation, K. Shoemake, Animating rotation with quaternion curves, SIGGRAPH 1985; for
    photos and words Y. K. Jang et al., arXiv 2405.00571.

    Args:
        weight: share of the words, 0 to 1.

    Raises:
        QueryError: a weight out of range.
    """

    weight: float = DEFAULT_WEIGHT

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise QueryError(f"slerp has the weight {self.weight}: give the share of the words, from 0 to 1")

    @property
    def name(self) -> str:
        """See Composer."""
        return "slerp" if self.weight == DEFAULT_WEIGHT else f"slerp:{self.weight:g}"

    def compose(self, photos: Vectors, texts: Vectors) -> Vectors:
        """See Composer."""
        a, b = _pair(photos, texts)
        angle = np.arccos(np.clip(np.einsum("nd,nd->n", a, b), -1, 1))[:, None]
        line = np.minimum(angle, math.pi - angle) < _NEAR
        arc = np.where(line, 1.0, np.sin(angle))
        from_photo = np.where(line, 1 - self.weight, np.sin((1 - self.weight) * angle) / arc)
        from_words = np.where(line, self.weight, np.sin(self.weight * angle) / arc)
        return _normalised_or_photo(from_photo * a + from_words * b, a)


class GraphComposer:
    """A model's own composer, ``composer.onnx``.

    Its inputs have length 1, so that a photo's vector from an index, which has length 1, gives the same result as one
    that was just encoded.
    """

    def __init__(self, name: str, onnx: bytes, dim: int, where: str) -> None:
        self.name = name
        ports = dict.fromkeys(("photos", "texts"), ("float32", dim))
        self._graph = Graph(onnx, f"composer.onnx of {where}", dim, ports)

    def compose(self, photos: Vectors, texts: Vectors) -> Vectors:
        """See Composer."""
        a, b = (rows.astype(np.float32) for rows in _pair(photos, texts))
        if not len(a):
            return a
        return unit(self._graph.run({"photos": a, "texts": b}))


def _pair(photos: Vectors, texts: Vectors) -> tuple[np.ndarray, np.ndarray]:
    """Return both at length 1, float64."""
    if photos.ndim != 2 or photos.shape != texts.shape:
        raise ModelError(
            f"photos of shape {photos.shape} and texts of shape {texts.shape} can't be composed: give as many of each, "
            "of one model"
        )
    return unit(photos, out=np.float64), unit(texts, out=np.float64)


def _normalised_or_photo(rows: np.ndarray, photos: np.ndarray) -> Vectors:
    """Return rows at length 1; where a sum vanishes, since the words are opposite to the photo, the photo."""
    vanished = np.linalg.norm(rows, axis=1, keepdims=True) < _NEAR
    return unit(np.where(vanished, photos, rows))
