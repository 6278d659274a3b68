"""How directions of phrases are found: what each number means, and the preset of the model that ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..trainer.presets import apply_changes, check_ranges

__all__ = ["PRESETS", "PhraseSettings", "settings_of"]


@dataclass(frozen=True, slots=True)
class PhraseSettings:
    """All that decides a training, beside the data.

    Args:
        least: photos that have a fact, and photos that lack it, at the least: below that it gets no direction.
        ridge: what is added to every variance, as a share of their mean, > 0: more keeps closer to the difference of
            the two means.
        pull: length of what is added to a text's vector, whose own length is 1, above 0 to 10.
        drawn: drawn garments that join the photos, >= 0.

    Raises:
        TrainError: a number outside its range.
    """

    least: int
    ridge: float
    pull: float
    drawn: int

    def __post_init__(self) -> None:
        ranges = (("least", 2, 1_000_000), ("ridge", 1e-6, 1e6), ("pull", 1e-3, 10.0), ("drawn", 0, 1_000_000))
        check_ranges(self, ranges)


PRESETS: Mapping[str, PhraseSettings] = {
    # Chosen on val: docs/decisions/adapt.md.
    "modern": PhraseSettings(least=30, ridge=0.1, pull=0.3, drawn=2400),
}
"""Name to settings."""


def settings_of(preset: str, changes: Mapping[str, Any]) -> PhraseSettings:
    """A preset with some of its numbers changed.

    Args:
        preset: its name.
        changes: field to value; None leaves it.

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    return apply_changes(PRESETS, preset, changes, " of phrases")
