"""How well the colours of two garments go together, learned from street photos: a logistic model of a pair."""

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
        scale: float64 (features,), by which features are divided.
        together: float64 (parts, parts), how often a photo with the first part has the second one too; of ``PARTS``.
    """

    weights: _Floats
    scale: _Floats
    together: _Floats

    def score(self, one: _Floats, others: _Floats) -> _Floats:
        """Return how well some garments go with one, higher is better.

        Args:
            one: (colours,), of the garment as ``to_colours`` gives it.
            others: (n, colours).

        Returns:
            (n,) logits, without the share of pairs that go together.
        """
        scores: _Floats = (pair_features(one, others) / self.scale) @ self.weights
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


def pair_features(one: _Floats, others: _Floats) -> _Floats:
    """Return the features of pairs: contrast, chroma and hue, as theories of colour harmony name them.

    Args:
        one: of ``to_colours``, (colours,).
        others: (n, colours).

    Returns:
        (n, 15). Symmetric but for the last four, which are the other garment's own.
    """
    light, a, b, spread = (others[:, column] for column in range(4))
    chroma, own = np.hypot(a, b), float(np.hypot(one[1], one[2]))
    hue = (a * one[1] + b * one[2]) / np.maximum(chroma * own, 1e-6)
    strength = np.minimum(chroma, own)
    contrast = np.abs(light - one[0])
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
            others[:, 4:] @ one[4:],
            others[:, 4:] @ one[4:] * strength,
            np.abs(spread - one[3]),
            light,
            light**2 / 100,
            chroma,
            spread,
        ]
    )


@cache
def load_harmony() -> Harmony:
    """Load the model that ships; ``scripts/make_outfits.py`` makes it."""
    kept = json.loads(_FILE.read_text(encoding="utf-8"))
    return Harmony(
        np.array(kept["weights"], np.float64),
        np.array(kept["scale"], np.float64),
        np.array(kept["together"], np.float64),
    )
