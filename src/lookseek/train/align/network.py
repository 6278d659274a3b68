"""The joint network: the last stages, the colour palette and the head of photos; the head of texts.

    photo ─ trunk (frozen) ─ map (120, 14, 14) ─ last stages ─ pooled (1280) ─┐
      │                            └ attention (14, 14)                       ├─ head ─> vector (dim)
      └ means of 4 x 4 pixels ─ palette: shares of colours where it attends ──┘
    text ─ sentence model (frozen) ─ features (384) ─────────────────────────── head ─> vector (dim)

ImageNet's features separate kinds of things and hardly colours: a red and a blue shirt are both shirts. So colours have
a branch of their own: a softmax assigns each pixel to the colours of a learned palette, and the shares of the colours
are averaged where the attention maps show the garment.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize, softmax

from ...encode.sentences import DIM
from ..backbones import LITE2
from ..classifier.network import build_network
from .settings import AlignSettings

__all__ = ["CELLS", "FROZEN", "MAP", "SIZE", "SMALL", "JointNetwork", "Trunk", "build_networks"]

SIZE = 224
"""Pixels a side of the photo, as the shipped tower takes it."""

FROZEN = 5
"""Blocks of the tower that keep ImageNet's weights; their maps are computed once."""

MAP, CELLS = 120, 14
"""Channels and cells a side of the map of the last frozen block."""

SMALL = 56
"""Pixels a side of the photo whose colours are sorted: each the mean of 4 x 4."""

_PLACES = 2
"""Attention maps: one for the garment, one for other useful places."""

_HIGHEST_SCALE = 100.0
"""Source: A. Radford et al., CLIP, 2021, section 2.5: beyond it training becomes unstable."""


class Trunk(nn.Module):
    """uint8 (n, height, width, 3) to the map of the last frozen block, float (n, 120, 14, 14)."""

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.stem = nn.Sequential(backbone.conv_stem, backbone.bn1)  # type: ignore[arg-type]
        self.blocks = nn.Sequential(*list(backbone.blocks)[:FROZEN])  # type: ignore[arg-type]
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Trunk:
        """See torch; frozen, it is always in evaluation mode."""
        return super().train(False)

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        normal = (photos.permute(0, 3, 1, 2).float() - self.mean) / self.std
        return cast(Tensor, self.blocks(self.stem(normal)))


class JointNetwork(nn.Module):
    """The layers that are trained. Batch norms keep ImageNet's statistics: shop photos do not update them.

    Args:
        backbone: efficientnet-lite2 without its classifier.
        settings: of the training.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, backbone: nn.Module, settings: AlignSettings) -> None:
        super().__init__()
        blocks = list(backbone.blocks)  # type: ignore[arg-type]
        self.last = nn.Sequential(*blocks[FROZEN:])
        self.end = nn.Sequential(backbone.conv_head, backbone.bn2)  # type: ignore[arg-type]
        width = 1280
        colours, hidden, dim = settings.colours, settings.hidden, settings.dim
        self.palette = nn.Sequential(nn.Conv2d(3, 32, 1), nn.ReLU(), nn.Conv2d(32, colours, 1))
        self.where = nn.Conv2d(MAP, _PLACES, 1)
        seen = width + _PLACES * colours
        self.see = _Head(seen, hidden, dim, settings.dropout)
        self.pooled = nn.LayerNorm(width)
        self.shares = nn.LayerNorm(_PLACES * colours)
        self.read = _Head(DIM, hidden, dim, settings.dropout)
        self.register_buffer("centre", torch.zeros(DIM))
        self.register_buffer("spread", torch.ones(DIM))
        self.log_scale = nn.Parameter(torch.tensor(math.log(settings.scale)))
        self.noise = settings.noise
        nn.init.normal_(self.palette[0].weight, std=1.0)  # type: ignore[arg-type]
        nn.init.normal_(self.palette[2].weight, std=1.0)  # type: ignore[arg-type]

    def train(self, mode: bool = True) -> JointNetwork:
        """See torch and the class."""
        super().train(mode)
        for module in (self.last, self.end):
            module.train(False)
        return self

    @property
    def scale(self) -> Tensor:
        """The factor of cosines in the loss, a scalar: the inverse of the temperature."""
        return self.log_scale.exp().clamp(max=_HIGHEST_SCALE)

    def forward(self, maps: Tensor, small: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return vectors of photos and texts, float32 (n, dim) and (m, dim), of length 1. See ``photos``, ``texts``."""
        photos = normalize(self.photos(maps, small).float(), dim=1)
        return photos, normalize(self.texts(features).float(), dim=1)

    def features(self, maps: Tensor, small: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the head sees, float: pooled features (n, 1280), all >= 0, and shares of colours (n, 128).

        Args:
            maps: of the trunk, float (n, 120, 14, 14).
            small: the photo's colours, float (n, 3, 56, 56), 0 to 255.
        """
        pooled = self.end(self.last(maps)).mean((2, 3))
        cells = avg_pool2d(softmax(self.palette(small / 127.5 - 1), 1), SMALL // CELLS).flatten(2)
        places = softmax(self.where(maps).flatten(2), 2)
        return pooled, (places @ cells.transpose(1, 2)).flatten(1)

    def photos(self, maps: Tensor, small: Tensor) -> Tensor:
        """Return vectors of photos, float (n, dim), not normalised.

        Args:
            maps: of the trunk, float (n, 120, 14, 14).
            small: the photo's colours, float (n, 3, 56, 56), 0 to 255.
        """
        pooled, shares = self.features(maps, small)
        return cast(Tensor, self.see(torch.cat([self.pooled(pooled), self.shares((shares + 1e-4).sqrt())], 1)))

    def texts(self, features: Tensor) -> Tensor:
        """Return vectors of texts, float (n, dim), not normalised.

        Args:
            features: of the sentence model, float (n, 384), each of length 1.
        """
        normal = (features - self.centre) / self.spread
        if self.training and self.noise:
            normal = normal + self.noise * torch.randn_like(normal)
        return cast(Tensor, self.read(normal))


class _Head(nn.Module):
    """The sum of a linear layer and a two-layer perceptron: (n, width) to (n, dim).

    The linear layer carries what the features already separate; the perceptron adds what is not linear in them.
    """

    def __init__(self, width: int, hidden: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.straight = nn.Linear(width, dim)
        self.bend = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim))

    def forward(self, numbers: Tensor) -> Tensor:
        return cast(Tensor, self.straight(numbers) + self.bend(numbers))


def build_networks(settings: AlignSettings) -> tuple[Trunk, JointNetwork, str]:
    """Return the frozen trunk and the trained network with ImageNet's weights, and the source of those weights.

    Raises:
        TrainError: the package with the weights is not installed.
    """
    start = build_network(LITE2, 2)
    backbone = start.network.backbone.to(memory_format=torch.contiguous_format)
    return Trunk(backbone, start.network.mean, start.network.std), JointNetwork(backbone, settings), start.weights
