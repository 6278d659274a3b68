"""A router's estimator as a file: skops, which writes no code, and reads only the types that are named here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import IndexDamaged
from ..types import RouteKind
from .fit import check_installed
from .fold import scores_of
from .router import Router

__all__ = ["TRUSTED", "load", "save"]

TRUSTED = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration")
"""What an SVM's file holds beyond what skops trusts by itself. Never what a file lists: it may list anything."""


def save(router: Router, file: Path) -> None:
    """Write a router's estimator; the rest of it stands in the index's manifest."""
    _, io = check_installed()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(io.dumps(router.estimator))


def load(data: bytes, where: Path, *, kind: RouteKind, by: str, preset: str, keys: Sequence[str], dim: int) -> Router:
    """Read what ``save`` wrote.

    Args:
        data: the file's bytes, compared with their checksum before.
        where: the file, for messages.
        kind: the router's, as the index knows it; so are the next.
        by: see ``Router``.
        preset: see ``Router``.
        keys: see ``Router``.
        dim: see ``Router``.

    Raises:
        QueryError: scikit-learn or skops is not installed.
        IndexDamaged: the file holds a type that is not trusted, another router, or nothing that can be read.
    """
    _, io = check_installed()
    again = f"fit it again with lookseek route, which writes a new one ({where})"
    try:
        estimator = io.loads(data, trusted=list(TRUSTED))
        router = Router(kind, by, preset, tuple(keys), dim, scores_of(estimator), estimator)
        found = (_kind(estimator), _keys(estimator), int(estimator.n_features_in_))
    except Exception as error:  # whatever a foreign file makes skops raise, a type that is not trusted above all
        raise IndexDamaged(f"the router's file can't be used ({str(error)[:300]}): {again}") from error
    if found != (kind, tuple(keys), dim):
        raise IndexDamaged(f"the router's file holds another router, of {len(found[1])} keys: {again}")
    return router


def _kind(estimator: Any) -> RouteKind:
    return "kmeans" if hasattr(estimator, "cluster_centers_") else "svm"


def _keys(estimator: Any) -> tuple[str, ...]:
    if hasattr(estimator, "cluster_centers_"):
        return tuple(str(number) for number in range(len(estimator.cluster_centers_)))
    return tuple(map(str, estimator.classes_))
