"""The tower's last stages learn, with heads of their own that are thrown away afterwards; then new heads learn on them.

A tower that a shop alone teaches forgets what carries over to others. So three things hold it: photos of street and
phone are among the photos, cosines of photos are kept near those that the first weights give ("kept", as in
``instance``), and what was learned can be mixed with the first weights ("robust fine-tuning": see
``AdaptSettings.tower``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from ...types import Vectors
from ..align.network import JointNetwork
from ..trainer.adamw import adamw
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from .features import FeatureTable, features_of
from .instance import InstanceHead, Things, instance_losses
from .maps import MapTable
from .network import AdaptedHeads
from .settings import AdaptSettings
from .training import PhotosAndTexts, SplitArrays, load_texts, text_losses
from .validation import ValidationQueries, retrieval_figures

__all__ = ["LastStages", "last_stages_training", "mix"]

_CHUNK = 256
_HEAD_SHARE = 0.3
"""Learning rate of the instance head, of that of the other heads: it begins where it is nearly right."""


class LastStages(nn.Module):
    """The last stages, and heads behind them.

    Args:
        joint: the last stages, with their first weights; the palette and its places stay.
        heads: with their first weights, the instance part's too.
    """

    def __init__(self, joint: JointNetwork, heads: AdaptedHeads) -> None:
        super().__init__()
        self.joint, self.heads = joint, heads
        self.joint.requires_grad_(False)
        for module in (joint.last, joint.end):
            module.requires_grad_(True).to(memory_format=torch.channels_last)
        self.heads.instance.requires_grad_(True)


class ViewsAndTexts(NamedTuple):
    """A batch: n views, a caption and a title of each, and what they show.

    Args:
        maps, small: of the views, as ``JointNetwork.photos`` takes them.
        first: instance parts by the first weights, float32 (n, instance).
        things, kinds: numbers as ``Things`` has them, int64 (n,).
        texts: as heads learn from them; its features are those of the first weights.
    """

    maps: Tensor
    small: Tensor
    first: Tensor
    things: Tensor
    kinds: Tensor
    texts: PhotosAndTexts


def last_stages_training(
    fabric: Fabric,
    network: LastStages,
    train: tuple[SplitArrays, MapTable, Things],
    val: tuple[SplitArrays, MapTable, ValidationQueries, Vectors],
    settings: AdaptSettings,
) -> Training[ViewsAndTexts]:
    """Return the training of the last stages.

    Args:
        fabric: launched, of one device.
        network: with its first weights.
        train: what it learns from; its features are those of the first weights.
        val: its photos and titles, their maps, the queries, and the features of their words.
        settings: of the training.
    """
    losses = text_losses(network.heads, train[0])

    def loss(_: nn.Module, batch: ViewsAndTexts) -> Mapping[str, Tensor]:
        joint, heads = network.joint, network.heads
        with fabric.autocast():  # not as Fabric's module: see align.training
            pooled, shares = joint.features(batch.maps, batch.small)
        features = torch.cat([pooled.float(), shares.float()], 1)
        found = losses(heads, batch.texts._replace(features=features))
        found |= instance_losses(heads.instance(features), batch.first, batch.things, batch.kinds)
        return found

    def validate(kept: nn.Module) -> Validation:
        split, maps, queries, words = val
        learned = cast(LastStages, kept)
        views = range(0, len(split.texts.titles), _CHUNK)
        parts = [features_of(learned.joint, maps, slice(at, at + _CHUNK), fabric).cpu() for at in views]
        features = torch.cat(parts).clamp(0, 60_000).numpy().astype(np.float16)
        figure, named = retrieval_figures(learned.heads, features, split.texts.titles, split.words, queries, words)
        return Validation((figure,), {"val": figure, **named})

    return Training(
        network=network,
        optimiser=_optimiser(network, settings),
        batches=_Neighbours(network.heads.instance, *train, settings),
        loss=loss,
        weights={
            "captions": 1.0,
            "titles": settings.titles,
            "attributes": settings.attributes,
            "relations": settings.relations,
            "things": settings.things,
            "kinds": settings.things * settings.kinds,
            "kept": settings.kept,
        },
        validate=validate,
        epochs=settings.tower_epochs,
        seed=(settings.seed, 2),
        schedule=Schedule(settings.warm_up, cosine=True),
        average=settings.average,
        name="training the last stages",
    )


def mix(joint: JointNetwork, learned: Mapping[str, Tensor], share: float) -> None:
    """Move last stages towards what they learned.

    Args:
        joint: with the first weights; changed.
        learned: the weights of a ``LastStages``, by name.
        share: of the way, 0 to 1.
    """
    with torch.no_grad():
        for name, parameter in joint.named_parameters():
            if name.split(".")[0] in ("last", "end"):
                parameter.lerp_(learned[f"joint.{name}"].to(parameter.device), share)


def _optimiser(network: LastStages, settings: AdaptSettings) -> torch.optim.AdamW:
    """AdamW at three rates: of the tower, of the heads, and of the instance head, which does not decay."""
    instance, decay = network.heads.instance.matrix, settings.weight_decay
    heads = [one for one in network.heads.parameters() if one is not instance]
    rated = ((network.joint.parameters(), settings.tower_rate), (heads, settings.rate))
    groups = [
        {name: group[name] for name in ("params", "lr", "weight_decay")}
        for some, rate in rated
        for group in adamw(some, rate, decay).param_groups
    ]
    return torch.optim.AdamW([*groups, {"params": [instance], "lr": settings.rate * _HEAD_SHARE, "weight_decay": 0.0}])


class _Neighbours:
    """See Batches: every view once an epoch, in a random order in which the views of a thing stand side by side."""

    def __init__(
        self, first: InstanceHead, train: SplitArrays, maps: MapTable, things: Things, settings: AdaptSettings
    ) -> None:
        self._train, self._maps, self._seed = train, maps, settings.seed
        photo = maps.photo
        broken = np.isin(photo, np.array(sorted(maps.broken), np.int64))
        self._views = np.flatnonzero(~broken & train.texts.captioned[photo])
        self._thing, self._kind = things.thing[photo], things.kind[photo]
        self._first = _instance_parts(first, train.photos)
        self._batch = min(settings.tower_batch, len(self._views))

    @property
    def examples(self) -> int:
        """See Batches."""
        return len(self) * self._batch

    def __len__(self) -> int:
        return len(self._views) // self._batch

    def epoch(self, epoch: int, first: int) -> Iterator[ViewsAndTexts]:
        """See Batches."""
        chance = np.random.default_rng(derive_seed(self._seed, epoch, 2))
        place = chance.random(int(self._thing.max()) + 1)[self._thing[self._views]]
        order = self._views[np.argsort(place, kind="stable")]
        draws, mirrored = chance.random(len(order)), chance.random(len(order)) < 0.5
        for number in chance.permutation(len(self))[first:]:
            part = slice(number * self._batch, (number + 1) * self._batch)
            yield self._load(order[part], draws[part], mirrored[part])

    def _load(self, views: NDArray[np.int64], draws: NDArray[np.float64], mirrored: NDArray[np.bool_]) -> ViewsAndTexts:
        by_place = np.argsort(views)  # the file is read in its order
        views, draws, mirrored = views[by_place], draws[by_place], mirrored[by_place]
        maps, small = self._maps.load(views)
        flipped = torch.from_numpy(mirrored)[:, None, None, None]
        return ViewsAndTexts(
            torch.where(flipped, maps.flip(3), maps),
            torch.where(flipped, small.flip(3), small),
            torch.from_numpy(self._first[views]),
            torch.from_numpy(self._thing[views]),
            torch.from_numpy(self._kind[views]),
            load_texts(self._train, views, draws),
        )


def _instance_parts(head: InstanceHead, photos: FeatureTable) -> Vectors:
    """Return instance parts of views by the first weights, float32 (views, instance)."""
    chunks = (photos.features[at : at + _CHUNK].astype(np.float32) for at in range(0, len(photos.features), _CHUNK))
    vectors: Vectors = torch.cat([head.begun(torch.from_numpy(chunk)) for chunk in chunks]).numpy()
    return vectors
