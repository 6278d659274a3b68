"""The network that is trained: a backbone, its pooled features, and a last layer for the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from ..backbones import LOCAL, build_backbone
from .settings import ClassifierSettings

__all__ = ["ClassifierNetwork", "InitialNetwork", "build_network", "parameter_groups"]


class ClassifierNetwork(nn.Module):
    """A backbone with a new last layer. It takes photos as they are decoded and normalises them itself.

    Args:
        backbone: float32 (n, 3, height, width), normalised, to pooled features (n, dim) or (n, dim, 1, 1).
        dim: of the features.
        classes: how many.
        mean: subtracted, per channel, on the scale 0 to 255.
        std: divided by, per channel, on the scale 0 to 255.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, backbone: nn.Module, dim: int, classes: int, mean: Sequence[float], std: Sequence[float]
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = nn.Linear(dim, classes)
        nn.init.normal_(self.classifier.weight, std=0.01)
        nn.init.zeros_(self.classifier.bias)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).reshape(1, 3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)

    def freeze(self, share: float) -> None:
        """Keep the first layers as they are, for good: no gradient goes there.

        Args:
            share: of the backbone's weights, 0 to 1.
        """
        own = list(self.backbone.parameters())
        for parameter in own[: round(share * len(own))]:
            parameter.requires_grad_(False)

    def train(self, mode: bool = True) -> ClassifierNetwork:
        """See torch; batch norms of frozen layers go on using what they know."""
        super().train(mode)
        for module in self.backbone.modules():
            own = list(module.parameters(recurse=False))
            if own and not any(parameter.requires_grad for parameter in own):
                module.training = False
        return self

    def features(self, photos: Tensor) -> Tensor:
        """Pooled features, float (n, dim), of photos uint8 (n, 3, height, width)."""
        normal = ((photos.float() - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        return cast(Tensor, self.backbone(normal)).flatten(1)

    def forward(self, photos: Tensor) -> Tensor:
        """Logits, float (n, classes), of photos uint8 (n, 3, height, width)."""
        return cast(Tensor, self.classifier(self.features(photos)))


@dataclass(frozen=True, slots=True)
class InitialNetwork:
    """A network before training.

    Args:
        network: with a new last layer.
        dim: of its features.
        mean, std: of its input, on the scale 0 to 255.
        weights: where the first weights come from, as it stands beside every figure.
    """

    network: ClassifierNetwork
    dim: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    weights: str


def build_network(name: str, classes: int, weights: str = LOCAL) -> InitialNetwork:
    """Makes a network with a new last layer on a backbone.

    Args:
        name: as ``backbones.build_backbone`` takes it.
        classes: of the last layer, >= 2.
        weights: as ``backbones.build_backbone`` takes them.

    Raises:
        TrainError: no such network, or weights that can't be had or don't fit.
    """
    base = build_backbone(name, weights)
    network = ClassifierNetwork(base.module, base.dim, classes, base.mean, base.std)
    return InitialNetwork(network, base.dim, base.mean, base.std, base.weights)


def parameter_groups(network: ClassifierNetwork, settings: ClassifierSettings) -> list[dict[str, object]]:
    """Parameters in groups of one learning rate and weight decay.

    The last layer learns at ``rate``, the first weights of the backbone at ``deepest_rate`` of it, those between
    geometrically, by their place among the backbone's parameters: early layers see edges and fabrics, which need less
    change than what tells garments apart. Decay is of matrices and kernels alone.

    Source: Howard and Ruder, Universal Language Model Fine-tuning, ACL 2018, section 3.2 (discriminative rates);
    no decay of biases and norms as in He et al., Bag of Tricks for Image Classification, CVPR 2019, section 3.1.
    """
    own = list(network.backbone.parameters())
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for place, parameter in enumerate([*own, *network.classifier.parameters()]):
        if not parameter.requires_grad:
            continue
        depth = min(1.0, place / max(1, len(own)))
        rate = settings.rate * settings.deepest_rate ** (1 - round(depth, 1))
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": parameters, "lr": rate, "weight_decay": decay} for (rate, decay), parameters in groups.items()]
