"""A router as two files: the estimator by skops, which writes no code, and its numbers as plain arrays.

A query reads the arrays alone, so that it needs neither scikit-learn nor skops, which take seconds to import. The
estimator is the record: what the arrays came from, for whoever goes on with it. ``lookseek check`` compares the two.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import IndexDamaged
from ..types import RouterType
from .fit import check_installed
from .inference import estimator_arrays, estimator_scores, scores_from_arrays
from .router import Router

__all__ = ["TRUSTED", "dump", "load", "load_estimator", "unread_router"]

TRUSTED = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration")
"""What an SVM's file holds beyond what skops trusts by itself. Never what a file lists: it may list anything."""

_AGAIN = "make new ones with lookseek route"


def dump(router: Router) -> tuple[bytes, bytes]:
    """Return the content of both files, estimator and arrays; the rest of a router stands in the index's manifest."""
    _, skops = check_installed()
    numbers: dict[str, Any] = dict(estimator_arrays(router.estimator))
    arrays = io.BytesIO()
    np.savez(arrays, **numbers)
    return skops.dumps(router.estimator), arrays.getvalue()


def load(data: bytes, where: str, known: Router) -> Router:
    """Read the arrays.

    Args:
        data: the file's bytes, compared with their checksum before.
        where: the file, for messages.
        known: the router as the manifest describes it, from ``unread_router``.

    Returns:
        ``known`` with the scores of the file.

    Raises:
        IndexDamaged: the file holds another router, or nothing that can be read.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            scores = scores_from_arrays({name: stored[name] for name in stored.files})
        found = scores(np.ones((1, known.dim), np.float32)).shape
    except Exception as error:  # whatever a foreign file makes numpy raise
        raise IndexDamaged(f"{where} can't be used ({str(error)[:300]}): {_AGAIN}") from error
    if found != (1, len(known.keys)):
        raise IndexDamaged(f"{where} holds another router, of {found[-1]} keys, not {len(known.keys)}: {_AGAIN}")
    return known.with_scores(scores)


def load_estimator(data: bytes, where: str, known: Router) -> Router:
    """Read the estimator. See ``load``.

    Raises:
        QueryError: scikit-learn or skops is not installed.
        IndexDamaged: as ``load``, or the file holds a type that is not trusted.
    """
    _, skops = check_installed()
    try:
        estimator = skops.loads(data, trusted=list(TRUSTED))
        scores, found = estimator_scores(estimator), (_keys(estimator), int(estimator.n_features_in_))
    except Exception as error:  # whatever a foreign file makes skops raise, a type that is not trusted above all
        raise IndexDamaged(f"{where} can't be used ({str(error)[:300]}): {_AGAIN}") from error
    if found != (known.keys, known.dim):
        raise IndexDamaged(f"{where} holds another router, of {len(found[0])} keys, not {len(known.keys)}: {_AGAIN}")
    return known.with_scores(scores, estimator)


def _keys(estimator: Any) -> tuple[str, ...]:
    names: Sequence[object] = (
        range(len(estimator.cluster_centers_)) if hasattr(estimator, "cluster_centers_") else estimator.classes_
    )
    return tuple(map(str, names))


def unread_router(kind: RouterType, by: str, preset: str, keys: Sequence[str], dim: int) -> Router:
    """Return a router as the index's manifest describes it, before its file is read.

    Raises:
        IndexDamaged: by its ``scores``: they are read from the file by ``load`` or ``load_estimator``.
    """

    def raise_unread(vectors: Any) -> Any:
        raise IndexDamaged(f"the {kind} router was not read")

    return Router(kind, by, preset, tuple(keys), dim, raise_unread, None)
