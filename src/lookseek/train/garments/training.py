"""What the parser gives the loop: cross-entropy and overlap of cells, and what is known of photos without a mask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax, one_hot

from ...catalogue.garment_kinds import KINDS
from ...catalogue.garment_masks import UNKNOWN
from ..trainer.adamw import adamw
from ..trainer.loop import Training, Validation
from ..trainer.schedule import Schedule
from ..trainer.seeds import derive_seed
from .features import ParserMaps
from .network import ParserDecoder, split
from .settings import GarmentsSettings

__all__ = ["garments_training", "mean_iou"]

_CERTAIN = 0.1
"""Share of a photo's cells that show its one kind at the least: those that show it most."""

_CHUNK = 16


class CellBatch(NamedTuple):
    """A batch.

    Args:
        maps: the tower's, float32 (n, NUMBERS).
        cells: kind at each cell, int64 (n, 80, 80), ``UNKNOWN`` among them.
        kind: the one kind of a view whose cells are unknown, int64 (n,); 0 where they are known.
    """

    maps: Tensor
    cells: Tensor
    kind: Tensor


def garments_training(
    fabric: Fabric, decoder: ParserDecoder, maps: Mapping[str, ParserMaps], settings: GarmentsSettings
) -> Training[CellBatch]:
    """Return the training of a parser.

    Args:
        fabric: launched.
        decoder: with its first weights.
        maps: of train and val.
        settings: of the training.
    """
    balance = _balance(maps["train"], settings.rare)

    def loss(model: nn.Module, batch: CellBatch) -> Mapping[str, Tensor]:
        logits = model(*split(batch.maps)).float()
        masked = batch.kind == 0
        return {
            "cells": cross_entropy(logits[masked], batch.cells[masked], balance.to(logits.device), ignore_index=UNKNOWN)
            if masked.any()
            else logits.sum() * 0,
            "overlap": _overlap(logits[masked], batch.cells[masked]) if masked.any() else logits.sum() * 0,
            "flat": _one_kind(logits[~masked], batch.kind[~masked]) if not masked.all() else logits.sum() * 0,
        }

    def validate(network: nn.Module) -> Validation:
        figures = mean_iou(fabric, network, maps["val"])
        return Validation((figures["val_miou"],), figures)

    return Training(
        network=decoder,
        optimiser=adamw(decoder.parameters(), settings.rate, settings.weight_decay),
        batches=_Shuffled(maps["train"], settings),
        loss=loss,
        weights={"cells": 1.0, "overlap": settings.overlap, "flat": settings.flat_share},
        validate=validate,
        epochs=settings.epochs,
        seed=(settings.seed,),
        schedule=Schedule(settings.warm_up, cosine=True),
        average=settings.average,
    )


def mean_iou(fabric: Fabric, network: nn.Module, maps: ParserMaps) -> dict[str, float]:
    """Return the intersection over union of each kind over all cells of a split, and their mean as ``val_miou``.

    A kind that no cell shows and none is told to show counts nowhere.
    """
    size = len(KINDS) + 1
    counts = np.zeros((size, size), np.int64)
    rows = maps.usable
    with torch.no_grad():
        for at in range(0, len(rows), _CHUNK):
            some = rows[at : at + _CHUNK]
            told = network(*split(fabric.to_device(torch.from_numpy(maps.maps[some].astype(np.float32)))))
            found, true = told.argmax(1).cpu().numpy(), maps.cells[some]
            known = true != UNKNOWN
            pairs = size * true[known].astype(np.int64) + found[known]
            counts += np.bincount(pairs, minlength=size * size).reshape(size, size)
    shown = counts.sum(0) + counts.sum(1) - counts.diagonal()
    figures = {
        f"val_iou_{kind}": float(counts[row, row] / shown[row]) for row, kind in enumerate(KINDS, 1) if shown[row]
    }
    return {"val_miou": float(np.mean(list(figures.values()))) if figures else 0.0, **figures}


def _balance(maps: ParserMaps, power: float) -> Tensor:
    """Return how much a cell of each kind counts, float32 (kinds + 1,): 1 on average over cells."""
    counts = np.bincount(maps.cells[maps.kind == 0].ravel(), minlength=256)[: len(KINDS) + 1].astype(np.float64)
    weight = np.where(counts > 0, (counts.sum() / np.maximum(counts, 1)) ** power, 0.0)
    return torch.from_numpy((weight * counts.sum() / (weight * counts).sum()).astype(np.float32))


def _overlap(logits: Tensor, cells: Tensor) -> Tensor:
    """1 - Dice over the batch, the mean of the kinds that it shows."""
    known = (cells != UNKNOWN).float()[:, None]
    true = one_hot(cells.where(cells != UNKNOWN, 0), logits.shape[1]).permute(0, 3, 1, 2).float() * known
    told = logits.softmax(1) * known
    both, all = (told * true).sum((0, 2, 3)), (told + true).sum((0, 2, 3))
    shown = true.sum((0, 2, 3)) > 0
    shown[0] = False
    dice = (2 * both + 1) / (all + 1)
    return (1 - dice)[shown].mean() if shown.any() else logits.sum() * 0


def _one_kind(logits: Tensor, kind: Tensor) -> Tensor:
    """Each cell shows this kind or none, and the surest cells show it."""
    told = log_softmax(logits, 1).flatten(2)
    rows = torch.arange(len(kind), device=kind.device)
    own = told[rows, kind]
    allowed = torch.logaddexp(own, told[:, 0])
    surest = own.topk(max(1, int(_CERTAIN * own.shape[1])), 1).values
    return -(allowed.mean() + surest.mean())


class _Shuffled:
    """See Batches: every view once an epoch."""

    def __init__(self, maps: ParserMaps, settings: GarmentsSettings) -> None:
        self._maps, self._rows, self._seed = maps, maps.usable, settings.seed
        self._batch = min(settings.batch, len(self._rows))
        self.examples = len(self) * self._batch

    def __len__(self) -> int:
        return len(self._rows) // self._batch

    def epoch(self, epoch: int, first: int) -> Iterator[CellBatch]:
        """See Batches."""
        order: NDArray[np.intp] = np.random.default_rng(derive_seed(self._seed, epoch)).permutation(self._rows)
        for at in range(first * self._batch, len(self) * self._batch, self._batch):
            rows = np.sort(order[at : at + self._batch])
            yield CellBatch(
                torch.from_numpy(self._maps.maps[rows].astype(np.float32)),
                torch.from_numpy(self._maps.cells[rows].astype(np.int64)),
                torch.from_numpy(self._maps.kind[rows]),
            )
