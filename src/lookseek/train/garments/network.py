"""The network: a frozen tower, and a small decoder that names the kind of garment at each cell.

    photo (320 x 320) ─ tower (frozen) ─┬ stride 32 (352) ─ context ───────────────────────┐
                                        ├ stride 16 (120) ─ refine  <─ doubled ────────────┤
                                        ├ stride  8  (48) ┬ refine  <─ doubled ────────────┘
                                        └ stride  4  (24) ┘    └ kinds of four cells each ─ 80 x 80 cells

A feature pyramid (Lin et al., Feature Pyramid Networks for Object Detection, CVPR 2017) of depthwise separable blocks.
The finest map is folded to the stride of the next, and each cell there tells the kinds of its four parts (Shi et al.,
Real-Time Single Image Super-Resolution, CVPR 2016), which is cheaper than a decoder at stride 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle, softmax

from ..backbones import LITE2
from ..classifier.network import build_network

__all__ = [
    "CELLS",
    "LEVELS",
    "NUMBERS",
    "SIZE",
    "ParserDecoder",
    "ParserNetwork",
    "ParserTower",
    "build_tower",
    "split",
]

SIZE = 320
"""Pixels a side of the photo: at 224 a shoe is two cells of the map of stride 16."""

CELLS = SIZE // 4
"""Cells a side of what is told."""

LEVELS = ((24, 80), (48, 40), (120, 20), (352, 10))
"""Channels and cells a side of the tower's maps, the finest first."""

NUMBERS = sum(channels * side * side for channels, side in LEVELS)
"""Of all maps of a photo."""

_STAGES = (2, 3, 5, 7)
"""Blocks of the tower behind which each map is taken."""


class ParserTower(nn.Module):
    """uint8 (n, 320, 320, 3) to all its maps side by side, float (n, NUMBERS): ImageNet's, frozen. See ``split``.

    Args:
        backbone: efficientnet-lite2 without its classifier.
        mean, std: of its input, on the scale 0 to 255.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        blocks = list(backbone.blocks)  # type: ignore[arg-type]
        self.stem = nn.Sequential(backbone.conv_stem, backbone.bn1)  # type: ignore[arg-type]
        self.stages = nn.ModuleList(
            nn.Sequential(*blocks[start:end]) for start, end in zip((0, *_STAGES), _STAGES, strict=False)
        )
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> ParserTower:
        """See torch; frozen, it is always in evaluation mode."""
        return super().train(False)

    def maps(self, photos: Tensor) -> list[Tensor]:
        """Return the maps of photos, as ``LEVELS`` has them."""
        found = self.stem((photos.permute(0, 3, 1, 2).float() - self.mean) / self.std)
        maps = []
        for stage in self.stages:
            found = stage(found)
            maps.append(found)
        return maps

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        return torch.cat([each.flatten(1) for each in self.maps(photos)], 1)


class ParserDecoder(nn.Module):
    """The tower's maps to logits, float (n, kinds + 1, 80, 80); the first is of what is no garment.

    Args:
        kinds: how many.
        width: channels of each level.
        dropout: share of the channels that a step leaves out before the last layer.
    """

    def __init__(self, kinds: int, width: int, dropout: float) -> None:
        super().__init__()
        (finest, _), (fine, _), (middle, _), (last, _) = LEVELS
        self.last = nn.Sequential(_convolution(last, width, 1), _convolution(width, width, 3))
        self.whole = nn.Linear(width, width)
        self.middle, self.fine = _convolution(middle, width, 1), _convolution(4 * finest + fine, width, 1)
        self.refine_middle = nn.Sequential(_Block(width), _Block(width))
        self.refine_fine = nn.Sequential(_Block(width), _Block(width))
        self.dropout = nn.Dropout2d(dropout)
        self.kinds = nn.Conv2d(width, 4 * (kinds + 1), 1)

    def forward(self, finest: Tensor, fine: Tensor, middle: Tensor, last: Tensor) -> Tensor:
        """See the class; maps as ``LEVELS`` has them."""
        found = self.last(last)
        found = found + self.whole(found.mean((2, 3)))[:, :, None, None]
        found = self.refine_middle(self.middle(middle) + _doubled(found))
        found = self.refine_fine(self.fine(torch.cat([pixel_unshuffle(finest, 2), fine], 1)) + _doubled(found))
        return pixel_shuffle(self.kinds(self.dropout(found)), 2)


class ParserNetwork(nn.Module):
    """uint8 (n, 320, 320, 3) to the probability of each kind at each cell, float (n, kinds + 1, 80, 80)."""

    def __init__(self, tower: ParserTower, decoder: ParserDecoder) -> None:
        super().__init__()
        self.tower, self.decoder = tower, decoder

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        return softmax(self.decoder(*self.tower.maps(photos)), 1)


class _Block(nn.Module):
    """A depthwise separable convolution beside what it changes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, found: Tensor) -> Tensor:
        return torch.relu(found + self.layers(found))


def split(numbers: Tensor) -> list[Tensor]:
    """Return the maps that the tower put side by side, from (n, NUMBERS), channels last: a third faster on a CPU."""
    parts = torch.split(numbers, [channels * side * side for channels, side in LEVELS], 1)
    maps = [part.reshape(-1, channels, side, side) for part, (channels, side) in zip(parts, LEVELS, strict=True)]
    return [each.contiguous(memory_format=torch.channels_last) for each in maps]


def build_tower() -> tuple[ParserTower, str]:
    """Return the tower with ImageNet's weights, and their source.

    Raises:
        TrainError: the package with the weights is not installed.
    """
    start = build_network(LITE2, 2)
    backbone = start.network.backbone.to(memory_format=torch.contiguous_format)
    return ParserTower(backbone, start.network.mean, start.network.std), start.weights


def _convolution(channels: int, out: int, side: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, out, side, padding=side // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU())


def _doubled(found: Tensor) -> Tensor:
    return interpolate(found, scale_factor=2, mode="bilinear", align_corners=False)
