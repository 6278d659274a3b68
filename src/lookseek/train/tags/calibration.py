"""Calibrated probabilities, and the threshold of each value, both from val.

Source of the calibration: Platt, Probabilistic Outputs for Support Vector Machines, 1999, with his targets that are
never quite 0 or 1; a value that val knows too little of keeps its logistic function.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["calibrate", "expected_error", "thresholds"]

FEWEST = 10
"""Photos of val that have the value, and as many that lack it, from which on it is calibrated."""

FEWEST_WRITTEN = 10
"""Photos of val at a threshold at the least: the precision of fewer says nothing."""

_STEPS = 50


def calibrate(logits: NDArray[np.float32], known: NDArray[np.int8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return slope and offset of each value, float32 (values,).

    Args:
        logits: float32 (n, values).
        known: int8 (n, values): 1, 0, or -1 for unknown.
    """
    slopes, offsets = np.ones(logits.shape[1]), np.zeros(logits.shape[1])
    for column in range(logits.shape[1]):
        rows = known[:, column] >= 0
        truth = known[rows, column].astype(np.float64)
        right, wrong = truth.sum(), len(truth) - truth.sum()
        if min(right, wrong) >= FEWEST:
            target = np.where(truth == 1, (right + 1) / (right + 2), 1 / (wrong + 2))
            slopes[column], offsets[column] = _fit(logits[rows, column].astype(np.float64), target)
    return slopes.astype(np.float32), offsets.astype(np.float32)


def _fit(logits: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[float, float]:
    """Newton's steps on the cross-entropy, which is convex; each is halved until it gains."""
    point, inputs = np.array([1.0, 0.0]), np.stack([logits, np.ones_like(logits)], axis=1)

    def loss(at: NDArray[np.float64]) -> float:
        z = inputs @ at
        return float(np.mean(np.logaddexp(0, z) - target * z))

    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(inputs @ point, -60, 60)))
        slope = inputs.T @ (share - target) / len(target)
        curve = (inputs * (share * (1 - share))[:, None]).T @ inputs / len(target) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        while loss(point - step) > loss(point) and np.abs(step).max() > 1e-9:
            step /= 2
        point = point - step
        if np.abs(step).max() < 1e-7:
            break
    return (float(point[0]), float(point[1])) if point[0] > 0 else (1.0, 0.0)


def thresholds(probabilities: NDArray[np.float32], known: NDArray[np.int8], precise: float) -> tuple[float | None, ...]:
    """Return the lowest probability of each value from which on it is right often enough; None where there is none.

    Args:
        probabilities: float32 (n, values).
        known: int8 (n, values): 1, 0, or -1 for unknown.
        precise: share of right ones that is wanted.
    """
    found: list[float | None] = []
    for column in range(known.shape[1]):
        rows = np.flatnonzero(known[:, column] >= 0)
        order = rows[np.argsort(-probabilities[rows, column], kind="stable")]
        scores, truth = probabilities[order, column], known[order, column] == 1
        precision = np.cumsum(truth) / np.arange(1, len(truth) + 1)
        last = np.append(scores[1:] < scores[:-1], True)  # photos of one score are written together
        good = np.flatnonzero((precision >= precise) & last & (np.arange(1, len(truth) + 1) >= FEWEST_WRITTEN))
        found.append(float(scores[good[-1]]) if len(good) else None)
    return tuple(found)


def expected_error(probabilities: NDArray[np.float32], known: NDArray[np.int8], bins: int = 15) -> float:
    """Return how far probabilities are from the shares that are right, on average over all that is known.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, equation 3, with 15 bins.
    """
    rows, columns = np.nonzero(known >= 0)
    scores, truth = probabilities[rows, columns], known[rows, columns] == 1
    place = np.minimum((scores * bins).astype(int), bins - 1)
    total = 0.0
    for number in range(bins):
        own = place == number
        if own.any():
            total += own.mean() * abs(float(scores[own].mean()) - float(truth[own].mean()))
    return total
