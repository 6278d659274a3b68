"""Fitting routers: an SVM over labels, what costs less than one, and k-means. scikit-learn is imported here alone."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..types import Vectors
from .inference import estimator_scores
from .router import Router, directions

__all__ = ["CELLS", "PRESETS", "Preset", "check_installed", "fit_kmeans", "fit_svm"]

Preset: TypeAlias = Literal["baseline", "linear"]

PRESETS: tuple[Preset, ...] = get_args(Preset)
"""How labels are learnt: ``baseline`` the SVM, ``linear`` multinomial logistic regression."""

CELLS = 50
"""Of k-means. Source: github.com/ihciah/deep-fashion-retrieval, kmeans.py: 50 clusters of the deep feature."""

SVM_ROWS = 6000
"""Rows that an SVM is fitted on at the most: most of them become support vectors, and a query is compared with each."""

LINEAR_ROWS = 20_000
CELL_ROWS = 50_000
FEWEST = 5
"""Rows from which a label is a key: three folds calibrate the SVM."""

FOLDS = 3
STRENGTH = 0.001
"""Inverse regularisation of ``linear``, on standardised features; chosen on val (docs/decisions/route.md)."""

STEPS = 200


def check_installed() -> tuple[ModuleType, ModuleType]:
    """scikit-learn and skops.

    Raises:
        QueryError: they are not installed; names what installs them.
    """
    try:
        import sklearn
        import skops.io
    except ImportError as error:
        raise QueryError(
            f"routing needs scikit-learn and skops, and {error.name} is not installed: pip install 'lookseek[route]'"
        ) from error
    return sklearn, skops.io


def fit_svm(vectors: Vectors, labels: Sequence[str], by: str, preset: Preset = "baseline", seed: int = 0) -> Router:
    """Fit a router whose keys are labels.

    Args:
        vectors: float32 (n, dim).
        labels: of each row; "" for none.
        by: what the labels are called.
        preset: one of ``PRESETS``.
        seed: for the rows that are drawn where there are more than a preset takes.

    Raises:
        QueryError: fewer than two labels that ``FEWEST`` rows have, or scikit-learn is not installed.

    Source: the system that lookseek replaces (docs/decisions/evaluation.md): SVC, C = 1, rbf, gamma "auto".
    """
    check_installed()
    counts = Counter(label for label in labels if label)
    frequent = {label for label, count in counts.items() if count >= FEWEST}
    if len(frequent) < 2:
        raise QueryError(
            f"{by!r} has {len(frequent)} values that {FEWEST} or more of the {len(labels):,} items to learn from have: "
            "an SVM tells two or more apart. Name another attribute with --by, or use --kind kmeans"
        )
    rows = np.array([row for row, label in enumerate(labels) if label in frequent])
    truth = np.array(labels)
    some = _sample(rows, truth, LINEAR_ROWS if preset == "linear" else SVM_ROWS, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # STEPS steps, converged or not: validation tells
        if preset == "linear":
            estimator = _linear().fit(directions(vectors[some]), truth[some])
        else:
            estimator = _svm().fit(directions(vectors[some]), truth[some])
    return Router(
        "svm", by, preset, tuple(map(str, estimator.classes_)), vectors.shape[1], estimator_scores(estimator), estimator
    )


def fit_kmeans(vectors: Vectors, cells: int = CELLS, seed: int = 0) -> Router:
    """Fit a router whose keys are cells: the numbers of the centres.

    Args:
        vectors: float32 (n, dim).
        cells: how many, at least 2; fewer are made of fewer different vectors.
        seed: for the first centres, and for the rows that are drawn of more than ``CELL_ROWS``.

    Raises:
        QueryError: a number of cells that can't be, or scikit-learn is not installed.
    """
    check_installed()
    from sklearn.cluster import KMeans

    if not 2 <= cells <= 10_000:
        raise QueryError(f"{cells} cells are asked for: give 2 to 10,000")
    if len(vectors) < 2:
        raise QueryError(f"{len(vectors)} items are there to learn from: cells take two or more")
    some = np.random.default_rng(seed).permutation(len(vectors))[:CELL_ROWS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fewer different vectors than cells, some stay empty
        count = min(cells, max(2, len(some) // 2))
        estimator = KMeans(count, n_init=1, random_state=seed, max_iter=100).fit(directions(vectors[np.sort(some)]))
    keys = tuple(str(number) for number in range(count))
    return Router("kmeans", "", f"{count} cells", keys, vectors.shape[1], estimator_scores(estimator), estimator)


def _svm() -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    machine = SVC(C=1, kernel="rbf", gamma="auto", cache_size=500)
    return make_pipeline(StandardScaler(), CalibratedClassifierCV(machine, ensemble=False, cv=FOLDS))


def _linear() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=STEPS))


def _sample(rows: NDArray[np.intp], labels: NDArray[np.str_], most: int, seed: int) -> NDArray[np.intp]:
    """At most so many of the rows, each label by its share and with at least ``FEWEST``; in order."""
    if len(rows) <= most:
        return rows
    random = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels[rows]):
        own = rows[labels[rows] == label]
        chosen.append(random.permutation(own)[: max(FEWEST, round(len(own) * most / len(rows)))])
    return np.sort(np.concatenate(chosen))
