"""Which keys a query searches: a distribution over keys, and as much of it as a mode asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..types import RouteMode, RouterType, Vector, Vectors
from ..vectors import unit

__all__ = ["Router", "Scores", "keys_for_query", "mass_before", "select_keys", "softmax", "unit"]

Scores: TypeAlias = Callable[[Vectors], NDArray[np.float64]]
"""How well each key fits vectors of unit length, (n, keys): logarithms of probabilities, up to a number a row."""


@dataclass(frozen=True, slots=True, eq=False)
class Router:
    """Computes the probability that a query's neighbours have each key.

    Args:
        kind: "svm" classifies by label, "kmeans" by the nearest centre.
        by: the attribute whose values are the keys; "" of cells.
        preset: how it was fitted, see ``fit``.
        keys: of the columns.
        dim: of the vectors.
        scores: of the fitted estimator.
        estimator: what ``files`` keeps; None where only its numbers were read.
        temperature: above 0; divides the scores: the higher, the less sure the router is.
        probability_mass: above 0, at most 1: the probability that ``soft`` wants to have searched; 1 searches all.
    """

    kind: RouterType
    by: str
    preset: str
    keys: tuple[str, ...]
    dim: int
    scores: Scores
    estimator: Any
    temperature: float = 1.0
    probability_mass: float = 1.0

    def posterior(self, vectors: Vectors) -> NDArray[np.float32]:
        """Return the probability of each key, float32 (n, keys), rows sum to 1.

        Args:
            vectors: float32 (n, dim), any length but 0.
        """
        return softmax(self.scores(directions(vectors)), self.temperature)

    def select(
        self, vectors: Vectors, mode: RouteMode, sizes: NDArray[np.int64] | None = None, least: int = 0
    ) -> NDArray[np.bool_]:
        """Return the keys that each query searches, bool (n, keys). See ``select_keys``."""
        return select_keys(self.posterior(vectors), mode, self.probability_mass, sizes, least)

    def likeliest(self, vectors: Vectors) -> NDArray[np.int64]:
        """Return the most probable key of each vector, int64 (n,): rows of ``keys``."""
        return np.asarray(self.scores(directions(vectors)).argmax(axis=1), np.int64)

    def with_scores(self, scores: Scores, estimator: Any = None) -> Router:
        """Return the same router with the scores, and the estimator, that were read from a file."""
        return replace(self, scores=scores, estimator=estimator)

    def tuned(self, temperature: float, probability_mass: float) -> Router:
        """Return the router with the temperature and mass that validation chose."""
        return replace(self, temperature=temperature, probability_mass=probability_mass)


def directions(vectors: Vectors) -> Vectors:
    """Return vectors at length 1 in float32, as routers are fitted and queried; zero vectors stay."""
    return unit(vectors, inside=np.float32, zeros="keep")


def softmax(scores: NDArray[np.float64], temperature: float) -> NDArray[np.float32]:
    """Softmax of scores / temperature, float32 of the same shape.

    >>> softmax(np.log([[0.5, 0.25, 0.25]]), 1).tolist()
    [[0.5, 0.25, 0.25]]
    """
    shifted = (scores - scores.max(axis=1, keepdims=True)) / temperature
    powers = np.exp(shifted)
    probable: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return probable


def mass_before(posterior: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mass of the keys that are more probable than each key, float64 (n, keys); 0 for the most probable.

    Equally probable keys come in the order of their columns.

    >>> mass_before(np.array([[0.25, 0.5, 0.25]], np.float32)).tolist()
    [[0.5, 0.0, 0.75]]
    """
    order, sorted_ = _falling(posterior)
    earlier = np.empty(posterior.shape)
    np.put_along_axis(earlier, order, np.cumsum(sorted_, axis=1) - sorted_, axis=1)
    return earlier


def select_keys(
    posterior: NDArray[np.float32],
    mode: RouteMode,
    probability_mass: float,
    sizes: NDArray[np.int64] | None = None,
    least: int = 0,
) -> NDArray[np.bool_]:
    """Return the keys that queries search.

    Args:
        posterior: float32 (n, keys), rows sum to 1.
        mode: "hard": the most probable key alone; "soft": the fewest of the most probable keys whose mass reaches
            ``probability_mass``.
        probability_mass: above 0; from 1 on ``soft`` takes every key, however improbable.
        sizes: how many items have each key, (keys,), and
        least: how many items ``soft`` searches at the least, if there are so many; 0 for any number.

    Returns:
        bool (n, keys); at least one a row.
    """
    if mode == "hard":
        only: NDArray[np.bool_] = np.arange(posterior.shape[1]) == posterior.argmax(axis=1)[:, None]
        return only
    if probability_mass >= 1:
        return np.ones(posterior.shape, np.bool_)
    earlier = mass_before(posterior)
    taken = earlier < probability_mass  # 0 of the most probable key, so there is always one
    if sizes is not None and least:
        order, _ = _falling(posterior)
        held = sizes[order]
        wanted = np.empty(posterior.shape, np.bool_)
        np.put_along_axis(wanted, order, np.cumsum(held, axis=1) - held < least, axis=1)
        taken |= wanted
    return taken


def keys_for_query(
    router: Router, vector: Vector, mode: RouteMode, sizes: Sequence[int] | None = None, least: int = 0
) -> tuple[str, ...]:
    """Return the keys that one query searches, the most probable first. See ``select_keys``."""
    posterior = router.posterior(vector[None])
    held = None if sizes is None else np.array(sizes, np.int64)
    taken = select_keys(posterior, mode, router.probability_mass, held, least)[0]
    order, _ = _falling(posterior)
    return tuple(router.keys[column] for column in order[0] if taken[column])


def _falling(posterior: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    order = np.argsort(-posterior, axis=1, kind="stable")
    return order, np.take_along_axis(posterior, order, axis=1).astype(np.float64)
