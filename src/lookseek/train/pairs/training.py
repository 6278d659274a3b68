"""What the matcher gives the loop: one right photo among near wrong ones, and how often it comes first on val."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ...encode.pairs.file import CellReduction, PairWeights
from ...encode.pairs.matcher import match_scores
from ..trainer.adamw import adamw
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from .network import PairNetwork
from .reduction import ReducedCells
from .settings import PairSettings

__all__ = ["DEPTH", "first_right", "pair_training"]

DEPTH = 50
"""Photos that are re-ranked."""

_ASK = 400
"""Views of val that ask."""

_RIGHT = 0
"""The column of the photo that matches."""


class PairBatch(NamedTuple):
    """A batch.

    Args:
        cells: reduced, of the photos in it, each once, float32 (photos, cells, dim).
        one: row of the photo that asks, int64 (pairs,).
        other: row of the photo that it is compared with: one that matches, then the wrong ones.
        shape: queries and photos that each is compared with, int64 (2,).
    """

    cells: Tensor
    one: Tensor
    other: Tensor
    shape: Tensor


def pair_training(
    network: PairNetwork, reduction: CellReduction, cells: Mapping[str, ReducedCells], settings: PairSettings
) -> Training[PairBatch]:
    """Return the training of a matcher.

    Args:
        network: with its first weights.
        reduction: that made the cells.
        cells: of train and val.
        settings: of the training.
    """
    share = settings.share

    def loss(model: nn.Module, batch: PairBatch) -> Mapping[str, Tensor]:
        logits = model(batch.cells, batch.one, batch.other).float().reshape(batch.shape.tolist())
        right = torch.zeros(len(logits), dtype=torch.int64, device=logits.device)
        wrong = logits.shape[1] - 1
        true = torch.zeros_like(logits)
        true[:, _RIGHT] = 1
        balance = torch.ones_like(logits)
        balance[:, _RIGHT] = wrong
        return {
            "order": cross_entropy(logits, right),
            "apart": binary_cross_entropy_with_logits(logits, true, balance) * (1 + wrong) / (2 * wrong),
        }

    def validate(trained: nn.Module) -> Validation:
        assert isinstance(trained, PairNetwork)
        first, final = first_right(trained.weights(reduction, share), cells["val"])
        return Validation((final,), {"val_recall": final, "val_recall_cosine": first})

    return Training(
        network=network,
        optimiser=adamw(network.parameters(), settings.rate, settings.weight_decay),
        batches=_Shuffled(cells["train"], settings),
        loss=loss,
        weights={"order": 1.0, "apart": settings.apart},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, cosine=True),
        average=settings.average,
    )


def first_right(weights: PairWeights, cells: ReducedCells) -> tuple[float, float]:
    """Return how often the best photo matches, by cosine alone and re-ranked: shares of the views that can ask.

    Some 400 views ask whose item has another plain view; the plain views of a split are searched, itself left out.

    Args:
        weights: of the matcher.
        cells: of val.
    """
    gallery, share, found = np.flatnonzero(cells.plain & cells.usable), weights.share, []
    asking = np.flatnonzero(cells.usable)
    for row in asking[:: max(1, len(asking) // _ASK)]:
        right = (cells.groups[gallery] == cells.groups[row]) & (gallery != row)
        if not right.any():
            continue
        cosines = cells.vectors[gallery] @ cells.vectors[row]
        cosines[gallery == row] = -2
        best = np.argsort(-cosines, kind="stable")[:DEPTH]
        matches = match_scores(cells.cells[row], cells.cells[gallery[best]], weights)
        found.append((right[best[0]], right[best[int(np.argmax((1 - share) * cosines[best] + share * matches))]]))
    first, last = np.array(found, np.float64).mean(0) if found else (0.0, 0.0)
    return float(first), float(last)


class _Shuffled:
    """See Batches: every view that has a match asks once an epoch."""

    def __init__(self, cells: ReducedCells, settings: PairSettings) -> None:
        self._cells, self._settings = cells, settings
        self._gallery = np.flatnonzero(cells.plain & cells.usable)
        groups = cells.groups[self._gallery]
        self._matches: dict[int, NDArray[np.intp]] = {}
        self._near: dict[int, NDArray[np.intp]] = {}
        for row in np.flatnonzero(cells.usable).tolist():
            same = groups == cells.groups[row]
            matches = self._gallery[same & (self._gallery != row)]
            if not len(matches):
                continue
            cosines = cells.vectors[self._gallery] @ cells.vectors[row]
            cosines[same | (self._gallery == row)] = -2
            others = int((cosines > -2).sum())
            if others < settings.wrong:
                continue
            self._matches[row] = matches
            self._near[row] = self._gallery[np.argsort(-cosines, kind="stable")[: min(settings.near, others)]]
        self._rows = np.array(sorted(self._matches), np.intp)
        self._batch = min(settings.batch, len(self._rows))
        self.examples = len(self) * self._batch

    def __len__(self) -> int:
        return len(self._rows) // self._batch if self._batch else 0

    def epoch(self, epoch: int, first: int) -> Iterator[PairBatch]:
        """See Batches."""
        settings = self._settings
        order = np.random.default_rng(derive_seed(settings.seed, epoch)).permutation(self._rows)
        for number in range(first, len(self)):
            asked = order[number * self._batch : (number + 1) * self._batch]
            chance = np.random.default_rng(derive_seed(settings.seed, epoch, number))
            others = np.array(
                [
                    [chance.choice(self._matches[row]), *chance.choice(self._near[row], settings.wrong, replace=False)]
                    for row in asked
                ]
            )
            photos, place = np.unique(np.concatenate([asked, others.ravel()]), return_inverse=True)
            one, other = place[: len(asked)], place[len(asked) :]
            yield PairBatch(
                torch.from_numpy(self._cells.cells[photos]),
                torch.from_numpy(np.repeat(one, others.shape[1])),
                torch.from_numpy(other.astype(np.int64)),
                torch.tensor(others.shape),
            )
