"""What is done to a training photo by chance, so that the network sees each garment in many ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # settings name an augmentation, and are read without torch
    from torch import Tensor

__all__ = ["MARGIN", "Augment", "Augmentation", "augmentation"]

Augment: TypeAlias = Literal["none", "strong"]
"""Names of augmentations."""

Augmentation: TypeAlias = "Callable[[Tensor], Tensor]"
"""A photo uint8 (3, side, side) to a photo uint8 (3, size, size)."""

MARGIN = 8 / 7
"""A photo that will be cropped is decoded this much larger than the input. Source: the usual 256 for 224."""


def augmentation(name: Augment, size: int) -> Augmentation:
    """Return an augmentation; it draws from torch's global generator.

    ``strong``: half to all of the photo, mirrored or not, turned by up to 15 degrees on white, in other light. Hues
    change little, since a garment's colour is part of what it is.

    Args:
        name: ``none`` returns the photo as it is.
        size: pixels a side of what comes out.
    """
    import torch
    from torchvision.transforms import v2

    if name == "none":
        return torch.nn.Identity()
    chain: Augmentation = v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=(0.5, 1.0), ratio=(0.8, 1.25), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomRotation(15, fill=255),
            v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.05),
        ]
    )
    return chain
