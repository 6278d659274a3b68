"""Composers: one vector of a photo and a change in words, for a search among photos.

``sum`` and ``slerp`` need no weights and work with every model that reads words; a model may have one of its own.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import ModelError, QueryError
from ..types import Vectors
from ..vectors import unit
from .encoder import TokenEncoder
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

    @property
    def reference(self) -> None:
        """See Composer."""

    def compose(self, photos: Vectors, texts: Vectors, tokens: Vectors | None = None) -> Vectors:
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

    @property
    def reference(self) -> None:
        """See Composer."""

    def compose(self, photos: Vectors, texts: Vectors, tokens: Vectors | None = None) -> Vectors:
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
    that was just encoded. One that also sees tokens of the photo composes without them, too: it learned to from photos
    that it was not shown, whose tokens are zeros.

    Args:
        name: of the composer.
        onnx: the file's content, checked: no weights outside it.
        dim: of the vectors.
        where: the model folder, for messages.
        tokens: numbers of a photo's tokens; 0 for a composer of vectors alone.
        open_reference: returns the encoder of the tokens; called at the first use, as it loads networks.
    """

    def __init__(
        self,
        name: str,
        onnx: bytes,
        dim: int,
        where: str,
        tokens: int = 0,
        open_reference: Callable[[], TokenEncoder] | None = None,
    ) -> None:
        self.name, self._tokens, self._where = name, tokens, where
        ports = dict.fromkeys(("photos", "texts"), ("float32", dim))
        if tokens:
            ports["tokens"] = ("float32", tokens)
        self._graph = Graph(onnx, f"composer.onnx of {where}", dim, ports)
        self._open, self._opening = open_reference, threading.Lock()

    @property
    def reference(self) -> TokenEncoder | None:
        """See Composer.

        Raises:
            ModelError: the model gives tokens of another size, or its networks can't be loaded.
        """
        with self._opening:
            return self._reference

    @cached_property
    def _reference(self) -> TokenEncoder | None:
        if not self._tokens or self._open is None:
            return None
        encoder = self._open()
        if encoder.dim != self._tokens:
            raise ModelError(
                f"composer.onnx of {self._where} takes tokens of {self._tokens:,} numbers a photo, and this lookseek "
                f"makes {encoder.dim:,}: train it again, or take the version that exported it"
            )
        return encoder

    def compose(self, photos: Vectors, texts: Vectors, tokens: Vectors | None = None) -> Vectors:
        """See Composer."""
        a, b = (rows.astype(np.float32) for rows in _pair(photos, texts))
        if not len(a):
            return a
        given = {"photos": a, "texts": b}
        if self._tokens:
            given["tokens"] = np.zeros((len(a), self._tokens), np.float32) if tokens is None else tokens
        return unit(self._graph.run(given))


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
