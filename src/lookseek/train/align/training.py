"""What a joint space gives the loop: photos and texts in batches, a contrastive loss, and retrieval on val.

Source of the loss, symmetric and with several positives a row: Khosla et al., Supervised Contrastive Learning, NeurIPS
2020, equation 2, as pytorch-metric-learning has it; between photos and texts as in Radford et al., CLIP, 2021.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from pytorch_metric_learning.distances import DotProductSimilarity
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor, nn
from torch.nn.functional import normalize

from ...types import Vectors
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from .maps import FeatureMaps
from .network import JointNetwork
from .pair_masks import caption_pairs, title_pairs
from .settings import AlignSettings
from .texts import LANGUAGES, EmbeddedTexts
from .validation import ValidationQueries, retrieval_figures

__all__ = ["SplitArrays", "align_training", "contrastive_loss"]

_CHUNK = 256
"""Photos that are embedded together where nothing is learned."""

_SUPERVISED_CONTRAST = SupConLoss(temperature=1.0, distance=DotProductSimilarity(normalize_embeddings=False))


@dataclass(frozen=True, slots=True, eq=False)
class SplitArrays:
    """Photos and texts of train or val, as numbers.

    Args:
        maps: of the photos.
        texts: of titles and captions.
        values: of the photos, int64 (n, fields), -1: unknown.
        designs: number of each photo's design, int64 (n,), -1: unknown.
        colours: number of each photo's colour, int64 (n,), -1: unknown.
        rows: photos that can be used, int64 (m,).
    """

    maps: FeatureMaps
    texts: EmbeddedTexts
    values: NDArray[np.int64]
    designs: NDArray[np.int64]
    colours: NDArray[np.int64]
    rows: NDArray[np.intp]


class PhotosAndTexts(NamedTuple):
    """A batch: n photos, a caption of each, and a title of each.

    Args:
        maps, small: of the photos, as ``JointNetwork.photos`` takes them.
        features: of the n captions, then of the n titles, float32 (2 n, 384).
        values: of the photos, int64 (n, fields), -1: unknown.
        stated: values that the captions state, int64 (n, fields), -1: not stated.
        titles: number of each photo's title, int64 (n,), -1: none; its row of ``features`` is then of another text.
        designs, colours: as ``SplitArrays`` has them.
    """

    maps: Tensor
    small: Tensor
    features: Tensor
    values: Tensor
    stated: Tensor
    titles: Tensor
    designs: Tensor
    colours: Tensor


def align_training(
    fabric: Fabric,
    joint: JointNetwork,
    train: SplitArrays,
    val: tuple[SplitArrays, ValidationQueries, dict[str, Vectors]],
    settings: AlignSettings,
) -> Training[PhotosAndTexts]:
    """Return the training of a joint space.

    Args:
        fabric: launched, of one device.
        joint: with its first weights.
        train: what it learns from.
        val: its photos and titles, the queries, and the features of their words by language.
        settings: of the training.
    """

    def loss(_: nn.Module, batch: PhotosAndTexts) -> Mapping[str, Tensor]:
        with fabric.autocast():  # not as Fabric's module, which would round maps and features to 16 bits first
            photos, texts = joint(batch.maps, batch.small, batch.features)
        scaled, count = photos * joint.scale, len(photos)
        pairs = {"captions": (texts[:count], caption_pairs(batch.values, batch.stated))}
        if (batch.titles >= 0).any():
            pairs["titles"] = texts[count:], title_pairs(batch.titles, batch.designs, batch.colours)
        found = {name: contrastive_loss(scaled, some, *masks) for name, (some, masks) in pairs.items()}
        mean = {name: each / len(found) for name, each in found.items()}  # a batch without titles counts as much
        return {**mean, "scale": joint.scale.detach()}

    def validate(network: nn.Module) -> Validation:
        split, queries, words = val
        joint = cast(JointNetwork, network)
        titles = split.texts.table.titles, embed_texts(joint, split.texts.features)
        vectors = {language: embed_texts(joint, some) for language, some in words.items()}
        figure, parts = retrieval_figures(embed_images(joint, split), titles, queries, vectors)
        return Validation((figure,), {"val": figure, **parts})

    return Training(
        network=joint,
        optimiser=torch.optim.AdamW(_parameter_groups(joint, settings)),
        batches=_Shuffled(train, settings),
        loss=loss,
        weights={"captions": 1.0, "titles": 1.0, "scale": 0.0},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, cosine=True),
        average=settings.average,
    )


def contrastive_loss(photos: Tensor, texts: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Return how badly photos and texts find each other, both ways, a scalar.

    Args:
        photos: float (n, dim), of length 1 times the scale of the logits.
        texts: float (m, dim), of length 1.
        positive: pairs that belong together, bool (n, m).
        negative: pairs that do not, bool (n, m); pairs that are neither are left out.
    """
    pairs = (*positive.nonzero(as_tuple=True), *negative.nonzero(as_tuple=True))
    back = (*positive.T.nonzero(as_tuple=True), *negative.T.nonzero(as_tuple=True))
    forth: Tensor = _SUPERVISED_CONTRAST(photos, None, pairs, texts)
    both: Tensor = (forth + _SUPERVISED_CONTRAST(texts, None, back, photos)) / 2
    return both


