"""How well the colours of two garments go together, learned from street photos: a model of choices among garments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...encode.colour import lattice
from .parts import PARTS, Part

__all__ = ["Harmony", "load_harmony", "pair_features", "to_colours"]

_Floats = NDArray[np.float64]

_FILE = Path(__file__).with_name("harmony.json")
_NEUTRAL = 12.0
"""Chroma below which a colour counts as neutral, in the space of the colour encoder (din99)."""


@dataclass(frozen=True, slots=True)
class Harmony:
    """The learned model.

    Args:
        weights: float64 (features,), of ``pair_features``.
        mean: float64 (dim,), mean colour vector of garments.
        basis: float64 (dim, axes), the axes along which garments' colour vectors differ most.
        together: float64 (parts, parts), how often a photo with the first part has the second one too; of ``PARTS``.
    """

    weights: _Floats
    mean: _Floats
    basis: _Floats
    together: _Floats

    def score(self, one: _Floats, others: _Floats) -> _Floats:
        """Return how well some garments go with one, higher is better.

        Args:
            one: (colours,), of the garment as ``to_colours`` gives it.
            others: (n, colours).

        Returns:
            (n,) logits: of a choice among garments of one part, only differences mean something.
        """
        scores: _Floats = pair_features(one, others, self.mean, self.basis) @ self.weights
        return scores

    def parts_beside(self, part: Part) -> list[tuple[Part, float]]:
        """Return the other parts of an outfit, the most frequent beside ``part`` first, each with its share."""
        row = self.together[PARTS.index(part)]
        return sorted(((other, float(row[place])) for place, other in enumerate(PARTS) if other != part), key=_by_share)


def _by_share(pair: tuple[Part, float]) -> float:
    return -pair[1]


def to_colours(vectors: _Floats | NDArray[np.float32]) -> _Floats:
    """Return the mean colour of each garment, how much its colours differ, and the vector itself.

    Args:
        vectors: (n, dim) of the colour encoder, whose squares are shares of the points of its lattice.

    Returns:
        (n, 4 + dim): lightness, a, b in the encoder's space, the standard deviation around them, and the vectors.
    """
    points = lattice(5, 12.0).points
    shares = np.asarray(vectors, np.float64) ** 2
    shares /= np.maximum(shares.sum(1, keepdims=True), 1e-12)
    mean = shares @ points
    spread = np.sqrt(np.maximum(shares @ (points**2) - mean**2, 0).sum(1))
    return np.column_stack([mean, spread, np.sqrt(shares)])


def pair_features(one: _Floats, others: _Floats, mean: _Floats, basis: _Floats) -> _Floats:
    """Return the features of pairs: contrast, chroma and hue, as theories of harmony name them, and products of axes.

    Args:
        one: of ``to_colours``, (colours,).
        others: (n, colours).
        mean: of colour vectors, (dim,).
        basis: axes of colour vectors, (dim, axes).

    Returns:
        (n, 17 + axes + axes * axes): the last ones let any two colours be liked or disliked together.
    """
    light, a, b, spread = (others[:, column] for column in range(4))
    chroma, own = np.hypot(a, b), float(np.hypot(one[1], one[2]))
    hue = (a * one[1] + b * one[2]) / np.maximum(chroma * own, 1e-6)
    strength = np.minimum(chroma, own)
    contrast = np.abs(light - one[0])
    alike = np.maximum(others[:, 4:] @ one[4:], 0)
    own_axes, axes = (one[4:] - mean) @ basis, (others[:, 4:] - mean) @ basis
    return np.column_stack(
        [
            contrast,
            contrast**2 / 100,
            np.hypot(a - one[1], b - one[2]),
            strength * np.maximum(hue, 0),
            strength * np.maximum(-hue, 0),
            np.sqrt(chroma * own),
            ((chroma < _NEUTRAL) == (own < _NEUTRAL)) * 1.0,
            np.minimum(spread, one[3]),
            alike,
            alike**2,
            np.sqrt(alike),
            alike * strength,
            np.abs(spread - one[3]),
            light,
            light**2 / 100,
            chroma,
            spread,
            axes,
            (axes[:, :, None] * own_axes).reshape(len(others), -1),
        ]
    )


@cache
def load_harmony() -> Harmony:
    """Load the model that ships; ``scripts/make_outfits.py`` makes it."""
    kept = json.loads(_FILE.read_text(encoding="utf-8"))
    return Harmony(
        np.array(kept["weights"], np.float64),
        np.array(kept["mean"], np.float64),
        np.array(kept["basis"], np.float64),
        np.array(kept["together"], np.float64),
    )
