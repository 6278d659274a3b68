"""Inference of fitted estimators as plain products of numpy.

A query needs no scikit-learn, which takes up to 10 ms for one vector and seconds to import. The scores equal those of
scikit-learn for the same vectors (``tests/test_router.py``); docs/benchmarks/routing.md has the times of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..types import Vectors
from .router import Scores

__all__ = ["Arrays", "estimator_arrays", "estimator_scores", "scores_from_arrays"]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
"""The parameters of a fitted estimator: name to array. The names differ between kinds of estimator."""

_LEAST = 1e-12
"""Probability below which a logarithm is cut."""


def estimator_scores(estimator: Any) -> Scores:
    """Return the function that scores vectors of unit length as a fitted estimator of ``fit`` does."""
    return scores_from_arrays(estimator_arrays(estimator))


def estimator_arrays(estimator: Any) -> Arrays:
    """Return the parameters of a fitted estimator of ``fit``.

    Raises:
        TypeError: ``fit`` makes no estimator of this type.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression

    if isinstance(estimator, KMeans):
        return {"centres": np.asarray(estimator.cluster_centers_, np.float32)}
    scaler, last = estimator[0], estimator[-1]
    if isinstance(last, LogisticRegression):  # the scaling goes into the weights
        weights = (last.coef_ / scaler.scale_).astype(np.float32)
        offset = last.intercept_ - (last.coef_ / scaler.scale_) @ scaler.mean_
        if len(weights) == 1:  # of two classes the second one's alone is kept
            weights, offset = np.stack([0 * weights[0], weights[0]]), np.array([0.0, offset[0]])
        return {"weights": weights, "offset": offset}
    if isinstance(last, CalibratedClassifierCV):
        (classifier,) = last.calibrated_classifiers_
        svc = classifier.estimator
        return {
            "mean": scaler.mean_,
            "scale": scaler.scale_,
            "support": np.asarray(svc.support_vectors_, np.float32),
            "counts": np.asarray(svc.n_support_, np.int64),
            "duals": np.asarray(svc.dual_coef_),
            "offset": np.asarray(svc.intercept_),
            "slopes": np.array([one.a_ for one in classifier.calibrators]),
            "shifts": np.array([one.b_ for one in classifier.calibrators]),
        }
    raise TypeError(f"{type(last).__name__} is no router")


def scores_from_arrays(arrays: Arrays) -> Scores:
    """Return the function that scores vectors as the estimator with these parameters does.

    Args:
        arrays: as ``estimator_arrays`` returns them.

    Raises:
        KeyError: an array is missing.
    """
    if "centres" in arrays:  # minus the squared distance to each, but for the vector's own length of 1
        centres = arrays["centres"]
        lengths = (centres.astype(np.float64) ** 2).sum(axis=1)
        return lambda vectors: 2.0 * (vectors @ centres.T) - lengths
    if "weights" in arrays:
        weights, offset = arrays["weights"], arrays["offset"]
        return lambda vectors: (vectors @ weights.T).astype(np.float64) + offset
    return _svm_scores(arrays)


def _svm_scores(arrays: Arrays) -> Scores:
    """Return the function that computes the logarithms of an SVM's calibrated probabilities.

    It decides between each pair of classes by the kernel with each support vector, sums the votes and confidences of
    the pairs, and calibrates each class's sum by a sigmoid.

    Source: C.-C. Chang, C.-J. Lin, LIBSVM, ACM TIST 2 (2011), sections 2.1 and 6; scikit-learn,
    ``_ovr_decision_function`` (utils/multiclass.py) and ``_CalibratedClassifier.predict_proba`` (calibration.py).
    """
    mean, scale, support, counts = (arrays[name] for name in ("mean", "scale", "support", "counts"))
    duals, offset, slopes, shifts = (arrays[name] for name in ("duals", "offset", "slopes", "shifts"))
    lengths = (support.astype(np.float64) ** 2).sum(axis=1)
    width = 1.0 / support.shape[1]  # gamma "auto"
    count, ends = len(counts), np.cumsum(counts)
    first, second = np.triu_indices(count, 1)
    sides = np.zeros((len(first), count))
    sides[np.arange(len(first)), first], sides[np.arange(len(first)), second] = 1.0, -1.0
    classes = [slice(end - own, end) for own, end in zip(counts, ends, strict=True)]

    def scores(vectors: Vectors) -> NDArray[np.float64]:
        scaled = ((vectors - mean) / scale).astype(np.float32)
        squares = (scaled.astype(np.float64) ** 2).sum(axis=1)[:, None] + lengths - 2.0 * (scaled @ support.T)
        kernel = np.exp(-width * np.maximum(squares, 0))
        # (n, classes, classes - 1): the weighted kernel of each class's support vectors against each other class
        between = np.stack([kernel[:, own] @ duals[:, own].T for own in classes], axis=1)
        pairs = between[:, first, second - 1] + between[:, second, first] + offset
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
