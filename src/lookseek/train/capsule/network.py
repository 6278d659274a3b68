"""The network: photos to capsules of classes, and the embedding: the capsules of length 1, all but one masked.

photo ─ 7x7 convolution ─ stacked convolutions, or residual blocks ─ primary capsules ─ votes, routed ─ class capsules
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from .routing import route, squash
from .settings import CapsuleSettings

__all__ = ["CapsuleNetwork", "masked"]

VOTE = 0.1
"""Standard deviation of the first vote matrices; ours."""


class CapsuleNetwork(nn.Module):
    """Photos uint8 (n, 3, size, size) to class capsules float (n, classes, dim), each shorter than 1.

    Args:
        settings: of the training.
        classes: >= 2.
    """

    def __init__(self, settings: CapsuleSettings, classes: int) -> None:
        super().__init__()
        width, dim = settings.width, settings.dim
        self.dim, self.rounds = dim, settings.rounds
        below = settings.primary * dim
        first = (
            nn.Conv2d(3, width, 7, 2, 3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Dropout2d(settings.dropout),
        )
        if settings.stem == "sc":
            rest: tuple[nn.Module, ...] = (
                *_convolution(width, 2 * width),
                *_convolution(2 * width, width),
                nn.Conv2d(width, below, 7, 2, 3),
            )
        else:
            rest = (Residual(width, 2 * width), Residual(2 * width, 4 * width), Residual(4 * width, below, last=True))
        self.below = nn.Sequential(*first, *rest)
        self.votes = nn.Parameter(VOTE * torch.randn(classes, dim, dim))  # shared by all capsules below

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        maps = self.below(photos.float() / 127.5 - 1)
        primary = squash(maps.flatten(2).unflatten(1, (-1, self.dim)).permute(0, 1, 3, 2).flatten(1, 2).float())
        return route(torch.einsum("nbi,cid->nbcd", primary, self.votes), self.rounds)

    def embed(self, photos: Tensor) -> Tensor:
        """Return embeddings float (n, classes * dim), of length 1, masked by the class that each photo seems to be."""
        capsules = self(photos)
        return masked(capsules, capsules.norm(dim=2).argmax(1))


def masked(capsules: Tensor, classes: Tensor) -> Tensor:
    """Return capsules of length 1, all but one of each photo set to 0, in one row: float (n, classes * dim).

    Args:
        capsules: float (n, classes, dim).
        classes: the one that stays, int64 (n,).
    """
    kept = (classes[:, None] == torch.arange(capsules.shape[1], device=classes.device)).to(capsules.dtype)
    return (normalize(capsules, dim=2) * kept[:, :, None]).flatten(1)


class Residual(nn.Module):
    """Two 3x3 convolutions, the first of stride 2, and a projection beside them.

    Args:
        channels: that come in.
        out: that go out.
        last: no activation follows: what goes out is capsules.
    """

    def __init__(self, channels: int, out: int, last: bool = False) -> None:
        super().__init__()
        self.straight = nn.Sequential(nn.Conv2d(channels, out, 1, 2, bias=False), nn.BatchNorm2d(out))
        self.bend = nn.Sequential(
            nn.Conv2d(channels, out, 3, 2, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.LeakyReLU(),
            nn.Conv2d(out, out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(out),
        )
        self.end = nn.Identity() if last else nn.LeakyReLU()

    def forward(self, maps: Tensor) -> Tensor:
        """See the class."""
        return cast(Tensor, self.end(self.straight(maps) + self.bend(maps)))


def _convolution(channels: int, out: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(channels, out, 7, 2, 3, bias=False), nn.BatchNorm2d(out), nn.ReLU()
