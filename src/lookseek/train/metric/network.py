"""The network: a backbone or a frozen model's vectors, the embedding, and the class layer beside it.

photo ─ backbone ─ pooling ─┐
├─ features ─ embedding (dim) ──────────── searched
vector of a frozen model ───┘                 └─ (relaxation) ─ class layer
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from ...errors import TrainError
from ..backbones import LOCAL, build_backbone
from .settings import FROZEN, MetricSettings, Pooling

__all__ = ["Embedding", "EmbeddingSettings", "InitialNetwork", "MetricNetwork", "build_network", "parameter_groups"]

GEM_POWER = 3.0
"""Of the generalised mean before it learns. Source: Radenović et al., Fine-tuning CNN Image Retrieval, TPAMI 2019."""

RELAXATION_DROPOUT = 0.5
"""Source of the module (conv, ReLU, dropout, conv): Park et al., CVPRW 2019; its share was not found, this is ours."""


class Pool(nn.Module):
    """A map float (n, dim, h, w) to features (n, dim): the most of each channel, or the generalised mean."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(GEM_POWER)) if pooling == "gem" else None

    def forward(self, maps: Tensor) -> Tensor:
        """See the class."""
        if self.power is None:
            return maps.amax((2, 3))
        return maps.clamp(min=1e-6).pow(self.power).mean((2, 3)).pow(1 / self.power)


class EmbeddingSettings(Protocol):
    """Settings of any recipe that ends in an ``Embedding``; see ``MetricSettings`` for what each is."""

    @property
    def dim(self) -> int: ...

    @property
    def hidden(self) -> int: ...

    @property
    def dropout(self) -> float: ...

    @property
    def neck(self) -> bool: ...


class Embedding(nn.Module):
    """Features float (n, width) to vectors (n, dim): a linear way, one with a bend beside it, a batch norm."""

    def __init__(self, width: int, settings: EmbeddingSettings) -> None:
        super().__init__()
        self.drop = nn.Dropout(settings.dropout)
        self.straight = nn.Linear(width, settings.dim)
        self.bend = (
            nn.Sequential(
                nn.Linear(width, settings.hidden),
                nn.GELU(),
                nn.Dropout(settings.dropout),
                nn.Linear(settings.hidden, settings.dim),
            )
            if settings.hidden
            else None
        )
        self.neck = nn.BatchNorm1d(settings.dim) if settings.neck else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        features = self.drop(features)
        vectors = self.straight(features)
        if self.bend is not None:
            vectors = vectors + self.bend(features)
        return cast(Tensor, self.neck(vectors))


