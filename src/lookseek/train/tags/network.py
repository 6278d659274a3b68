"""The attribute head: a frozen model's vectors to a logit for each value, and calibrated probabilities."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .settings import TagsSettings

__all__ = ["Calibrated", "TagsNetwork"]


class TagsNetwork(nn.Module):
    """Vectors float32 (n, width), of length 1, to logits (n, values).

    Args:
        width: of the vectors.
        values: how many.
        settings: of the training.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, width: int, values: int, settings: TagsSettings) -> None:
        super().__init__()
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
        return cast(Tensor, logits if self.bend is None else logits + self.bend(normal))


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
