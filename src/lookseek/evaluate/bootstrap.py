"""Intervals and tests by resampling questions.

A figure is the mean over strata of each stratum's mean over its questions. The bootstrap draws as many questions as
there are, with replacement, from each stratum alone, and looks how the figure varies.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993: 13.3 (percentile interval), 16.4 (test by a
shifted sample). In retrieval: Smucker, Allan and Carterette, A Comparison of Statistical Significance Tests for
Information Retrieval Evaluation, CIKM 2007 (paired differences, shift method, two sides).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["intervals", "paired"]

_LEVEL = 0.95

_DRAWS = 1 << 20
"""Questions that are drawn together: bounds the memory to some 30 MB however many there are."""

_NOISE = 1e-9
"""Share of a difference that is rounding: resamples this near to it count as reaching it."""


def intervals(strata: Sequence[NDArray[np.float64]], seed: int = 0, resamples: int = 1000) -> NDArray[np.float64]:
    """Figures and their 95 % percentile intervals.

    Args:
        strata: values of each stratum, (questions, metrics), at least one question each.
        seed: what is drawn follows from it and the numbers of questions: all metrics share the draws.
        resamples: how many times questions are drawn.

    Returns:
        (metrics, 3): value, low, high; low <= value <= high. One question alone says nothing about others: its
        interval is its value.

    Raises:
        ValueError: no stratum, or one without questions: a bug of ours.
    """
    value = _mean(strata)
    low, high = _percentiles(_resampled(strata, seed, resamples))
    return np.stack([value, np.minimum(low, value), np.maximum(high, value)], axis=1)


def paired(
    a_strata: Sequence[NDArray[np.float64]],
    b_strata: Sequence[NDArray[np.float64]],
    seed: int = 0,
    resamples: int = 10_000,
) -> NDArray[np.float64]:
    """How much better b is than a on the same questions, and whether that may be chance.

    With the difference ``d`` of the figures and ``d*`` of a resample, two-sided:
    ``p = (1 + count of |d* - d| >= |d|) / (1 + resamples)``: how often questions drawn where both are equally good
    (the sample shifted by d) differ that much. The ones: Davison and Hinkley, Bootstrap Methods and their
    Application, 1997, chapter 4; so p is never below 1 / (1 + resamples).

    Few questions resample to too little variance (one: to none). So p is not below 2 ** (1 - m) either, where m
    questions differ: what Fisher's randomisation test gives (Smucker et al. 2007) when all m favour one system.

    Args:
        a_strata: of one system, as of ``intervals``.
        b_strata: of the other, the same questions in the same order.
        seed: as of ``intervals``.
        resamples: as of ``intervals``; more, for small p.

    Returns:
        (metrics, 4): difference b - a, low, high of its 95 % interval, p. Of equal values 0, 0, 0, 1.

    Raises:
        ValueError: as ``intervals``; or the shapes differ.
    """
    if [a.shape for a in a_strata] != [b.shape for b in b_strata]:
        raise ValueError("paired systems need the same strata, questions and metrics")
    strata = [b - a for a, b in zip(a_strata, b_strata, strict=True)]
    value, drawn = _mean(strata), _resampled(strata, seed, resamples)
    low, high = _percentiles(drawn)
    reached = np.abs(drawn - value) >= np.abs(value) * (1 - _NOISE)
    differ = sum((np.count_nonzero(stratum, axis=0) for stratum in strata), np.zeros(len(value)))
    p = np.maximum((1 + reached.sum(axis=0)) / (1 + resamples), np.minimum(1, 2.0 ** (1 - differ)))
    return np.stack([value, np.minimum(low, value), np.maximum(high, value), p], axis=1)


def _mean(strata: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    if not strata or not all(len(stratum) for stratum in strata):
        raise ValueError("a figure needs at least one stratum, and each stratum a question")
    mean: NDArray[np.float64] = np.stack([stratum.mean(axis=0) for stratum in strata]).mean(axis=0)
    return mean


def _percentiles(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    ends: NDArray[np.float64] = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=0)
    return ends


def _resampled(strata: Sequence[NDArray[np.float64]], seed: int, resamples: int) -> NDArray[np.float64]:
    """The figures of each resample, (resamples, metrics)."""
    random = np.random.default_rng(seed)
    figures = np.zeros((resamples, strata[0].shape[1]))
    for stratum in strata:
        size = len(stratum)
        step = max(1, _DRAWS // size)
        for start in range(0, resamples, step):
            rows = min(step, resamples - start)
            drawn = random.integers(size, size=(rows, size))
            drawn += np.arange(rows)[:, None] * size
            times = np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)
            figures[start : start + rows] += times.astype(np.float64) @ stratum / size
    return figures / len(strata)
