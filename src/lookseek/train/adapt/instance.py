"""The instance part of a photo: a linear map that brings views of one thing together, and kinds near each other.

It begins as the reduction of the features, and is held near it, so that photos of elsewhere keep their order: what a
shop's designs teach is how to weigh directions, not new ones. Losses: Khosla et al., "Supervised contrastive learning",
NeurIPS 2020, equation 2, on things and on kinds; Park et al., "Relational knowledge distillation", CVPR 2019.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor, nn
from torch.nn.functional import normalize

from ...vectors import unit
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from .examples import Example
from .features import FeatureTable
from .settings import AdaptSettings
from .tower import POOLED

__all__ = ["InstanceHead", "Things", "instance_losses", "instance_training", "reduction", "things_of"]

WHITENING = 0.15
"""Power of a direction's variance that its numbers are divided by; .5 is a whole whitening. How it was set:
docs/decisions/adapt.md."""

_SAMPLE = 20_000
"""Photos that the reduction is computed of."""

_LARGEST = 8
"""Photos of a design, at the most: what has more is a brand's plain shirts, not one design."""

_KINDS = ("label", "garment", "articleType")

TEMPERATURE, KIND_TEMPERATURE = 0.1, 0.2
_VIEWS = 3
_TOP_K = 10


@dataclass(frozen=True, slots=True, eq=False)
class Things:
    """What the photos of a split show.

    Args:
        thing: a number of each photo that photos of the same thing share, int64 (n,).
        kind: a number of each photo's kind, within its source, int64 (n,); -1: unknown.
    """

    thing: NDArray[np.int64]
    kind: NDArray[np.int64]


def things_of(items: Sequence[Example]) -> Things:
    """Return what photos show: those of a design show one thing, any other is a thing of its own."""
    count = Counter(item.design for item in items)
    names = [
        f"design {item.design}" if item.design and 2 <= count[item.design] <= _LARGEST else f"photo {item.id}"
        for item in items
    ]
    kinds = [
        next((f"{field} {sorted(item.facts[field])[0]}" for field in _KINDS[:2] if _alone(item, field)), "")
        or (f"type {sorted(item.facts['articleType'])[0]}" if "articleType" in item.facts else "")
        for item in items
    ]
    number = {name: row for row, name in enumerate(dict.fromkeys(names))}
    kind_number = {name: row for row, name in enumerate(sorted(set(kinds) - {""}))}
    return Things(
        np.array([number[name] for name in names], np.int64),
        np.array([kind_number.get(name, -1) for name in kinds], np.int64),
    )


def _alone(item: Example, field: str) -> bool:
    """Whether a field is all that is known of an item's kind: of a shop's item its type is."""
    return field in item.facts and "articleType" not in item.facts


