"""Judges a model of regions on val: verdicts on copies by the landmarks that it finds, and how far those are off."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ...encode.regions import LANDMARKS, REGIONS, region_points
from ...encode.regions.model import SLEEVE, place_landmarks, sample_places
from ...vectors import unit
from .examples import PHOTOS, RegionExamples
from .network import split

__all__ = ["best_threshold", "judge"]

_CHUNK = 8


def judge(
    network: nn.Module, examples: RegionExamples, maps: NDArray[np.float16], dim: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Return figures of val, and the threshold of each region by which verdicts are most often right.

    A verdict is on one region of an original and of one of its copies: same cloth, or another.

    Args:
        network: the layers, in evaluation mode.
        examples: of val.
        maps: of the same photos.
        dim: of a region's vector.

    Returns:
        ``val_accuracy`` over all verdicts, ``val_accuracy_REGION``, and ``val_landmarks``, the median distance of a
        landmark from its place in widths of the photo; and region to threshold.
    """
    vectors, away = _vectors(network, examples, maps, dim)
    figures: dict[str, float] = {}
    thresholds, right, count = {}, 0.0, 0
    firsts = np.repeat(np.arange(0, len(examples), PHOTOS), PHOTOS - 1)
    others = np.setdiff1d(np.arange(len(examples)), firsts)
    for column, region in enumerate(REGIONS):
        both = examples.there[firsts, column] & examples.there[others, column]
        a, b = firsts[both], others[both]
        cosines = (vectors[a, column] * vectors[b, column]).sum(1)
        same = examples.cloths[a, column] == examples.cloths[b, column]
        thresholds[region] = best_threshold(cosines, same)
        hits = ((cosines >= thresholds[region]) == same).sum()
        figures[f"val_accuracy_{region.replace(' ', '_')}"] = float(hits / len(a))
        right, count = right + hits, count + len(a)
    return {"val_accuracy": float(right / count), "val_landmarks": away, **figures}, thresholds


def best_threshold(cosines: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """Return the threshold by which most pairs are sorted rightly into the same and others, midway between two pairs.

    >>> best_threshold(np.array([0.1, 0.3, 0.7, 0.9]), np.array([False, False, True, True]))
    0.5
    """
    order = np.argsort(cosines, kind="stable")
    values, ordered = cosines[order], same[order]
    below = np.concatenate([[0], np.cumsum(~ordered)])  # right where the first so many are others
    above = np.concatenate([np.cumsum(ordered[::-1])[::-1], [0]])
    place = int((below + above).argmax())
    low = values[place - 1] if place > 0 else -1.0
    high = values[place] if place < len(values) else 1.0
    return float((low + high) / 2)


def _vectors(
    network: nn.Module, examples: RegionExamples, maps: NDArray[np.float16], dim: int
) -> tuple[NDArray[np.float64], float]:
    """Return all regions' vectors by landmarks that were found, float64 (n, 5, dim), and how far those are off."""
    vectors, distances = np.zeros((len(examples), len(REGIONS), dim)), []
    device = next(network.parameters()).device
    with torch.no_grad():
        for at in range(0, len(examples), _CHUNK):
            taken = np.arange(at, min(at + _CHUNK, len(examples)))
            found = network(*split(torch.from_numpy(maps[taken].astype(np.float32)).to(device)))
            for row, out in zip(taken, found.float().cpu().numpy(), strict=True):
                places, likely = place_landmarks(out[dim:])
                there = {n: p for n, p in places.items() if "sleeve" not in n or likely[n] >= SLEEVE}
                points, _ = region_points(there)
                vectors[row] = unit(sample_places(out[:dim], points).mean(1), zeros="keep")
                off = np.linalg.norm(np.array([places[n] for n in LANDMARKS]) - examples.landmarks[row], axis=1)
                distances.append(off[examples.known[row]])
    return vectors, float(np.median(np.concatenate(distances)))
