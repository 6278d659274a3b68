"""Attention over what a photo shows where: a query of the whole photo, of the garment in it, and of words.

    [query] ─────────────────────────────┐
    words ─ Linear ──────────────────────┤
    photo ─ Linear ──────────────────────┤ + places ─ transformer ─ [query] ─┬─ Linear ──────────> mix (dim)
    cells of the photo ─ Linear ─────────┤                                   └─ Linear, Sigmoid ─> share (1)
    cells of the garment ─ Linear ───────┘

    vector = mix + share * words + (1 - share) * photo, at length 1

As in FashionVLP, what asks sees words beside the whole photo and the garment in parts, and what is found sees neither
words nor the transformer, so it is computed once, when it is indexed. Otherwise than there, what is found is the frozen
model's own vector, so any index of that model goes on being one; nothing of the tower learns; the garment is what is
not background, not what a detector finds; a grid stands for landmarks, and there are no regions of a detector; the
transformer has one layer that begins with numbers by chance, not twelve that have read captions.

Source: S. Goenka et al., FashionVLP: Vision language transformer for fashion retrieval with feedback, CVPR 2022,
section 3.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from lookseek.train.combiner.settings import CombinerSettings

__all__ = ["BESIDE", "Attention"]

WIDTH, HEADS = 256, 4
"""Of the transformer: small, as some ten thousand triplets fill little; not searched."""

_LEAST = 1e-3
"""Added to a channel's spread: one that is the same everywhere stays finite."""

BESIDE = 3
"""Tokens beside the cells: the query, the words, the photo as a whole."""


class Attention(nn.Module):
    """See the file's head. It begins as the plain sum.

    Args:
        dim: of the features.
        settings: of the training: the scale, and the dropout, which is of the layer, of what goes in (A. Vaswani et
            al., Attention is all you need, 2017, section 5.4) and of what comes out, as the Combiner's is.
        places: cells of a photo, of the whole and of the garment together; 0 leaves them out.
        channels: numbers of each.
    """

    log_scale: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, dim: int, settings: CombinerSettings, places: int, channels: int) -> None:
        super().__init__()
        self.dim, self.shape = dim, (places, channels)
        self.photo_in, self.text_in = nn.Linear(dim, WIDTH), nn.Linear(dim, WIDTH)
        self.cell_in = nn.Linear(channels, WIDTH) if places else None
        self.places = nn.Parameter(torch.randn(BESIDE + places, WIDTH) * 0.02)
        self.layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, settings.dropout, "gelu", batch_first=True, norm_first=True
        )
        self.norm, self.dropout = nn.LayerNorm(WIDTH), nn.Dropout(settings.dropout)
        self.mix_out, self.share_out = nn.Linear(WIDTH, dim), nn.Linear(WIDTH, 1)
        for last in (self.mix_out, self.share_out):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        self.register_buffer("centre", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))
        self.log_scale = nn.Parameter(torch.tensor(math.log(settings.scale)), requires_grad=settings.learn_scale)

    def know(self, cells: NDArray[np.float32]) -> None:
        """Learn how large numbers of cells are, so that the first layer sees them around 0 and 1.

        Args:
            cells: float32 (n, places, channels), of some photos.
        """
        each = torch.from_numpy(cells).reshape(-1, self.shape[1])
        self.centre.copy_(each.mean(0))
        self.spread.copy_(each.std(0) + _LEAST)

    @property
    def scale(self) -> Tensor:
        """What cosines are multiplied by in the loss: a scalar."""
        return self.log_scale.exp().clamp(max=100.0)

    def forward(self, photos: Tensor, texts: Tensor, cells: Tensor | None = None) -> Tensor:
        """Composed vectors, float (n, dim), each of length 1.

        Args:
            photos: float (n, dim), as the tower gives them.
            texts: float (n, dim), as a text tower gives them.
            cells: float (n, places, channels), of the same photos; not looked at where there are no places.
        """
        photos, texts = normalize(photos, dim=-1), normalize(texts, dim=-1)
        times = math.sqrt(self.dim)  # to numbers around 1
        tokens = [torch.zeros_like(photos[:, None, :1]).expand(-1, 1, WIDTH)]
        tokens += [self.text_in(times * texts)[:, None], self.photo_in(times * photos)[:, None]]
        if self.cell_in is not None and cells is not None:
            tokens.append(self.cell_in((cells - self.centre) / self.spread))
        query = self.dropout(self.norm(self._read(self.dropout(torch.cat(tokens, dim=1) + self.places))))
        share = self.share_out(query).sigmoid()
        return normalize(self.mix_out(query) + share * texts + (1 - share) * photos, dim=-1)

    def _read(self, tokens: Tensor) -> Tensor:
        """What the layer makes of the first token, (n, WIDTH): nobody reads what it would make of the others."""
        layer = self.layer
        normal = layer.norm1(tokens)
        seen, _ = layer.self_attn(normal[:, :1], normal, normal, need_weights=False)
        query = (tokens[:, :1] + layer.dropout1(seen))[:, 0]
        inner = layer.dropout(layer.activation(layer.linear1(layer.norm2(query))))
        return cast(Tensor, query + layer.dropout2(layer.linear2(inner)))
