"""Directions and angles of vectors: length 1, and cosine.

The sums run in float64 and the result is rounded once, so that it does not depend on how a processor adds float32.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError

__all__ = ["cosine", "unit"]

Float: TypeAlias = type[np.float32] | type[np.float64]


def unit(
    vectors: NDArray[Any],
    *,
    inside: Float = np.float64,
    out: Float = np.float32,
    zeros: Literal["refuse", "keep"] = "refuse",
) -> NDArray[Any]:
    """Scale vectors to length 1.

    Args:
        vectors: floats (dim,) or (n, dim).
        inside: what lengths and quotients are computed in. float32 is for routers and the Combiner's judge: what they
            learn from and what was published of them was computed so, and stays the same bit for bit.
        out: dtype of the result.
        zeros: "refuse" raises where a vector has no direction, "keep" returns a vector of zeros as it is.

    Returns:
        The same shape, C order.

    Raises:
        ModelError: "refuse", and a vector is all zeros or holds NaN or infinity.

    Example:
        >>> unit(np.array([[3.0, 4.0], [0.0, 0.5]])).round(1).tolist()
        [[0.6000000238418579, 0.800000011920929], [0.0, 1.0]]
    """
    if inside is np.float64:  # without a copy in float64, which a gallery of 100,000 would feel
        lengths = np.sqrt(np.einsum("...d,...d->...", vectors, vectors, dtype=np.float64))[..., None]
    else:
        lengths = np.linalg.norm(vectors.astype(np.float32, copy=False), axis=-1, keepdims=True)
    if zeros == "refuse":
        bad = ~(np.isfinite(lengths) & (lengths > 0))
        if bad.any():
            raise ModelError(
                f"{np.count_nonzero(bad):,} of {bad.size:,} vectors are all zeros or not finite: the model that made "
                "them is broken, export it again"
            )
    divisors = np.where(lengths > 0, lengths, lengths.dtype.type(1))
    made = np.empty(vectors.shape, out)
    np.divide(vectors, divisors, out=made, casting="same_kind")
    return made


def cosine(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Cosine of the angle between vectors that belong together.

    Args:
        a: floats (dim,) or (n, dim).
        b: as ``a``.

    Returns:
        float64 () or (n,), from -1 to 1; 0 where one of the two is all zeros or not finite, so has no direction.

    Example:
        >>> cosine(np.array([[1.0, 0.0], [2.0, 2.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])).round(6).tolist()
        [0.0, 1.0]
    """
    x, y = a.astype(np.float64, copy=False), b.astype(np.float64, copy=False)
    lengths = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    compared = np.isfinite(lengths) & (lengths > 0)
    with np.errstate(invalid="ignore"):  # what is not finite is not compared
        products = np.where(compared, (x * y).sum(axis=-1), 0.0)
    found: NDArray[np.float64] = products / np.where(compared, lengths, 1.0)
    return found
