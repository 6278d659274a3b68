"""How the learning rate rises and falls."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["CONSTANT", "Schedule"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A linear rise to the highest rate, then a half cosine down to nothing, or no change.

    Args:
        warm_up: share of the steps in which the rate rises, 0 to 1.
        cosine: whether it falls after that.
    """

    warm_up: float = 0.0
    cosine: bool = False

    def factor(self, step: int, steps: int) -> float:
        """Return what a step multiplies the highest rate by, above 0 to 1.

        Args:
            step: from 0.
            steps: of the whole training.

        >>> [round(Schedule(0.1, cosine=True).factor(step, 100), 2) for step in (0, 9, 55, 99)]
        [0.1, 1.0, 0.5, 0.0]
        """
        rising = round(steps * self.warm_up)
        if step < rising:
            return (step + 1) / rising
        if not self.cosine:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


CONSTANT = Schedule()
"""The highest rate, all the time."""
