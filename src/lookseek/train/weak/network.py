"""The network: features to an embedding, and an embedding of each word that it is compared with."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ..metric.network import Embedding
from .settings import WeakSettings

__all__ = ["WeakNetwork", "WordLayer"]

FIRST = 0.02
"""Standard deviation of the first word embeddings: of all words about as likely."""


class WordLayer(nn.Module):
    """Embeddings of photos, float (n, dim), of length 1, to logits of words (n, words).

    Args:
        dim: of the embeddings.
        words: how many.
    """

    def __init__(self, dim: int, words: int) -> None:
        super().__init__()
        self.words = nn.Parameter(FIRST * torch.randn(words, dim))
        self.offset = nn.Parameter(torch.zeros(words))
        self.scale = math.sqrt(dim)

    def forward(self, vectors: Tensor) -> Tensor:
        """See the class."""
        return self.scale * vectors @ self.words.T + self.offset

    def some(self, vectors: Tensor, numbers: Tensor) -> Tensor:
        """Return the logits of some words for each photo, float (n, m); ``numbers`` are int64 (n, m)."""
        chosen = self.words[numbers]
        return self.scale * torch.einsum("nd,nmd->nm", vectors, chosen) + self.offset[numbers]


class WeakNetwork(nn.Module):
    """Features float32 (n, width), of length 1, to logits of words.

    Args:
        width: of the features.
        words: how many.
        settings: of the training.
    """

    def __init__(self, width: int, words: int, settings: WeakSettings) -> None:
        super().__init__()
        self.embedding = nn.Sequential(Scaled(width), Embedding(width, settings))
        self.layer = WordLayer(settings.dim, words)

    def embed(self, features: Tensor) -> Tensor:
        """Return embeddings of length 1, float (n, dim)."""
        return normalize(cast(Tensor, self.embedding(features)).float(), dim=1)

    def forward(self, features: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Return logits: of the words ``numbers``, int64 (n, m), float (n, m); of all without it, (n, words)."""
        vectors = self.embed(features)
        return cast(Tensor, self.layer(vectors)) if numbers is None else self.layer.some(vectors, numbers)


class Scaled(nn.Module):
    """Features less their mean, divided by their spread over train; the recipe sets both."""

    centre: Tensor
    spread: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return (features - self.centre) / self.spread
