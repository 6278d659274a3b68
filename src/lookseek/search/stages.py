"""The stages of a search, and the clock that times them."""

from __future__ import annotations

import time

__all__ = ["STAGES", "StageClock"]

STAGES = ("encode", "route", "retrieve", "fuse", "rerank", "group", "explain")
"""In the order in which a search goes through them; ``pipeline.search`` says what each does."""


class StageClock:
    """Attributes the time of one search to its stages; a stage that is entered again adds up."""

    def __init__(self) -> None:
        """Begin the first stage."""
        self._began = self._last = time.perf_counter()
        self._seconds = dict.fromkeys(STAGES, 0.0)

    def end(self, stage: str) -> None:
        """Count the time since the last call towards this stage."""
        now = time.perf_counter()
        self._seconds[stage] += now - self._last
        self._last = now

    @property
    def milliseconds(self) -> float:
        """From the beginning to the last stage that ended."""
        return (self._last - self._began) * 1000

    def steps(self) -> dict[str, float]:
        """Return each stage's milliseconds, and as ``compare`` those of all stages after ``encode`` together."""
        steps = {stage: seconds * 1000 for stage, seconds in self._seconds.items()}
        return {**steps, "compare": sum(steps.values()) - steps["encode"]}