class MetricNetwork(nn.Module):
    """Photos, or vectors of a frozen model, to embeddings and logits of the classes.

    Args:
        backbone: float32 (n, 3, size, size), normalised, to features or maps; None where vectors come in.
        width: of the features.
        classes: of the class layer; 0 for none.
        settings: of the training.
        mean: subtracted from photos, per channel, on the scale 0 to 255.
        std: they are divided by, per channel, on the scale 0 to 255.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: nn.Module | None,
        width: int,
        classes: int,
        settings: MetricSettings,
        mean: Sequence[float] = (0, 0, 0),
        std: Sequence[float] = (1, 1, 1),
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pool = Pool(settings.pooling) if backbone is not None and settings.pooling != "average" else None
        self.embedding = Embedding(width, settings)
        self.classifier = _class_layer(settings, classes) if classes else None
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).reshape(1, 3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)

    def freeze(self, share: float) -> None:
        """Keep a backbone's first layers as they are; ``share`` is of its weights, 0 to 1."""
        own = [] if self.backbone is None else list(self.backbone.parameters())
        for parameter in own[: round(share * len(own))]:
            parameter.requires_grad_(False)

    def train(self, mode: bool = True) -> MetricNetwork:
        """See torch; batch norms of frozen layers go on using what they know."""
        super().train(mode)
        for module in self.backbone.modules() if self.backbone is not None else ():
            own = list(module.parameters(recurse=False))
            if own and not any(parameter.requires_grad for parameter in own):
                module.training = False
        return self

    def embed(self, inputs: Tensor) -> Tensor:
        """Return embeddings, float (n, dim), not of length 1.

        Args:
            inputs: photos uint8 (n, 3, size, size), or vectors of the frozen model, float32 (n, width), of length 1.
        """
        if self.backbone is None:
            return cast(Tensor, self.embedding(inputs))
        normal = ((inputs.float() - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        features = self.backbone(normal)
        features = features.flatten(1) if self.pool is None else self.pool(features)
        return cast(Tensor, self.embedding(features))

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings (n, dim) and logits (n, classes), (n, 0) without a class layer; see ``embed``."""
        vectors = self.embed(inputs)
        return vectors, vectors[:, :0] if self.classifier is None else self.classifier(vectors)


def _class_layer(settings: MetricSettings, classes: int) -> nn.Module:
    last = nn.Linear(settings.dim, classes)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.zeros_(last.bias)
    if not settings.relaxation:
        return last
    between = nn.Linear(settings.dim, settings.dim), nn.ReLU(), nn.Dropout(RELAXATION_DROPOUT)
    return nn.Sequential(*between, nn.Linear(settings.dim, settings.dim), last)


@dataclass(frozen=True, slots=True)
class InitialNetwork:
    """A network before training.

    Args:
        network: with a new embedding.
        width: of the features.
        mean, std: of its input, on the scale 0 to 255.
        weights: where the first weights of the backbone come from, as it stands beside every figure.
    """

    network: MetricNetwork
    width: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    weights: str


def build_network(settings: MetricSettings, classes: int, width: int = 0, weights: str = LOCAL) -> InitialNetwork:
    """Make a network.

    Args:
        settings: of the training.
        classes: of the class layer; 0 for none.
        width: of a frozen model's vectors; 0 builds the backbone that the settings name.
        weights: as ``backbones.build_backbone`` takes them.

    Raises:
        TrainError: no such backbone, weights that can't be had, or a pooling that it does not take.
    """
    if width:
        return InitialNetwork(MetricNetwork(None, width, classes, settings), width, (0, 0, 0), (1, 1, 1), "")
    if settings.backbone.startswith(FROZEN):
        raise ValueError(f"{settings.backbone} is a model, its width is needed")
    base = build_backbone(settings.backbone, weights)
    if settings.pooling != "average":
        _unpool(base.module, settings)
    network = MetricNetwork(base.module, base.dim, classes, settings, base.mean, base.std)
    return InitialNetwork(network, base.dim, base.mean, base.std, base.weights)


def _unpool(backbone: Any, settings: MetricSettings) -> None:
    """Let a network of timm end in its last map."""
    if not hasattr(backbone, "reset_classifier"):
        raise TrainError(
            f"{settings.backbone} pools by itself, so --pooling {settings.pooling} has no map to pool: give "
            f"timm/{settings.backbone}, or --pooling average"
        )
    backbone.reset_classifier(0, "")
    with torch.no_grad():
        if backbone.eval()(torch.zeros(1, 3, settings.size, settings.size)).ndim != 4:
            raise TrainError(
                f"{settings.backbone} ends in no map: give --pooling average, or a network of convolutions"
            )


def parameter_groups(network: nn.Module, settings: MetricSettings) -> list[dict[str, object]]:
    """Return parameters in groups of one learning rate and weight decay.

    All that is new learns at ``rate``; a backbone's first weights at ``deepest_rate`` of it, those between
    geometrically, as ``classifier.network.parameter_groups`` does and why. Decay is of matrices and kernels alone.
    """
    backbone = [name for name, _ in network.named_parameters() if ".backbone." in f".{name}"]
    place = {name: number / max(1, len(backbone)) for number, name in enumerate(backbone)}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            rate = settings.rate * settings.deepest_rate ** (1 - round(place.get(name, 1.0), 1))
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": parameters, "lr": rate, "weight_decay": decay} for (rate, decay), parameters in groups.items()]
