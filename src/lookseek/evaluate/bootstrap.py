"""Intervals and tests by resampling units.

A figure is the mean over strata of each stratum's mean over its queries. Queries of one unit (one photo that asks
in many ways, or on many attributes) say much the same, so they stand and fall together: the bootstrap draws as many
units as there are, with replacement, each with all its queries in all strata, and looks how the figure varies.

Strata that share no unit are drawn from apart. Strata that share some, directly or through others, are drawn from
together. To draw apart the units that are in the very same strata would be nearer to stratified sampling, but where
units lack some strata by chance, such groups get so small that they hardly vary: intervals would be far too narrow.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993: 13.3 (percentile interval), 16.4 (test by a
shifted sample). Whole units: Davison and Hinkley, Bootstrap Methods and their Application, 1997, 3.8 (hierarchical
data); Field and Welsh, Bootstrapping Clustered Data, JRSS B 69, 2007 (cluster bootstrap). In retrieval: Smucker, Allan
and Carterette, A Comparison of Statistical Significance Tests for Information Retrieval Evaluation, CIKM 2007 (paired
differences, shift method, two sides).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["intervals", "paired"]

_LEVEL = 0.95

_DRAWS = 1 << 20
"""Units that are drawn together: bounds the memory to some 30 MB however many there are."""

_NOISE = 1e-9
"""Share of a difference that is rounding: resamples this near to it count as reaching it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """Units that are drawn from together, and the strata that they are in.

    Args:
        sums: of the values of each unit's queries, (units, strata, metrics).
        sizes: how many queries each unit has, (units, strata); 0 where it has none.
    """

    sums: NDArray[np.float64]
    sizes: NDArray[np.float64]


def intervals(
    strata: Sequence[NDArray[np.float64]],
    units: Sequence[Sequence[str]] | None = None,
    seed: int = 0,
    resamples: int = 1000,
) -> NDArray[np.float64]:
    """Figures and their 95 % percentile intervals.

    Args:
        strata: values of each stratum, (queries, metrics), at least one query each.
        units: for each stratum the unit of each of its queries; a name means the same unit in all strata. None:
            every query is a unit of its own.
        seed: what is drawn follows from it and from which queries share a unit: all metrics share the draws.
        resamples: how many times units are drawn.

    Returns:
        (metrics, 3): value, low, high; low <= value <= high. One unit alone says nothing about others: its
        interval is its value.

    Raises:
        ValueError: no stratum, one without queries, or units that are not one for each query: a bug of ours.
    """
    value = _mean(strata)
    low, high = _percentiles(_resampled(_pools(strata, units), seed, resamples))
    return np.stack([value, np.minimum(low, value), np.maximum(high, value)], axis=1)


def paired(
    a_strata: Sequence[NDArray[np.float64]],
    b_strata: Sequence[NDArray[np.float64]],
    units: Sequence[Sequence[str]] | None = None,
    seed: int = 0,
    resamples: int = 10_000,
) -> NDArray[np.float64]:
    """Return how much better b is than a on the same queries, and whether that may be chance.

    With the difference ``d`` of the figures and ``d*`` of a resample, two-sided:
    ``p = (1 + count of |d* - d| >= |d|) / (1 + resamples)``: how often units drawn where both are equally good
    (the sample shifted by d) differ that much. The ones: Davison and Hinkley, Bootstrap Methods and their
    Application, 1997, chapter 4; so p is never below 1 / (1 + resamples).

    Few units resample to too little variance (one: to none). So p is not below 2 ** (1 - m) either, where m units
    differ (in the sum of their queries in a stratum): what Fisher's randomisation test gives (Smucker et al. 2007)
    when all m favour one system.

    Args:
        a_strata: of one system, as of ``intervals``.
        b_strata: of the other, the same queries in the same order.
        units: as of ``intervals``.
        seed: as of ``intervals``.
        resamples: as of ``intervals``; more, for small p.

    Returns:
        (metrics, 4): difference b - a, low, high of its 95 % interval, p. Of equal values 0, 0, 0, 1.

    Raises:
        ValueError: as ``intervals``; or the shapes differ.
    """
    if [a.shape for a in a_strata] != [b.shape for b in b_strata]:
        raise ValueError("paired systems need the same strata, queries and metrics")
    strata = [b - a for a, b in zip(a_strata, b_strata, strict=True)]
    value, pools = _mean(strata), _pools(strata, units)
    drawn = _resampled(pools, seed, resamples)
    low, high = _percentiles(drawn)
    reached = np.abs(drawn - value) >= np.abs(value) * (1 - _NOISE)
    differ = np.sum([pool.sums.any(axis=1).sum(axis=0) for pool in pools], axis=0)
    p = np.maximum((1 + reached.sum(axis=0)) / (1 + resamples), np.minimum(1, 2.0 ** (1 - differ)))
    return np.stack([value, np.minimum(low, value), np.maximum(high, value), p], axis=1)


