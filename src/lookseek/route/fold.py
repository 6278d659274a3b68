"""What fitted estimators say, as plain products of numpy: scikit-learn takes up to 10 ms to look at a single query.

Each equals what scikit-learn says of the same vectors (``tests/test_router.py``); both times stand in
docs/benchmarks/routing.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Vectors
from .router import Scores

__all__ = ["scores_of"]

_LEAST = 1e-12
"""Probability below which a logarithm is cut."""


def scores_of(estimator: Any) -> Scores:
    """What a fitted estimator of ``fit`` says of vectors of unit length, see ``router.Scores``.

    Raises:
        TypeError: it is none of those.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression

    if isinstance(estimator, KMeans):
        return _cells(estimator)
    scaler, last = estimator[0], estimator[-1]
    if isinstance(last, LogisticRegression):
        return _linear(scaler, last)
    if isinstance(last, CalibratedClassifierCV):
        return _machine(scaler, last)
    raise TypeError(f"{type(last).__name__} is no router")


def _cells(estimator: Any) -> Scores:
    """Minus the squared distance to each centre, but for the vector's own length of 1."""
    centres = np.asarray(estimator.cluster_centers_, np.float32)
    lengths = (centres.astype(np.float64) ** 2).sum(axis=1)
    return lambda vectors: 2.0 * (vectors @ centres.T) - lengths


def _linear(scaler: Any, model: Any) -> Scores:
    """The scaling goes into the weights."""
    weights = (model.coef_ / scaler.scale_).astype(np.float32)
    offset = model.intercept_ - (model.coef_ / scaler.scale_) @ scaler.mean_
    if len(weights) == 1:  # of two classes the second one's alone is kept
        weights, offset = np.stack([0 * weights[0], weights[0]]), np.array([0.0, offset[0]])
    return lambda vectors: (vectors @ weights.T).astype(np.float64) + offset


def _machine(scaler: Any, calibrated: Any) -> Scores:
    """Logarithms of an SVM's calibrated probabilities.

    One decision a pair of classes, from the kernel with each support vector; the pairs' votes and confidences; a
    sigmoid a class.

    Source: C.-C. Chang, C.-J. Lin, LIBSVM, ACM TIST 2 (2011), sections 2.1 and 6; scikit-learn,
    ``_ovr_decision_function`` (utils/multiclass.py) and ``_CalibratedClassifier.predict_proba`` (calibration.py).
    """
    (classifier,) = calibrated.calibrated_classifiers_
    svc, count = classifier.estimator, len(calibrated.classes_)
    support = np.asarray(svc.support_vectors_, np.float32)
    lengths = (support.astype(np.float64) ** 2).sum(axis=1)
    width = 1.0 / support.shape[1]  # gamma "auto"
    first, second = np.triu_indices(count, 1)
    ends = np.cumsum(svc.n_support_)
    blocks = [svc.dual_coef_[:, end - own : end] for own, end in zip(svc.n_support_, ends, strict=True)]
    sides = np.zeros((len(first), count))
    sides[np.arange(len(first)), first], sides[np.arange(len(first)), second] = 1.0, -1.0
    slopes, shifts = (np.array([getattr(one, name) for one in classifier.calibrators]) for name in ("a_", "b_"))

    def scores(vectors: Vectors) -> NDArray[np.float64]:
        scaled = ((vectors - scaler.mean_) / scaler.scale_).astype(np.float32)
        squares = (scaled.astype(np.float64) ** 2).sum(axis=1)[:, None] + lengths - 2.0 * (scaled @ support.T)
        kernel = np.exp(-width * np.maximum(squares, 0))
        # (n, classes, classes - 1): what the support vectors of each class say against each other class
        told = np.stack(
            [
                kernel[:, end - own : end] @ block.T
                for own, end, block in zip(svc.n_support_, ends, blocks, strict=True)
            ],
            axis=1,
        )
        pairs = told[:, first, second - 1] + told[:, second, first] + svc.intercept_
        if count == 2:
            right = 1 / (1 + np.exp(slopes[0] * pairs[:, 0] + shifts[0]))
            probable = np.stack([1 - right, right], axis=1)
        else:
            sums = pairs @ sides
            votes = np.where(pairs >= 0, 1.0, 0.0) @ (sides > 0) + np.where(pairs < 0, 1.0, 0.0) @ (sides < 0)
            probable = 1 / (1 + np.exp(slopes * (votes + sums / (3 * (np.abs(sums) + 1))) + shifts))
        logs: NDArray[np.float64] = np.log(np.maximum(probable / probable.sum(axis=1, keepdims=True), _LEAST))
        return logs

    return scores
