"""Waiting for something to come about: the one place of the tests that reads a clock, so that nothing hangs for ever.

How long a thing takes is a matter of the machine and of what else runs there: tests count and wait, benchmarks measure.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds after which a thing will not come any more; a slow machine under load has them too."""


def until(met: Callable[[], object], what: str = "it", every: float = 0.01) -> None:
    """Waits until something is true.

    Raises:
        AssertionError: it is not after ``PATIENCE``.
    """
    end = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < end, f"{what} did not come about in {PATIENCE:g} seconds"
        time.sleep(every)


def within(seconds: float) -> Callable[[], bool]:
    """Return whether so many seconds have not passed yet, for what is tried as long as there is time."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end