def reduction(photos: FeatureTable, dim: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what makes an instance part of pooled features: their mean, float32 (1280,), and a matrix (1280, dim).

    Features count by their roots, at length 1, as histograms do; centred and whitened as in H. Jegou and O. Chum,
    "Negative evidences and co-occurrences in image retrieval", ECCV 2012, section 3, but weakly.
    """
    able = np.flatnonzero(~np.isin(photos.photo, sorted(photos.broken)))
    rows = able[np.linspace(0, len(able) - 1, min(_SAMPLE, len(able))).astype(int)]
    roots = unit(np.sqrt(photos.features[rows][:, :POOLED].astype(np.float64)))
    mean = roots.mean(0)
    values, vectors = np.linalg.eigh(np.cov((roots - mean).T))
    values, vectors = values[::-1][:dim], vectors[:, ::-1][:, :dim]
    weighed = vectors * (np.maximum(values, 1e-9) / values[0]) ** -WHITENING
    return mean.astype(np.float32), np.ascontiguousarray(weighed, np.float32)


class InstanceHead(nn.Module):
    """Pooled features (n, 1280 and more) to instance parts, float32 (n, dim), of length 1.

    Args:
        dim: of the instance part.
    """

    mean: Tensor
    first: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(POOLED))
        self.register_buffer("first", torch.zeros(POOLED, dim))
        self.matrix = nn.Parameter(torch.zeros(POOLED, dim))

    def begin(self, mean: NDArray[np.float32], matrix: NDArray[np.float32]) -> None:
        """Set the first weights, as ``reduction`` returns them."""
        with torch.no_grad():
            self.mean.copy_(torch.from_numpy(mean))
            self.first.copy_(torch.from_numpy(matrix))
            self.matrix.copy_(self.first)

    def roots(self, features: Tensor) -> Tensor:
        """What the map takes: roots of the pooled features, centred, float32 (n, 1280)."""
        return normalize(features[:, :POOLED].float().clamp(min=0).sqrt(), dim=1) - self.mean

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return normalize(self.roots(features) @ self.matrix, dim=1)

    def begun(self, features: Tensor) -> Tensor:
        """Return what it made of features at first, without gradients, float32 (n, dim), of length 1."""
        with torch.no_grad():
            return normalize(self.roots(features) @ self.first, dim=1)


_OF_THINGS, _OF_KINDS = SupConLoss(temperature=TEMPERATURE), SupConLoss(temperature=KIND_TEMPERATURE)


def instance_losses(made: Tensor, first: Tensor, things: Tensor, kinds: Tensor) -> dict[str, Tensor]:
    """Return the losses of instance parts, scalars by name: things, kinds where two are known, and kept.

    Args:
        made: instance parts, float (n, dim), of length 1.
        first: those by the first weights, whose cosines are kept.
        things: numbers of what they show, int64 (n,).
        kinds: numbers of its kind, int64 (n,), -1: unknown.
    """
    found: dict[str, Tensor] = {"things": _OF_THINGS(made, things)}
    known = kinds >= 0
    if int(known.sum()) > 1:
        found["kinds"] = _OF_KINDS(made[known], kinds[known])
    found["kept"] = (made @ made.T - first @ first.T).square().mean()
    return found


class Views(NamedTuple):
    """A batch: features of views, float32 (n, 1408), their things and their kinds, int64 (n,)."""

    features: Tensor
    things: Tensor
    kinds: Tensor


def instance_training(
    head: InstanceHead,
    train: tuple[FeatureTable, Things],
    val: tuple[FeatureTable, Things],
    settings: AdaptSettings,
) -> Training[Views]:
    """Return the training of the instance part.

    Args:
        head: with its first weights.
        train: photos and what they show.
        val: which chooses the epoch.
        settings: of the training.
    """

    def loss(model: nn.Module, batch: Views) -> Mapping[str, Tensor]:
        return instance_losses(
            cast(Tensor, model(batch.features)), head.begun(batch.features), batch.things, batch.kinds
        )

    def validate(network: nn.Module) -> Validation:
        found = instance_figures(cast(InstanceHead, network), *val)
        return Validation((float(np.mean(list(found.values()))) if found else 0.0,), found)

    return Training(
        network=head,
        optimiser=torch.optim.Adam(head.parameters(), lr=settings.rate),
        batches=_Grouped(*train, settings),
        loss=loss,
        weights={"things": 1.0, "kinds": settings.kinds, "kept": settings.kept},
        validate=validate,
        epochs=settings.instance_epochs,
        seed=(settings.seed, 1),
        schedule=Schedule(settings.warm_up, cosine=True),
        name="training the instance part",
    )


def instance_figures(head: InstanceHead, photos: FeatureTable, things: Things) -> dict[str, float]:
    """Return recall@10 of photos of the same thing, and precision@10 of kinds, each kind of a source alike; 0 to 1."""
    count = len(things.thing)
    with torch.no_grad():
        made = head(torch.from_numpy(photos.features[:count].astype(np.float32)).to(head.mean.device)).cpu().numpy()
    asked = {
        "val_things": np.flatnonzero(np.bincount(things.thing, minlength=1)[things.thing] > 1),
        "val_kinds": np.flatnonzero((things.kind >= 0) & (np.bincount(things.kind + 1)[things.kind + 1] > _TOP_K)),
    }
    found: dict[str, float] = {}
    for name, rows in asked.items():
        numbers = things.thing if name == "val_things" else things.kind
        hits: list[NDArray[np.float64]] = []
        for part in np.array_split(rows, max(1, len(rows) // 1000)):
            scores = made[part] @ made.T
            scores[np.arange(len(part)), part] = -np.inf
            best = np.argpartition(-scores, min(_TOP_K, scores.shape[1] - 1), axis=1)[:, :_TOP_K]
            right = numbers[best] == numbers[part][:, None]
            hits.append(right.any(1).astype(float) if name == "val_things" else right.mean(1))
        if len(rows):
            each = np.concatenate(hits)
            groups = things.kind[rows] if name == "val_kinds" else np.zeros(len(rows), int)
            found[name] = float(np.mean([each[groups == group].mean() for group in np.unique(groups)]))
    return found


class _Grouped:
    """See Batches: some views of each of many things that have two or more."""

    def __init__(self, photos: FeatureTable, things: Things, settings: AdaptSettings) -> None:
        self._photos, self._things, self._seed = photos, things, settings.seed
        views: dict[int, list[int]] = defaultdict(list)
        for view, photo in enumerate(photos.photo.tolist()):
            if photo not in photos.broken:
                views[int(things.thing[photo])].append(view)
        self._views = [some for some in views.values() if len(some) > 1]
        self._batch = min(max(2, settings.batch // _VIEWS), len(self._views))

    @property
    def examples(self) -> int:
        """See Batches."""
        return len(self) * self._batch

    def __len__(self) -> int:
        return len(self._views) // self._batch if self._batch else 0

    def epoch(self, epoch: int, first: int) -> Iterator[Views]:
        """See Batches."""
        chance = np.random.default_rng(derive_seed(self._seed, epoch, 1))
        order = chance.permutation(len(self._views))
        draws = chance.random((len(order), _VIEWS))
        for at in range(first * self._batch, len(order) - self._batch + 1, self._batch):
            rows = []
            for thing in order[at : at + self._batch]:
                some = self._views[thing]
                rows += [some[place] for place in np.argsort(draws[thing])[: len(some)] if place < len(some)]
            views = np.sort(np.array(rows, np.int64))
            photo = self._photos.photo[views]
            features = torch.from_numpy(self._photos.features[views].astype(np.float32))
            yield Views(
                features, torch.from_numpy(self._things.thing[photo]), torch.from_numpy(self._things.kind[photo])
            )
