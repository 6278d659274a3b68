"""The attribute head: a frozen model's vectors to a logit for each value, and calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from .settings import TagsSettings

__all__ = ["Calibrated", "TagsNetwork", "group_members", "log_shares"]

HIGHEST = 60.0
"""Of a score, so that sums of their exponentials are finite in float32."""

LEAST = 1e-6
"""By which a probability differs from 1: float32 holds no less well."""


class TagsNetwork(nn.Module):
    """Vectors float32 (n, width), of length 1, to logits (n, values).

    Where the values of an attribute exclude each other, they share one probability; where the attribute seems not to
    apply (the neck of a shoe), all of its values become less likely.

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
        self.register_buffer("members", group_members(groups), persistent=False)
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.noise = settings.noise
        self.drop = nn.Dropout(settings.dropout)
        self.straight = nn.Linear(width, values)
        self.applies = nn.Linear(width, self.members.shape[1]) if self.groups else None
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

    def forward(self, vectors: Tensor, *, joined: bool = True) -> Tensor:
        """See the class; without ``joined`` the scores of values and then of groups that apply, side by side."""
        normal = (vectors - self.centre) / self.spread
        if self.training and self.noise:
            normal = normal + self.noise * torch.randn_like(normal)
        normal = self.drop(normal)
        scores = self.straight(normal)
        scores = scores if self.bend is None else scores + self.bend(normal)
        if self.applies is None:
            return cast(Tensor, scores)
        if not joined:
            return torch.cat([scores, self.applies(normal)], 1)
        share = log_shares(scores, self.members).clamp(max=-LEAST)
        unlikely = torch.relu(-self.applies(normal))[:, self.groups]  # one that applies orders by its values alone
        alone = self.members.sum(0)[self.groups] == 1
        return torch.where(alone, scores, share - torch.log(-torch.expm1(share)) - unlikely)


def group_members(groups: Sequence[int]) -> Tensor:
    """Return which value is of which group, float32 (values, groups): 1 or 0."""
    return torch.eye(max(groups) + 1)[list(groups)]


def log_shares(scores: Tensor, members: Tensor) -> Tensor:
    """Return the logarithm of each value's share of its group, float (n, values): a softmax in each group.

    Args:
        scores: float (n, values).
        members: as ``group_members`` returns it.
    """
    scores = scores.float().clamp(-HIGHEST, HIGHEST)
    return scores - torch.log(scores.exp() @ members) @ members.T


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
