"""The matcher as it is trained: ``encode/pairs/matcher.py`` is what a search computes of its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from ...encode.pairs.file import CellReduction, PairLayer, PairWeights
from .settings import PairSettings

__all__ = ["PairNetwork"]

_STEEP = 4.0
"""Standard deviation of the first projection, with which its results are as large as its offset."""

_PEAKED = 5.0
"""Of the first edges: the logit of two nodes with equal similarity vectors. At 0 every node would see all alike."""


class PairNetwork(nn.Module):
    """Pairs of reduced cells to a logit.

    Args:
        scales: cells a side at each size.
        settings: of the training.
    """

    def __init__(self, scales: tuple[int, ...], settings: PairSettings) -> None:
        super().__init__()
        self.scales = scales
        self.embed = nn.Linear(settings.dim, settings.inner, bias=False)
        self.project = nn.Linear(settings.inner, settings.width)
        widths = [settings.width, *[settings.hidden] * settings.layers]
        self.out = nn.ModuleList(nn.Linear(width, settings.hidden, bias=False) for width in widths[:-1])
        self.into = nn.ModuleList(nn.Linear(width, settings.hidden, bias=False) for width in widths[:-1])
        self.layers = nn.ModuleList(nn.Linear(width, settings.hidden) for width in widths[:-1])
        self.read = nn.Linear(widths[-1], 1)
        self._start()

    def _start(self) -> None:
        """Set first weights by which pairs differ from the start: a squared difference is 2 / numbers at the most."""
        nn.init.eye_(self.embed.weight)  # the directions in which cells differ most come first
        nn.init.normal_(self.project.weight, std=_STEEP)
        for ends in (*self.out, *self.into):
            nn.init.eye_(ends.weight)
            with torch.no_grad():
                ends.weight.mul_(_PEAKED**0.5)

    def forward(self, cells: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """Return the logits of pairs, float (pairs,).

        Args:
            cells: reduced, float (n, cells, dim), each of length 1.
            one: row of the first photo of each pair, int64 (pairs,).
            other: row of the second.
        """
        cells = normalize(self.embed(cells), dim=-1)
        first, second = cells[one], cells[other]
        squares, at = [], 0
        for side in self.scales:
            end = at + side * side
            squares.append(((first[:, at:end, None] - second[:, None, at:end]) ** 2).flatten(1, 2))
            at = end
        nodes = normalize(self.project(torch.cat(squares, 1)), dim=-1)
        for number, (out, into, layer) in enumerate(zip(self.out, self.into, self.layers, strict=True), 1):
            asking = nodes[:, :1] if number == len(self.layers) else nodes
            edges = torch.softmax(out(asking) @ into(nodes).transpose(1, 2), -1)
            nodes = torch.relu(layer(edges @ nodes))
        logits: Tensor = self.read(nodes[:, 0])[:, 0]
        return logits

    def weights(self, reduction: CellReduction, share: float) -> PairWeights:
        """Return what a search computes with.

        Args:
            reduction: of the cells that this has learned from.
            share: of the match score in the final score.
        """

        def array(tensor: Any) -> NDArray[np.float32]:
            return np.ascontiguousarray(tensor.detach().cpu().numpy(), np.float32)

        layers = tuple(
            PairLayer(array(out.weight), array(into.weight), array(layer.weight), array(layer.bias))
            for out, into, layer in zip(self.out, self.into, self.layers, strict=True)
        )
        return PairWeights(
            reduction,
            share,
            array(self.embed.weight),
            array(self.project.weight),
            array(self.project.bias),
            layers,
            array(self.read.weight)[0],
            float(self.read.bias.detach()),
        )
