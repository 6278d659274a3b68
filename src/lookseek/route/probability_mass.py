"""How sure a soft router must be: the least mass that keeps the exact answers of queries it was not fitted on.

An answer is kept where the router searches its key. A key is searched once the mass of the keys before it is below the
router's mass, so each answer asks for a mass of its own, and the router's is the least that enough answers ask for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .router import mass_before, select_keys, softmax

__all__ = ["KEPT", "TOP", "Choice", "choose", "lower_bound"]

KEPT = 0.99
"""Share of the exact answers that ``soft`` must keep, on queries that nothing was chosen with."""

TOP = 10
"""Answers of each query that are to be kept."""

SURE = 2.326
"""One-sided 99 %: validation must show ``KEPT`` with this confidence, so that other queries keep no less. Not 95 %:
of all temperatures the most sparing is kept, which is also the luckiest (docs/decisions/route.md)."""

TEMPERATURES = tuple(2.0**power for power in range(-9, 4))
"""From nearly always sure to nearly never; k-means needs the low ones, a calibrated classifier those around 1."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What validation chose, and what it saw.

    Args:
        temperature, probability_mass: the router's.
        kept, visited: shares of the exact answers that ``soft`` kept, and of the items that it searched.
        hard_kept, hard_visited: the same of ``hard``.
        queries: how many asked.
    """

    temperature: float
    probability_mass: float
    kept: float
    visited: float
    hard_kept: float
    hard_visited: float
    queries: int


def choose(
    scores: NDArray[np.float64],
    wanted: NDArray[np.int64],
    sizes: NDArray[np.int64],
    *,
    least: float = KEPT,
) -> Choice:
    """Choose the temperature and mass that keep enough answers and visit least.

    Args:
        scores: of the router for validation's queries, (n, keys).
        wanted: key of each exact answer of each query, (n, answers); -1 where there is none.
        sizes: how many items have each key, (keys,).
        least: share of the exact answers that must be kept.

    Returns:
        Mass 1, which searches all, where validation can't show so much: there are too few queries.
    """
    best: Choice | None = None
    share = sizes / max(1, sizes.sum())
    for temperature in TEMPERATURES:
        posterior = softmax(scores, temperature)
        asked = _asked(posterior, wanted)
        mass = _least_mass(asked, wanted >= 0, least)
        soft, hard = select_keys(posterior, "soft", mass), select_keys(posterior, "hard", mass)
        found = Choice(
            temperature,
            mass,
            _kept(soft, wanted),
            float((soft @ share).mean()),
            _kept(hard, wanted),
            float((hard @ share).mean()),
            len(scores),
        )
        if best is None or found.visited < best.visited:
            best = found
    assert best is not None
    return best


def lower_bound(kept: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    """Return the lower confidence bound of the share of answers kept, at the level ``SURE``.

    Answers of one query stand and fall together, so they count as fewer than they are: by the ratio of the
    variance of the queries' shares to that of as many independent answers.

    Args:
        kept: whether the router searches the answer's key, bool (queries, answers).
        there: whether there is such an answer, same shape; others count for nothing.

    Returns:
        0 to 1; below 1 even where all are kept: few answers show little.

    Source: E. B. Wilson, JASA 22 (1927), the score interval; L. Kish, Survey Sampling, 1965, 8.2, the design effect.
    """
    count = int(there.sum())
    if not count:
        return 0.0
    share = float((kept & there).sum()) / count
    answers = there.sum(axis=1)
    residual = (kept & there).sum(axis=1) - share * answers
    by_query = float((residual**2).sum()) / count**2
    by_answer = share * (1 - share) / count
    size = count / max(1.0, by_query / by_answer if by_answer > 0 else 1.0)
    middle = share + SURE**2 / (2 * size)
    reach = SURE * np.sqrt(share * (1 - share) / size + SURE**2 / (4 * size**2))
    return max(0.0, float((middle - reach) / (1 + SURE**2 / size)))


def _asked(posterior: NDArray[np.float32], wanted: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mass before each answer's key, (n, answers): a larger mass searches that key."""
    return np.take_along_axis(mass_before(posterior), np.maximum(wanted, 0), axis=1)


def _least_mass(asked: NDArray[np.float64], there: NDArray[np.bool_], least: float) -> float:
    levels = np.unique(asked[there])
    low, high = 0, len(levels) - 1
    if high < 0 or lower_bound(there, there) < least:
        return 1.0
    while low < high:
        middle = (low + high) // 2
        if lower_bound(asked <= levels[middle], there) >= least:
            high = middle
        else:
            low = middle + 1
    return min(1.0, float(np.nextafter(levels[low], 2)))


def _kept(taken: NDArray[np.bool_], wanted: NDArray[np.int64]) -> float:
    there = wanted >= 0
    kept = np.take_along_axis(taken, np.maximum(wanted, 0), axis=1) & there
    return float(kept.sum() / max(1, there.sum()))
