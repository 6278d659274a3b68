"""Composes a photo and a change in words, part by part: nothing is learned, two numbers are set.

joint part       that of the photo and that of the words, added up
instance part    that of the photo: what the change says nothing about should stay as it looks
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

__all__ = ["NAME", "PartsComposer"]

NAME = "parts"

WORDS, LOOK = 2.0, 0.4
"""Weight of the words in the joint part, where the photo's counts 1, and of the photo's own look beside both. How they
were set: docs/decisions/adapt.md."""


class PartsComposer(nn.Module):
    """Photos and texts, float32 (n, dim + instance) each, of length 1, to composed vectors of that shape and length.

    Args:
        dim: of the joint part.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self._dim = dim

    def forward(self, photos: Tensor, texts: Tensor) -> Tensor:
        """See the class."""
        joint = normalize(photos[:, : self._dim], dim=1) + WORDS * normalize(texts[:, : self._dim], dim=1)
        look = LOOK * normalize(photos[:, self._dim :], dim=1)
        return normalize(torch.cat([normalize(joint, dim=1), look], 1), dim=1)