def _mean(strata: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    if not strata or not all(len(stratum) for stratum in strata):
        raise ValueError("a figure needs at least one stratum, and each stratum a query")
    mean: NDArray[np.float64] = np.stack([stratum.mean(axis=0) for stratum in strata]).mean(axis=0)
    return mean


def _percentiles(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    ends: NDArray[np.float64] = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=0)
    return ends


def _pools(strata: Sequence[NDArray[np.float64]], units: Sequence[Sequence[str]] | None) -> list[_Pool]:
    """Return the pools of units that are resampled together; without units each stratum is one."""
    if units is None:
        return [_Pool(stratum[:, None], np.ones((len(stratum), 1))) for stratum in strata]
    asked, named = [len(stratum) for stratum in strata], [len(names) for names in units]
    if asked != named:
        raise ValueError(f"each query needs a unit: the strata have {asked} queries and {named} units")
    return [_pool([strata[i] for i in some], [units[i] for i in some]) for some in _connected(units)]


def _pool(strata: Sequence[NDArray[np.float64]], units: Sequence[Sequence[str]]) -> _Pool:
    row: dict[str, int] = {}
    rows = [np.array([row.setdefault(name, len(row)) for name in names]) for names in units]
    sums = np.zeros((len(row), len(strata), strata[0].shape[1]))
    for place, (stratum, own) in enumerate(zip(strata, rows, strict=True)):
        np.add.at(sums[:, place], own, stratum)
    sizes = np.stack([np.bincount(own, minlength=len(row)) for own in rows], axis=1)
    return _Pool(sums, sizes.astype(np.float64))


def _connected(units: Sequence[Sequence[str]]) -> list[list[int]]:
    """Return groups of strata that share units, directly or through others, as sorted lists of their places."""
    group = list(range(len(units)))
    first: dict[str, int] = {}
    for place, names in enumerate(units):
        for other in {first.setdefault(name, place) for name in names}:
            old, new = group[place], group[other]
            group = [new if each == old else each for each in group]
    return [[place for place, each in enumerate(group) if each == one] for one in sorted(set(group))]


def _resampled(pools: Sequence[_Pool], seed: int, resamples: int) -> NDArray[np.float64]:
    """Return the figures of each resample, (resamples, metrics)."""
    random = np.random.default_rng(seed)
    figures = np.zeros((resamples, pools[0].sums.shape[2]))
    for pool in pools:
        count = len(pool.sums)
        flat = pool.sums.reshape(count, -1)
        plain = pool.sums.sum(axis=0) / pool.sizes.sum(axis=0)[:, None]
        step = max(1, _DRAWS // max(flat.shape))
        for start in range(0, resamples, step):
            rows = min(step, resamples - start)
            drawn = random.integers(count, size=(rows, count))
            drawn += np.arange(rows)[:, None] * count
            times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)
            sizes = (times @ pool.sizes)[:, :, None]
            means = (times @ flat).reshape(rows, *plain.shape) / np.maximum(sizes, 1)
            # a stratum none of whose units was drawn says nothing: it keeps its mean
            figures[start : start + rows] += np.where(sizes > 0, means, plain).sum(axis=1)
    figures /= sum(pool.sums.shape[1] for pool in pools)
    return figures
