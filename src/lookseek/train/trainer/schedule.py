"""When things happen in a training: how the learning rate moves, when a line is logged and a checkpoint written."""

from __future__ import annotations

import math
from typing import Protocol

__all__ = ["LOG_STEPS", "SAVE_SECONDS", "Rates", "share_of_rate"]

LOG_STEPS = 10
"""Steps between two lines of the log."""

SAVE_SECONDS = 120.0
"""After which a checkpoint is written within an epoch: what a kill can cost."""


class Rates(Protocol):
    """How the learning rate rises and falls; see Settings."""

    @property
    def warm_up(self) -> float:
        """Share of the steps in which it rises."""
        ...

    @property
    def cosine(self) -> bool:
        """Whether it falls after that."""
        ...


def share_of_rate(step: int, steps: int, settings: Rates) -> float:
    """The share of its highest learning rate that a step has: a linear rise, then a half cosine or no change.

    >>> from lookseek.train.classifier.settings import PRESETS
    >>> [round(share_of_rate(step, 100, PRESETS["modern"]), 2) for step in (0, 9, 55, 99)]
    [0.1, 1.0, 0.5, 0.0]
    """
    rising = round(steps * settings.warm_up)
    if step < rising:
        return (step + 1) / rising
    if not settings.cosine:
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
