"""The match score of two photos from all pairs of their cells, by reasoning over a graph of them.

A pair of cells of one size is a node. Its similarity vector is s = P |x - y|^2 / ||P |x - y|^2||, with a learned
projection P. Edges are the softmax, over the nodes of all sizes, of (T_out s1) . (T_in s2); a node becomes
h = ReLU(W sum(edge x s)), layer after layer. The node of the two whole photos is read out.

Source: Z. Kuang et al., "Fashion retrieval via graph reasoning networks on a similarity pyramid", ICCV 2019, section 3.
Ours: P has an offset, so that the length of a difference counts and equal cells have a direction; the sizes of the
cells, the layers and the loss, which were not found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .file import CellReduction, PairWeights

__all__ = ["match_scores", "reduce_cells"]

_TINY = 1e-6
_FARTHEST = 50.0
"""Of a logit from 0: beyond it a score is 0 or 1 to the last digit."""


def reduce_cells(cells: NDArray[np.floating], reduction: CellReduction) -> NDArray[np.float32]:
    """Return cells as an index keeps them: roots of their channels, projected, of length 1.

    Args:
        cells: as ``Pyramid.encode`` returns them, float (n, cells, channels).
        reduction: of the matcher.

    Returns:
        float32 (n, cells, dim).
    """
    roots = np.sqrt(np.maximum(cells, 0), dtype=np.float32)
    return _unit(roots @ reduction.weight.T + reduction.offset)


def match_scores(
    query: NDArray[np.floating], photos: NDArray[np.floating], weights: PairWeights
) -> NDArray[np.float64]:
    """Return how well photos match one. It is symmetric, and the score of a pair depends on no other photo.

    Args:
        query: reduced cells, float (cells, dim).
        photos: reduced cells, float (n, cells, dim).
        weights: of the matcher.

    Returns:
        float64 (n,), above 0, below 1.
    """
    one, others = (_unit(_unit(cells.astype(np.float32)) @ weights.embed.T) for cells in (query, photos))
    squares, at = [], 0
    for side in weights.reduction.scales:
        end = at + side * side
        both = (one[None, at:end, None] - others[:, None, at:end]) ** 2
        squares.append(both.reshape(len(others), -1, one.shape[-1]))
        at = end
    nodes = _unit(np.concatenate(squares, axis=1) @ weights.project.T + weights.project_offset)
    for number, layer in enumerate(weights.layers, 1):
        asking = nodes[:, :1] if number == len(weights.layers) else nodes  # the last layer is read at one node
        edges = _softmax((asking @ layer.out.T) @ (nodes @ layer.into.T).transpose(0, 2, 1))
        nodes = np.maximum((edges @ nodes) @ layer.weight.T + layer.offset, 0)
    logits = nodes[:, 0].astype(np.float64) @ weights.read + weights.read_offset
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -_FARTHEST, _FARTHEST))))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.float32(_TINY)), np.float32)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
