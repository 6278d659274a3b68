"""Attention over what a reference photo shows where: one vector, read out by a token that asks.

    [query] ────────────────────────────┐
    words ─ Linear ─────────────────────┤
    photo ─ Linear ─────────────────────┼─ places ─ layers ─ [query] ──> what was seen (width)
    cells of the photo ─ Linear ────────┤
    cells of the garment ─ Linear ──────┤
    regions of the garment ─ Linear ────┘

As in FashionVLP, words and the reference photo, as a whole, as the garment's crop and as landmarks, go through a
transformer, and targets see neither words nor the transformer, so that they are indexed once. Ours are that targets are
the frozen model's own vectors, regions in place of single landmarks (encode/reference), that the read-out goes through
the Combiner's last layers beside photo and words (combiner.py), and few layers that have read no captions.

Source: S. Goenka et al., "FashionVLP: Vision language transformer for fashion retrieval with feedback", CVPR 2022,
section 3.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from ...encode.reference import PLACES
from .settings import HEAD_WIDTH, CombinerSettings

__all__ = ["CellReader"]

_BESIDE = 3
"""Tokens beside the cells: the query, the words, the photo as a whole."""

_HIDDEN = -1e4
"""Logit of a token that is none; a finite number, which fp16 has too."""

_DROPOUT = 0.3
"""Of what goes in and of the layers: the better of .1 and .3 in an earlier trial (docs/decisions/combiner.md)."""

_LEAST = 1e-3
"""Added to the spread of a number: one that is the same everywhere stays finite."""


class CellReader(nn.Module):
    """See the file's head.

    Args:
        dim: of the features.
        settings: of the training: width, layers and the share of the photos that is left unseen.
        reduction: float (numbers, channels): directions that tokens are reduced to (reference.py).
    """

    reduction: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, dim: int, settings: CombinerSettings, reduction: Tensor) -> None:
        super().__init__()
        width, numbers = settings.width, len(reduction)
        self.photo_in, self.text_in = nn.Linear(dim, width), nn.Linear(dim, width)
        self.cell_in = nn.Linear(numbers, width)
        self.places = nn.Parameter(torch.randn(_BESIDE + PLACES, width) * 0.02)
        self.layers = nn.ModuleList(_Layer(width) for _ in range(settings.layers))
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(_DROPOUT)
        self.unseen = settings.unseen
        self.register_buffer("reduction", reduction.clone())
        self.register_buffer("centre", torch.zeros(numbers))
        self.register_buffer("spread", torch.ones(numbers))

    def scale_to(self, tokens: Tensor) -> None:
        """Learn how large the numbers of tokens are, so that the first layer sees them around 0 and 1.

        Args:
            tokens: reduced, float (n, PLACES, numbers), of some photos; tokens of zeros are none.
        """
        there = tokens[(tokens != 0).any(-1)]
        self.centre.copy_(there.mean(0))
        self.spread.copy_(there.std(0) + _LEAST)

    @property
    def raw(self) -> int:
        """Numbers of a photo's tokens before they are reduced."""
        return PLACES * self.reduction.shape[1]

    def reduce(self, tokens: Tensor) -> Tensor:
        """Reduced tokens, float (n, PLACES, numbers), of those that ``ReferenceEncoder`` gives, float (n, numbers)."""
        return tokens.reshape(-1, PLACES, self.reduction.shape[1]) @ self.reduction.T

    def forward(self, photos: Tensor, texts: Tensor, tokens: Tensor) -> Tensor:
        """What was seen, float (n, width).

        Args:
            photos: float (n, dim), numbers around 1.
            texts: float (n, dim), numbers around 1.
            tokens: reduced, float (n, PLACES, numbers); a token of zeros is none.
        """
        there = (tokens != 0).any(-1)
        if self.training:
            there = there & (torch.rand(len(tokens), 1, device=tokens.device) >= self.unseen)
        cells = self.cell_in((tokens - self.centre) / self.spread)
        query = torch.zeros_like(cells[:, :1])
        row = torch.cat([query, self.text_in(texts)[:, None], self.photo_in(photos)[:, None], cells], dim=1)
        row = self.dropout(row + self.places)
        always = torch.ones_like(there[:, :1]).expand(-1, _BESIDE)
        hidden = torch.cat([always, there], dim=1).logical_not()
        for layer in self.layers[:-1]:
            row = layer(row, row, hidden)
        return cast(Tensor, self.norm(self.layers[-1](row[:, :1], row, hidden)[:, 0]))


class _Layer(nn.Module):
    """A layer of a transformer, normalised before each part (R. Xiong et al., 2020)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asks, self.keys, self.values, self.out = (nn.Linear(width, width) for _ in range(4))
        self.inner = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, asking: Tensor, tokens: Tensor, hidden: Tensor) -> Tensor:
        """Tokens that asked, float (n, asking, width).

        Args:
            asking: some of the tokens, float (n, asking, width).
            tokens: float (n, tokens, width).
            hidden: bool (n, tokens): those that nobody sees.
        """
        normal = self.before(tokens)
        asks, keys, values = (
            self._heads(layer(rows))
            for layer, rows in ((self.asks, self.before(asking)), (self.keys, normal), (self.values, normal))
        )
        logits = asks @ keys.transpose(-1, -2) / math.sqrt(HEAD_WIDTH)
        shares = logits.masked_fill(hidden[:, None, None], _HIDDEN).softmax(-1)
        seen = (shares @ values).transpose(1, 2).flatten(2)
        asking = asking + self.dropout(self.out(seen))
        return cast(Tensor, asking + self.dropout(self.inner(self.between(asking))))

    def _heads(self, rows: Tensor) -> Tensor:
        """(n, heads, rows, HEAD_WIDTH)."""
        _, tokens, width = rows.shape
        return rows.reshape(-1, tokens, width // HEAD_WIDTH, HEAD_WIDTH).transpose(1, 2)
