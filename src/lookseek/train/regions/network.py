"""The network: a frozen tower, and layers that embed each cell and find the landmarks.

photo (320 x 320) ─ tower (frozen) ─┬ stride 16 (120) ─ doubled ─┐
                                    └ stride  8  (48) ───────────┴ refine ─ 128 numbers and 11 landmarks a cell, 40 x 40
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ...encode.regions import LANDMARKS
from ..garments.network import SIZE, ParserTower, build_tower

__all__ = [
    "CELLS",
    "MAPS",
    "NUMBERS",
    "SIZE",
    "RegionLayers",
    "RegionNetwork",
    "RegionTower",
    "build_region_tower",
    "split",
]

CELLS = SIZE // 8
"""Cells a side."""

MAPS = ((48, CELLS), (120, CELLS // 2))
"""Channels and cells a side of the tower's maps."""

NUMBERS = sum(channels * side * side for channels, side in MAPS)
"""Of both maps of a photo."""

_FIRST, _LAST = 1, 3
"""Stages of the tower whose maps are taken, from 0, the last beyond them."""


class RegionTower(nn.Module):
    """uint8 (n, 320, 320, 3) to its maps side by side, float (n, NUMBERS): ImageNet's, frozen."""

    mean: Tensor
    std: Tensor

    def __init__(self, tower: ParserTower) -> None:
        super().__init__()
        self.stem, self.stages = tower.stem, nn.ModuleList(list(tower.stages)[:_LAST])
        self.register_buffer("mean", tower.mean)
        self.register_buffer("std", tower.std)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> RegionTower:
        """See torch; frozen, it is always in evaluation mode."""
        return super().train(False)

    def maps(self, photos: Tensor) -> list[Tensor]:
        """Return the maps of photos, as ``MAPS`` has them."""
        found = self.stem((photos.permute(0, 3, 1, 2).float() - self.mean) / self.std)
        maps = []
        for stage in self.stages:
            found = stage(found)
            maps.append(found)
        return maps[_FIRST:]

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        return torch.cat([each.flatten(1) for each in self.maps(photos)], 1)


class RegionLayers(nn.Module):
    """The tower's maps to float (n, dim + landmarks, 40, 40): embeddings, then logits of landmarks.

    Args:
        width: channels of the layers.
        dim: of the embeddings.
    """

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        (fine, _), (middle, _) = MAPS
        self.fine, self.middle = _first(fine, width), _first(middle, width)
        self.refine = nn.Sequential(_Block(width), _Block(width))
        self.embed = nn.Conv2d(width, dim, 1)
        self.place = nn.Sequential(_Block(width), _Block(width), nn.Conv2d(width, len(LANDMARKS), 1))
        last = self.place[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        nn.init.constant_(last.bias, -4.0)  # most cells hold no landmark

    def forward(self, fine: Tensor, middle: Tensor) -> Tensor:
        """See the class; maps as ``MAPS`` has them."""
        doubled = interpolate(self.middle(middle), scale_factor=2, mode="bilinear", align_corners=False)
        found = self.refine(self.fine(fine) + doubled)
        return torch.cat([self.embed(found), self.place(found)], 1)


class RegionNetwork(nn.Module):
    """uint8 (n, 320, 320, 3) to float (n, dim + landmarks, 40, 40)."""

    def __init__(self, tower: RegionTower, layers: RegionLayers) -> None:
        super().__init__()
        self.tower, self.layers = tower, layers

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        found: Tensor = self.layers(*self.tower.maps(photos))
        return found


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


def build_region_tower() -> tuple[RegionTower, str]:
    """Return the tower with ImageNet's weights, and their source.

    Raises:
        TrainError: the package with the weights is not installed.
    """
    tower, weights = build_tower()
    return RegionTower(tower), weights


def split(numbers: Tensor) -> list[Tensor]:
    """Return the maps that the tower put side by side, from (n, NUMBERS), channels last."""
    parts = torch.split(numbers, [channels * side * side for channels, side in MAPS], 1)
    maps = [part.reshape(-1, channels, side, side) for part, (channels, side) in zip(parts, MAPS, strict=True)]
    return [each.contiguous(memory_format=torch.channels_last) for each in maps]


def _first(channels: int, width: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
