"""The heads: what learns. Photos are the tower's features, texts those of the sentence model.

    pooled, shares ─ joint head ─> (dim)          text features ─ (+ a bend) ─> (dim)
    pooled ─ reduced ─> (instance)                                              0 (instance)

A photo's vector is both parts side by side, each of length 1 times the root of its share. A text has no instance part,
so that the cosine of a photo and a text is that of the joint parts (times the root of their share, for all alike),
while two photos are compared by both.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, pad

from ...encode.sentences import DIM
from .instance import InstanceHead
from .settings import AdaptSettings
from .tower import FEATURES, POOLED

__all__ = ["AdaptedHeads"]

_HIGHEST_SCALE = 100.0
"""Source: A. Radford et al., CLIP, 2021, section 2.5: beyond it training becomes unstable."""


class AdaptedHeads(nn.Module):
    """The joint heads, which learn, and the instance head, which has learned.

    Args:
        settings: of the training.
        facts: columns of the table of facts.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, settings: AdaptSettings, facts: int) -> None:
        super().__init__()
        dim, hidden = settings.dim, settings.hidden
        self.pooled, self.shares = nn.LayerNorm(POOLED), nn.LayerNorm(FEATURES - POOLED)
        self.straight = nn.Linear(FEATURES, dim)
        self.bend = nn.Sequential(
            nn.Linear(FEATURES, hidden), nn.GELU(), nn.Dropout(settings.dropout), nn.Linear(hidden, dim)
        )
        self.text_straight = nn.Linear(DIM, dim)
        self.text_bend = nn.Sequential(
            nn.Linear(DIM, hidden), nn.GELU(), nn.Dropout(settings.dropout), nn.Linear(hidden, dim)
        )
        self.attributes = nn.Linear(dim, facts)
        self.log_scale = nn.Parameter(torch.tensor(math.log(settings.scale)))
        self.register_buffer("centre", torch.zeros(DIM))
        self.register_buffer("spread", torch.ones(DIM))
        self.instance = InstanceHead(settings.instance)
        self.instance.requires_grad_(False)  # it has a training of its own, before
        self.noise, self.share = settings.noise, settings.instance_share
        if dim == DIM:  # texts begin as the sentence model has them, and keep most of it
            nn.init.eye_(self.text_straight.weight)
            nn.init.zeros_(self.text_straight.bias)
        nn.init.zeros_(cast(nn.Linear, self.text_bend[-1]).weight)
        nn.init.zeros_(cast(nn.Linear, self.text_bend[-1]).bias)

    @property
    def scale(self) -> Tensor:
        """What cosines are multiplied by in the loss: a scalar."""
        return self.log_scale.exp().clamp(max=_HIGHEST_SCALE)

    def forward(self, features: Tensor, texts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Joint parts of photos and texts, of length 1, and the logits of facts.

        Args:
            features: of photos, float (n, 1408).
            texts: features of texts, float (m, 384), each of length 1.

        Returns:
            float32 (n, dim), (m, dim), (n, facts).
        """
        photos = normalize(self.joint(features).float(), dim=1)
        words = normalize(self.words(texts).float(), dim=1)
        return photos, words, self.attributes(photos * self.scale.detach())

    def joint(self, features: Tensor) -> Tensor:
        """The joint part of photos, float (n, dim), not at length 1."""
        pooled, shares = features[:, :POOLED], features[:, POOLED:]
        seen = torch.cat([self.pooled(pooled), self.shares((shares + 1e-4).sqrt())], 1)
        return cast(Tensor, self.straight(seen) + self.bend(seen))

    def words(self, features: Tensor) -> Tensor:
        """The joint part of texts, float (n, dim), not at length 1."""
        normal = (features - self.centre) / self.spread
        if self.training and self.noise:
            normal = normal + self.noise * torch.randn_like(normal)
        return cast(Tensor, self.text_straight(normal) + self.text_bend(normal))

    def photos(self, features: Tensor) -> Tensor:
        """Whole vectors of photos, float (n, dim + instance), of length 1."""
        joint = normalize(self.joint(features), dim=1)
        instance = self.instance(features)
        return torch.cat([joint * math.sqrt(1 - self.share), instance * math.sqrt(self.share)], 1)

    def texts(self, features: Tensor) -> Tensor:
        """Whole vectors of texts, float (n, dim + instance), of length 1; the instance part is 0."""
        joint = normalize(self.words(features), dim=1)
        return pad(joint, (0, self.instance.first.shape[1]))
