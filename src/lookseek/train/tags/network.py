"""The attribute head: a frozen model's vectors to a logit for each value, and calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from .settings import TagsSettings

__all__ = ["Calibrated", "TagsNetwork"]

HIGHEST = 30.0
"""Of a logit, so that sums of their exponentials stay finite."""

LEAST = 1e-6
"""By which a probability differs from 1: float32 holds no less well."""


class TagsNetwork(nn.Module):
    """Vectors float32 (n, width), of length 1, to logits (n, values).

    Args:
        width: of the vectors.
        groups: number of each value's group, as ``labels.exclusive_groups`` returns them.
        settings: of the training.
    """

    centre: Tensor
    spread: Tensor
    members: Tensor

    def __init__(self, width: int, groups: Sequence[int], settings: TagsSettings) -> None:
        super().__init__()
        values = len(groups)
        self.groups = list(groups) if settings.exclusive else []
        self.register_buffer("members", torch.eye(max(groups) + 1)[list(groups)], persistent=False)
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.noise = settings.noise
        self.drop = nn.Dropout(settings.dropout)
        self.straight = nn.Linear(width, values)
        self.bend = (
            nn.Sequential(
                nn.Linear(width, settings.hidden),
                nn.GELU(),
                nn.Dropout(settings.dropout),
                nn.Linear(settings.hidden, values),
            )
            if settings.hidden
            else None
        )

    def forward(self, vectors: Tensor) -> Tensor:
        """See the class."""
        normal = (vectors - self.centre) / self.spread
        if self.training and self.noise:
            normal = normal + self.noise * torch.randn_like(normal)
        normal = self.drop(normal)
        logits = self.straight(normal)
        logits = logits if self.bend is None else logits + self.bend(normal)
        return self._exclusive(logits) if self.groups else cast(Tensor, logits)

    def _exclusive(self, logits: Tensor) -> Tensor:
        """Return the logit of each value's share of its group, in which none of the values weighs 1."""
        logits = logits.float().clamp(-HIGHEST, HIGHEST)
        whole = torch.log1p(logits.exp() @ self.members)
        share = (logits - whole[:, self.groups]).clamp(max=-LEAST)  # a logarithm
        return share - torch.log(-torch.expm1(share))


class Calibrated(nn.Module):
    """Vectors to probabilities (n, values): the logistic function of each logit times a slope plus an offset.

    Args:
        network: trained, vectors to logits (n, values).
        slope: float32 (values,).
        offset: float32 (values,).
    """

    slope: Tensor
    offset: Tensor

    def __init__(self, network: nn.Module, slope: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("slope", slope)
        self.register_buffer("offset", offset)
        self.eval()

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return torch.sigmoid(self.network(features) * self.slope + self.offset)
