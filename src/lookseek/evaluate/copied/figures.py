"""The figures of a benchmark of copies: how copies rank, and how many verdicts on their regions are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...encode.regions import REGIONS, RegionMatch
from ...search.copied import WHOLE
from ..bootstrap import intervals
from ..result import Figure
from .asked import AskedDesign

__all__ = ["average_precision", "ranking_figures", "verdict_figures"]

Scores = NDArray[np.float64]


def ranking_figures(
    made: Sequence[AskedDesign], by_regions: Scores, by_photo: Scores, depth: int, seed: int
) -> dict[str, Figure]:
    """Return ``map`` and those beside it, each also by number of changed regions, and ``candidates``.

    Args:
        made: the designs, each with as many copies and distractors as the first; the gallery has them in this order.
        by_regions: score of each design with each of the gallery, float64 (designs, gallery).
        by_photo: likewise, by whole photos.
        depth: how many of the nearest by whole photos are ordered by regions.
        seed: of the bootstrap.
    """
    copies, width = made[0].copies, len(made[0].copies) + len(made[0].others)
    right = np.arange(len(made))[:, None] * width + np.arange(len(copies))
    near = np.argsort(np.argsort(-by_photo, axis=1, kind="stable"), axis=1) < depth
    beyond = by_photo - by_photo.max() - 2  # below all cosines
    together = (1 - WHOLE) * by_regions + WHOLE * by_photo
    orders = {
        "map": np.where(near, together, beyond),
        "map_all": together,
        "map_regions": np.where(near, by_regions, beyond),
        "map_whole": by_photo,
    }

    def mean_precision(scores: Scores, wanted: slice) -> Figure:
        values = []
        for row, columns in zip(scores, right, strict=True):
            others = np.delete(columns, np.arange(len(columns))[wanted])  # right too: neither found nor in the way
            values.append(
                average_precision(np.where(np.isin(np.arange(len(row)), others), -np.inf, row), columns[wanted])
            )
        return _figure(values, seed)

    figures = {name: mean_precision(scores, slice(None)) for name, scores in orders.items()}
    figures["candidates"] = _figure(np.take_along_axis(near, right, axis=1).mean(axis=1).tolist(), seed)
    for place, copy in enumerate(copies):
        for name, scores in orders.items():
            figures[f"{name}/{len(copy.changed)} changed"] = mean_precision(scores, slice(place, place + 1))
    return figures


def average_precision(scores: Scores, right: NDArray[np.intp]) -> float:
    """Return the average precision of one query; a tie counts against it.

    Args:
        scores: of the gallery, float64 (n,).
        right: columns of what should be found, at least one.

    >>> average_precision(np.array([0.9, 0.5, 0.7]), np.array([0, 1]))
    0.8333333333333333
    """
    worst = np.sort([int((scores >= scores[column]).sum()) for column in right])
    return float(np.mean(np.arange(1, len(right) + 1) / worst))


def verdict_figures(
    made: Sequence[AskedDesign], matches: Sequence[Sequence[RegionMatch]], seed: int
) -> dict[str, Figure]:
    """Return ``verdicts``, also by region, ``claimed``, ``always_same``, ``changed_found`` and ``verdicts_forced``.

    ``verdicts`` are left out where none is claimed.

    Args:
        made: the designs, as in ``ranking_figures``.
        matches: of each design with each of the gallery.
        seed: of the bootstrap.
    """
    width = len(made[0].copies) + len(made[0].others)
    right: dict[str, list[float]] = {region: [] for region in REGIONS}
    names = "verdicts", "claimed", "always_same", "changed_found", "verdicts_forced"
    figures: dict[str, list[float]] = {name: [] for name in names}
    for row, one in enumerate(made):
        asked = [(matches[row][row * width + place], copy.changed) for place, copy in enumerate(one.copies)]
        judged = [
            (region, match.verdict(region), region in match.differing, region in changed)
            for match, changed in asked
            for region in match.cosines
        ]
        claimed = [(region, verdict == changed) for region, verdict, _, changed in judged if verdict is not None]
        for region in REGIONS:
            right[region] += _mean([hit for name, hit in claimed if name == region])
        figures["verdicts"] += _mean([hit for _, hit in claimed])
        figures["claimed"] += _mean([verdict is not None for _, verdict, _, _ in judged])
        figures["always_same"] += _mean([not changed for *_, changed in judged])
        figures["changed_found"] += _mean([bool(verdict) for _, verdict, _, changed in judged if changed])
        figures["verdicts_forced"] += _mean([differs == changed for _, _, differs, changed in judged])
    by_region: Mapping[str, list[float]] = {f"verdicts/{region}": values for region, values in right.items()}
    return {name: _figure(values, seed) for name, values in {**figures, **by_region}.items() if values}


def _mean(values: Sequence[bool]) -> list[float]:
    """Return the mean of a design's values; none of no value."""
    return [float(np.mean(values))] if values else []


def _figure(values: Sequence[float], seed: int) -> Figure:
    value, low, high = intervals([np.array(values)[:, None]], seed=seed)[0].tolist()
    return Figure(value, low, high)
