"""What a model of regions gives the loop: a triplet for each region, summed, and where landmarks lie.

Of each region, photos that show the same cloth of the same design there are brought nearer to each other than others,
by a margin (PS-Net's sum of hinges over regions). The embeddings are taken where the regions truly lie; the places of
landmarks are learned beside that. Source of the landmarks' loss: Law and Deng, "CornerNet", ECCV 2018, equation 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import grid_sample, normalize

from ...encode.regions import REGIONS
from ..trainer.adamw import adamw
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from .examples import PHOTOS, RegionExamples
from .network import CELLS, RegionLayers, split
from .settings import RegionsSettings
from .validation import judge

__all__ = ["RegionBatch", "region_vectors", "regions_training"]

_SPREAD = 1.0
"""Standard deviation of a landmark's place, in cells."""


class RegionBatch(NamedTuple):
    """A batch; see ``RegionExamples`` of the fields.

    Args:
        maps: the tower's, float32 (n, NUMBERS).
        points: float32 (n, 5, SAMPLES, 2).
        there: bool (n, 5).
        cloths: int64 (n, 5).
        landmarks: float32 (n, landmarks, 2).
        known: bool (n, landmarks).
    """

    maps: Tensor
    points: Tensor
    there: Tensor
    cloths: Tensor
    landmarks: Tensor
    known: Tensor


def regions_training(
    layers: RegionLayers,
    examples: Mapping[str, RegionExamples],
    maps: Mapping[str, NDArray[np.float16]],
    settings: RegionsSettings,
) -> Training[RegionBatch]:
    """Return the training of a model of regions.

    Args:
        layers: with their first weights.
        examples: of train and val.
        maps: of the same photos.
        settings: of the training.
    """

    def loss(model: nn.Module, batch: RegionBatch) -> Mapping[str, Tensor]:
        out = model(*split(batch.maps)).float()
        vectors = region_vectors(out[:, : settings.dim], batch.points)
        return {
            "regions": _triplets(vectors, batch.there, batch.cloths, settings.margin),
            "landmarks": _placed(out[:, settings.dim :], batch.landmarks, batch.known),
        }

    def validate(network: nn.Module) -> Validation:
        figures = judge(network, examples["val"], maps["val"], settings.dim)[0]
        return Validation((figures["val_accuracy"],), figures)

    return Training(
        network=layers,
        optimiser=adamw(layers.parameters(), settings.rate, settings.weight_decay),
        batches=_Shuffled(examples["train"], maps["train"], settings),
        loss=loss,
        weights={"regions": 1.0, "landmarks": settings.landmarks},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, cosine=True),
        average=settings.average,
    )


def region_vectors(embedded: Tensor, points: Tensor) -> Tensor:
    """Return the mean embedding at the places of each region, of length 1, float32 (n, 5, dim).

    Args:
        embedded: float32 (n, dim, rows, columns).
        points: in widths of the photo, float32 (n, 5, SAMPLES, 2).
    """
    found = grid_sample(embedded, points * 2 - 1, mode="bilinear", padding_mode="border", align_corners=False)
    return normalize(found.mean(3).transpose(1, 2), dim=2)


def _triplets(vectors: Tensor, there: Tensor, cloths: Tensor, margin: float) -> Tensor:
    """Sum over regions of the mean hinge of all triplets that have one."""
    total = vectors.sum() * 0
    for region in range(len(REGIONS)):
        rows = there[:, region].nonzero()[:, 0]
        cosines = vectors[rows, region] @ vectors[rows, region].T
        same = cloths[rows, region][:, None] == cloths[rows, region]
        positive = same & ~torch.eye(len(rows), dtype=torch.bool, device=same.device)
        anchors, others = positive.nonzero(as_tuple=True)
        if not len(anchors):
            continue
        hinges = (margin + cosines[anchors] - cosines[anchors, others][:, None]).clamp(min=0) * ~same[anchors]
        total = total + hinges.sum() / (hinges > 0).sum().clamp(min=1)
    return total


def _placed(logits: Tensor, landmarks: Tensor, known: Tensor) -> Tensor:
    """The penalty-reduced focal loss of heat maps, a landmark's mean."""
    centres = torch.arange(CELLS, device=logits.device) + 0.5
    x, y = (landmarks * CELLS).unbind(-1)
    wide = torch.exp(-((centres - x[..., None]) ** 2) / (2 * _SPREAD**2))
    high = torch.exp(-((centres - y[..., None]) ** 2) / (2 * _SPREAD**2))
    wanted = high[..., :, None] * wide[..., None, :] * known[..., None, None]
    peak = wanted.amax((2, 3), keepdim=True)
    at_peak = (wanted == peak) & known[..., None, None]
    likely = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    there = torch.where(at_peak, (1 - likely) ** 2 * likely.log(), 0)
    elsewhere = torch.where(at_peak, 0, (1 - wanted) ** 4 * likely**2 * (1 - likely).log())
    return -(there.sum() + elsewhere.sum()) / known.sum().clamp(min=1)


class _Shuffled:
    """See Batches: every design once an epoch, with all of its photos."""

    def __init__(self, examples: RegionExamples, maps: NDArray[np.float16], settings: RegionsSettings) -> None:
        self._examples, self._maps, self._seed = examples, maps, settings.seed
        self._designs = len(examples) // PHOTOS
        self._batch = min(settings.batch, self._designs)
        self.examples = len(self) * self._batch * PHOTOS

    def __len__(self) -> int:
        return self._designs // self._batch

    def epoch(self, epoch: int, first: int) -> Iterator[RegionBatch]:
        """See Batches."""
        order = np.random.default_rng(derive_seed(self._seed, epoch)).permutation(self._designs)
        for at in range(first * self._batch, len(self) * self._batch, self._batch):
            designs = np.sort(order[at : at + self._batch])
            rows = (designs[:, None] * PHOTOS + np.arange(PHOTOS)).ravel()
            some = self._examples
            yield RegionBatch(
                torch.from_numpy(self._maps[rows].astype(np.float32)),
                *(
                    torch.from_numpy(table[rows])
                    for table in (some.points, some.there, some.cloths, some.landmarks, some.known)
                ),
            )
