"""How fast this processor is at the moment: a fixed loop whose seconds are compared with those of a known machine."""

from __future__ import annotations

import json
import time
from statistics import median

import numpy as np

__all__ = ["REFERENCE_SECONDS", "slowness"]

REFERENCE_SECONDS = 0.012
"""Of the loop, least of 300, on the machine of SECURITY.md's counts: 2 cores, AVX2, 2026-11-30."""


def slowness() -> float:
    """Return how many times the reference machine's processor time the loop takes here and now, >= 1.

    The processor's seconds grow too where other programs share its caches and its halves of a core. Python, C code that
    chases pointers and products of matrices take a part each, as in a request.
    """
    return max(1.0, median(_loop() for _ in range(3)) / REFERENCE_SECONDS)


def _loop() -> float:
    began = time.thread_time()
    words = {f"word {n}": [n, n * n, str(n)] for n in range(6_000)}
    json.loads(json.dumps(words))
    sorted(words, key=len)
    matrix = np.full((160, 160), 0.5, np.float32)
    for _ in range(8):
        matrix = matrix @ matrix / np.float32(80)
    return time.thread_time() - began