class _Shuffled:
    """See Batches: every photo once an epoch, in a view and with a caption in a language that chance chooses."""

    def __init__(self, train: SplitArrays, settings: AlignSettings) -> None:
        self._train, self._seed = train, settings.seed
        self._batch = min(settings.batch, len(train.rows))

    @property
    def examples(self) -> int:
        """See Batches."""
        return len(self) * self._batch

    def __len__(self) -> int:
        return len(self._train.rows) // self._batch

    def epoch(self, epoch: int, first: int) -> Iterator[PhotosAndTexts]:
        """See Batches."""
        chance = np.random.default_rng(derive_seed(self._seed, epoch))
        rows = chance.permutation(self._train.rows)
        views = chance.integers(0, self._train.maps.views, len(rows))
        language = chance.integers(0, len(LANGUAGES), len(rows))
        for at in range(first * self._batch, len(rows) - self._batch + 1, self._batch):
            part = slice(at, at + self._batch)
            yield self._load(rows[part], views[part], language[part])

    def _load(self, rows: NDArray[np.intp], views: NDArray[np.intp], language: NDArray[np.intp]) -> PhotosAndTexts:
        train, table = self._train, self._train.texts.table
        captions, titles = table.captions[rows, language], table.titles[rows]
        texts = np.concatenate([captions, np.maximum(titles, 0)])
        known = (train.values[rows], table.stated[captions], titles, train.designs[rows], train.colours[rows])
        features = torch.from_numpy(train.texts.features[texts])
        return PhotosAndTexts(
            *train.maps.load(rows * train.maps.views + views), features, *map(torch.from_numpy, known)
        )


def _parameter_groups(joint: JointNetwork, settings: AlignSettings) -> list[dict[str, object]]:
    """Parameters in groups of one learning rate and weight decay: decay is of matrices and kernels alone."""
    tower = {id(parameter) for module in (joint.last, joint.end) for parameter in module.parameters()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in joint.parameters():
        rate = settings.tower_rate if id(parameter) in tower else settings.rate
        groups.setdefault((rate, settings.weight_decay if parameter.ndim > 1 else 0.0), []).append(parameter)
    return [{"params": some, "lr": rate, "weight_decay": decay} for (rate, decay), some in groups.items()]


def embed_images(joint: JointNetwork, split: SplitArrays) -> Vectors:
    """Return vectors of a split's photos, as they are and not mirrored, float32 (n, dim), of length 1."""
    found = []
    rows, device = np.arange(len(split.values)) * split.maps.views, joint.log_scale.device
    with torch.no_grad():
        for start in range(0, len(rows), _CHUNK):
            maps, small = split.maps.load(rows[start : start + _CHUNK])
            found.append(normalize(joint.photos(maps.to(device), small.to(device)), dim=1))
    vectors: Vectors = torch.cat(found).cpu().numpy()
    return vectors


def embed_texts(joint: JointNetwork, features: Vectors) -> Vectors:
    """Return vectors of texts, float32 (n, dim), of length 1."""
    with torch.no_grad():
        given = torch.from_numpy(features).to(joint.log_scale.device)
        vectors: Vectors = normalize(joint.texts(given), dim=1).cpu().numpy()
    return vectors
