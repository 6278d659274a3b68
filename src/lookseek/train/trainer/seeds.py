"""Seeds that depend on places and steps alone."""

from __future__ import annotations

import numpy as np

__all__ = ["number"]


def number(*parts: int) -> int:
    """A seed from several numbers, the same on every machine: 63 bits."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))
