"""How attention over a photo's cells is trained: as ``train combiner`` trains a Combiner, by the same loop.

The same triplets in the same order and words, the same loss, rate, schedule and seed; the cells come beside. A training
that was killed goes on from its last epoch or minute, and its log is in the folder, since the loop is the recipe's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from attention_cells import CELLS, seen
from attention_network import BESIDE, Attention
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import normalize
from ways import Join, take

from lookseek.progress import Progress
from lookseek.train.combiner.exam import Exam
from lookseek.train.combiner.order import Order
from lookseek.train.combiner.settings import CombinerSettings, settings_of
from lookseek.train.combiner.step import Batch, Stage, fit
from lookseek.train.combiner.towers import Known
from lookseek.train.combiner.triplets import Example, Triplets
from lookseek.train.combiner.tune import groups_of
from lookseek.train.export.graph import written
from lookseek.train.trainer.devices import Machine, launched
from lookseek.train.trainer.run_folder import BEST
from lookseek.types import Photo, Vectors

__all__ = ["GRIDS", "Seen", "begun", "cells_of", "graph_of", "joined_by", "read", "trained"]

GRIDS = {"words and photo": (), "its cells too": (0,), "the garment's cells too": (0, 1)}
"""What attention sees to which cells that are: 0 of the whole photo, 1 of the garment."""

_KNOWN_BY = 2000
"""Photos by which it is learned how large numbers of cells are."""

_ROWS = 512
"""Rows that are composed together when it is not learned from them."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Cells, float16 (n, places, channels), and the row of each photo."""

    cells: NDArray[np.float16]
    rows: Mapping[str, int]

    def of(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Of photos, float32 (len(ids), places, channels)."""
        chosen: NDArray[np.float32] = self.cells[[self.rows[id] for id in ids]].astype(np.float32)
        return chosen

    def part(self, grids: Sequence[int]) -> Seen:
        """Some of the grids."""
        places = [place for grid in grids for place in range(grid * CELLS * CELLS, (grid + 1) * CELLS * CELLS)]
        return Seen(self.cells[:, places], self.rows)


def cells_of(model: Path, checksum: str, photos: Mapping[str, Photo], ids: Sequence[str], progress: Progress) -> Seen:
    """Both grids of photos, the whole photo's first; from the cache where it has them."""
    cells, rows = seen(model, checksum, photos, list(dict.fromkeys(ids)), progress)
    return Seen(cells.reshape(len(cells), 2 * CELLS * CELLS, -1), rows)


def begun(dim: int, cells: Seen, settings: CombinerSettings, ids: Sequence[str]) -> Attention:
    """With its first weights; photos by whose cells it learns how large these are."""
    torch.manual_seed(settings.seed)
    network = Attention(dim, settings, *cells.cells.shape[1:])
    if cells.cells.shape[1]:
        network.know(cells.of(ids[:_KNOWN_BY]))
    return network


def joined_by(network: Attention, cells: Seen) -> Join:
    """Composes by photos' ids."""

    def join(ids: Sequence[str], photos: Vectors, texts: Vectors) -> Vectors:
        network.eval()
        parts = []
        with torch.no_grad():
            for start in range(0, len(ids), _ROWS):
                rows = slice(start, start + _ROWS)
                given = photos[rows], texts[rows], cells.of(ids[rows])
                parts.append(network(*map(torch.from_numpy, given)).numpy())
        return np.concatenate(parts) if parts else photos[:0]

    return join


def trained(
    cells: Seen, triplets: Triplets, known: Known, settings: CombinerSettings, folder: Path, progress: Progress
) -> tuple[Attention, int]:
    """Train to the end, from the folder's checkpoint on where it has one.

    Args:
        cells: of every reference of the triplets and of val.
        triplets: of train and val.
        known: features of all their photos and texts.
        settings: of the training.
        folder: of the run.
        progress: told of every batch.

    Returns:
        The network of its best epoch on val, in evaluation mode, and which epoch that was.
    """
    fabric = launched(Machine("cpu"), settings.precision)
    network = begun(known.photos.shape[1], cells, settings, [e.reference for e in triplets.train])
    folder.mkdir(parents=True, exist_ok=True)
    whole = _Joined(network)
    stage = Stage(
        number=2,
        name="attention",
        network=whole,
        optimiser=torch.optim.AdamW(_decayed(whole, settings)),
        rate=settings.rate,
        epochs=settings.epochs,
        batches=_Cells(known, cells, triplets, settings),
        scale=lambda: network.scale,
        judge=lambda: _judged(triplets.exams["val"], known, joined_by(network, cells)),
        training=whole.train,
    )
    state = fit(fabric, stage, settings, folder, progress)
    return read(folder), state.best_epoch


def read(folder: Path) -> Attention:
    """The network of a run's best epoch, in evaluation mode; its weights say how large it is."""
    weights = {name.removeprefix("network."): value for name, value in load_file(folder / BEST).items()}
    places, channels, dim = len(weights["places"]) - BESIDE, len(weights["centre"]), weights["photo_in.weight"].shape[1]
    network = Attention(dim, settings_of("modern", {}), places, channels)
    network.load_state_dict(weights)
    return network.eval()


def graph_of(network: Attention) -> onnx.ModelProto:
    """As ONNX, of ``photos`` and ``texts`` (n, dim), and ``cells`` (n, places, channels) where it sees any."""
    rows = torch.rand((2, network.dim), generator=torch.Generator().manual_seed(0))
    cells = {"cells": torch.ones((2, *network.shape))} if network.shape[0] else {}
    remedy = "install the versions that lookseek[train] names"
    return written(network, {"photos": rows, "texts": rows.flip(0), **cells}, remedy)


def _judged(exam: Exam, known: Known, join: Join) -> tuple[float, dict[str, float]]:
    evaluation = take(exam, known, join, {"name": "training"})
    figures = {name: evaluation.result.metrics[name].value for name in exam.judged}
    return float(np.mean([*figures.values()])), figures


def _decayed(network: nn.Module, settings: CombinerSettings) -> list[dict[str, object]]:
    """Decay is of matrices alone, as the Combiner's is."""
    return [
        {
            "params": [p for p in network.parameters() if (p.ndim > 1) is matrix],
            "lr": settings.rate,
            "weight_decay": settings.weight_decay if matrix else 0.0,
        }
        for matrix in (True, False)
    ]


class _Joined(nn.Module):
    """Attention as the loop trains it."""

    def __init__(self, network: Attention) -> None:
        super().__init__()
        self.network = network

    def forward(self, photos: Tensor, texts: Tensor, cells: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return self.network(photos, texts, cells), normalize(targets, dim=-1)


class _Cells:
    """The batches that a Combiner learns from, with the cells of what asks beside."""

    def __init__(self, known: Known, cells: Seen, triplets: Triplets, settings: CombinerSettings) -> None:
        made = triplets.lots(settings)
        sizes = [(len(some), share) for some, share in made]
        self._order = Order(len(triplets.train), sizes, settings.batch, settings.seed, 2)
        self._whole: list[Example] = [*triplets.train, *(one for some, _ in made for one in some)]
        self._known, self._cells, self._groups = known, cells, groups_of(self._whole)

    def __len__(self) -> int:
        return len(self._order)

    def epoch(self, epoch: int, first: int) -> Iterator[Batch]:
        """See lookseek.train.combiner.step.Batches."""
        for places, form in self._order.epoch(epoch, first):
            some = [self._whole[place] for place in places]
            ids, texts = [e.reference for e in some], [e.texts[k] for e, k in zip(some, form, strict=True)]
            targets = self._known.of([e.target for e in some])
            arrays = self._known.of(ids), self._known.said(texts), self._cells.of(ids), targets
            yield tuple(map(torch.from_numpy, arrays)), self._groups[torch.from_numpy(places)]
