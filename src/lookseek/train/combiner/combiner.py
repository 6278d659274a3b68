"""The Combiner: a small network that joins the features of a photo and of a change into one vector.

    photo ─ Linear, ReLU, Dropout ─┐      ┌─ Linear, ReLU, Dropout, Linear ──────────────> mix (dim)
                                   ├ both ┤
    words ─ Linear, ReLU, Dropout ─┘      └─ Linear, ReLU, Dropout, Linear, Sigmoid ─────> share (1)

    vector = mix + share * words + (1 - share) * photo, at length 1

With ``--composer attention``, ``both`` also holds what attention saw in the photo's cells (attention.py).

Source: A. Baldrati et al., Conditioned and composed image retrieval combining and partially fine-tuning CLIP-based
features, CVPR Workshops 2022, section 3.2; github.com/ABaldrati/CLIP4Cir, ``src/combiner.py``.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from .attention import CellReader
from .settings import CombinerSettings

__all__ = ["Combiner"]

_HIGHEST_SCALE = 100.0
"""Source: A. Radford et al., CLIP, 2021, section 2.5: beyond it training becomes unstable."""


class Combiner(nn.Module):
    """See the file's head.

    With ``normalise`` the inputs are brought to length 1 inside, so that it does not matter how long a model's vectors
    are: a search gives a composer rows of length 1, as an index keeps them. The layers see them times the root of
    ``dim``, numbers around 1; ``mix`` begins as zeros, so that the network begins near the plain sum and learns what
    differs from it.

    Args:
        dim: of the features.
        settings: of the training: the sizes, the dropout, ``normalise`` and the scale.
        reduction: of the tokens that attention sees, float (numbers, channels); None of a Combiner of vectors alone.
    """

    log_scale: Tensor
    lengths: Tensor

    def __init__(self, dim: int, settings: CombinerSettings, reduction: Tensor | None = None) -> None:
        super().__init__()
        self.reader = None if reduction is None else CellReader(dim, settings, reduction)
        seen = 0 if reduction is None else settings.width
        projection, hidden = (max(1, round(times * dim)) for times in (settings.projection, settings.hidden))
        self.photo_in = nn.Linear(dim, projection)
        self.text_in = nn.Linear(dim, projection)
        self.mix_in = nn.Linear(2 * projection + seen, hidden)
        self.mix_out = nn.Linear(hidden, dim)
        self.share_in = nn.Linear(2 * projection + seen, hidden)
        self.share_out = nn.Linear(hidden, 1)
        self.dropout = nn.Dropout(settings.dropout)
        self.normalise, self.dim = settings.normalise, dim
        self.register_buffer("lengths", torch.ones(2))
        log_scale = torch.tensor(math.log(settings.scale))
        if settings.learn_scale:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)
        if settings.normalise:
            nn.init.zeros_(self.mix_out.weight)
            nn.init.zeros_(self.mix_out.bias)

    @property
    def scale(self) -> Tensor:
        """What cosines are multiplied by in the loss: a scalar."""
        scale = self.log_scale.exp()
        return scale.clamp(max=_HIGHEST_SCALE) if isinstance(self.log_scale, nn.Parameter) else scale

    def forward(self, photos: Tensor, texts: Tensor, tokens: Tensor | None = None) -> Tensor:
        """Composed vectors, float (n, dim), each of length 1.

        Args:
            photos: float (n, dim), as an image tower gives them.
            texts: float (n, dim), as a text tower gives them.
            tokens: what attention sees of the photos, reduced, float (n, PLACES, numbers); None without attention.
        """
        if self.normalise:
            photos, texts = normalize(photos, dim=-1), normalize(texts, dim=-1)
        times = math.sqrt(self.dim) if self.normalise else 1.0
        parts = [self._in(self.photo_in, times * photos), self._in(self.text_in, times * texts)]
        if self.reader is not None and tokens is not None:
            parts.append(self.dropout(self.reader(times * photos, times * texts, tokens)))
        both = torch.cat(parts, dim=-1)
        mix = self.mix_out(self._in(self.mix_in, both))
        share = self.share_out(self._in(self.share_in, both)).sigmoid()
        return normalize(mix + share * texts + (1 - share) * photos, dim=-1)

    def compose_units(self, photos: Tensor, texts: Tensor, tokens: Tensor | None = None) -> Tensor:
        """Composed vectors of rows of length 1, which are all that a search gives.

        A Combiner that learned from features as they are gets the rows at the mean lengths of its training's photos and
        texts (``lengths``), which is near, and not the same.
        """
        if self.normalise:
            return cast(Tensor, self(photos, texts, tokens))
        photo, text = self.lengths[0], self.lengths[1]
        return cast(Tensor, self(photo * normalize(photos, dim=-1), text * normalize(texts, dim=-1)))

    def _in(self, layer: nn.Linear, numbers: Tensor) -> Tensor:
        return cast(Tensor, self.dropout(layer(numbers).relu()))
